package options

import (
	"net"
	"net/url"
	"regexp"
	"strings"
)

// withScheme matches text that begins with the scheme of a URL. A host with a
// port does not match, because no slash follows its colon.
var withScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:/`)

// CompleteURL returns s as a URL. If s has no scheme, the scheme is ws.
func CompleteURL(s string) string {
	if withScheme.MatchString(s) {
		return s
	}
	return "ws://" + s
}

// WithoutPassword returns a URL with its password masked, so that it can be
// printed.
func WithoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	return u.Redacted()
}

// WithTarget returns rawURL with the path and query of target, the target of a request,
// unless rawURL has a path or query of its own.
func WithTarget(rawURL, target string) string {
	u, err := url.Parse(rawURL)
	if err != nil || strings.HasSuffix(u.Scheme, "+unix") || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return rawURL
	}
	t, err := url.ParseRequestURI(target)
	if err != nil {
		return rawURL
	}
	u.Path, u.RawPath, u.RawQuery = t.Path, t.RawPath, t.RawQuery
	return u.String()
}

// ListenerURL returns the URL of a server at the address.
func ListenerURL(a net.Addr) string {
	if a.Network() == "unix" {
		return "ws+unix://" + a.String()
	}
	return "ws://" + a.String() + "/"
}
