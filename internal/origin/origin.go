// Package origin decides which origins a server accepts.
package origin

import (
	"net/url"
	"strings"

	"github.com/airsocket/airsocket/handshake"
)

// Allowed reports whether a request may have been made by a page of its origin (RFC 6455,
// section 10.2): of the server's own origin, or of one that matches one of the patterns,
// whose form is described at airsocket.Options.Origins. secure says that the connection
// is TLS.
func Allowed(req *handshake.Request, secure bool, patterns []string) bool {
	if req.Origin == "" {
		return true
	}
	u, err := url.Parse(req.Origin)
	if err != nil {
		u = &url.URL{}
	}
	if u.Host != "" && ownScheme(u.Scheme, secure) && sameHost(u, req.Host) {
		return true
	}
	for _, pattern := range patterns {
		if matches(pattern, req.Origin, u) {
			return true
		}
	}
	return false
}

// ownScheme reports whether a page of the server's own can have come by scheme.
// Extensions and apps have hosts too, which anybody may name as he likes. A page
// that came by https may use a connection without TLS, as a proxy may have ended
// that. One that came by http may not use a connection with TLS: whoever sits on
// the way can write such a page, and the browser would send the cookies of the
// https site with its request.
func ownScheme(scheme string, secure bool) bool {
	return scheme == "https" || scheme == "http" && !secure
}

// sameHost compares the host of an origin with a Host field. Which scheme the
// request came by is not known behind a proxy, so that a Host field without a
// port stands for the default port of the origin's scheme.
func sameHost(origin *url.URL, host string) bool {
	return strings.EqualFold(withPort(origin.Host, origin.Scheme), withPort(host, origin.Scheme))
}

func withPort(host, scheme string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host
	}
	switch scheme {
	case "https", "wss":
		return host + ":443"
	}
	return host + ":80"
}

func matches(pattern, origin string, u *url.URL) bool {
	if pattern == "*" || strings.EqualFold(pattern, origin) {
		return true
	}
	scheme, host, ok := strings.Cut(pattern, "://")
	if !ok {
		scheme, host = u.Scheme, pattern
	}
	if u.Host == "" || !strings.EqualFold(scheme, u.Scheme) {
		return false
	}
	host, have := strings.ToLower(withPort(host, u.Scheme)), strings.ToLower(withPort(u.Host, u.Scheme))
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		return strings.HasSuffix(have, "."+rest)
	}
	return host == have
}
