// Package origin decides which origins a server accepts.
package origin

import (
	"net/url"
	"strings"

	"github.com/airsocket/airsocket/handshake"
)

// Allowed reports whether a server accepts requests from the origin of req (RFC 6455,
// section 10.2): no origin, its own origin, or one that matches one of the patterns,
// whose form is described at airsocket.Options.Origins. secure says whether the
// connection uses TLS.
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

// ownScheme reports whether a page of the server itself may have this scheme. Browser
// extensions and apps have schemes of their own, with host names that anyone can
// choose. A page with the scheme https may use a connection without TLS, because a
// proxy may have ended TLS. A page with the scheme http may not use a connection with
// TLS: anyone between the browser and the server can forge such a page, and the browser
// would send the cookies of the https site with the request.
func ownScheme(scheme string, secure bool) bool {
	return scheme == "https" || scheme == "http" && !secure
}

// sameHost reports whether the host of an origin is the one in a Host field. Behind a
// proxy the scheme of the request is not known, so a Host field without a port has the
// default port of the origin's scheme.
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
	if u.Host == "" || u.Scheme == "" || !strings.EqualFold(scheme, u.Scheme) {
		return false
	}
	host, have := strings.ToLower(withPort(host, u.Scheme)), strings.ToLower(withPort(u.Host, u.Scheme))
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		name, below := strings.CutSuffix(have, "."+rest)
		return below && name != ""
	}
	return host == have
}
