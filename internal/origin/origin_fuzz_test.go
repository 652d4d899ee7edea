package origin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
)

// pageOf returns the scheme, the host and the port of a page, in lower case, as a browser
// that reads the URL from left to right would find them.
func pageOf(from string) (scheme, address string, ok bool) {
	scheme, rest, ok := strings.Cut(strings.ToLower(from), "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	return scheme, addressOf(rest, scheme), ok && rest != ""
}

// addressOf adds the port to a host without one.
func addressOf(host, scheme string) string {
	port := ":80"
	if scheme == "https" || scheme == "wss" {
		port = ":443"
	}
	name, bracket := host, ""
	if i := strings.IndexByte(host, ']'); i >= 0 {
		name, bracket = host[i+1:], host[:i+1]
	}
	if strings.Contains(name, ":") {
		port = ""
	}
	return strings.ToLower(bracket + name + port)
}

// plain matches hosts as they are in origins and in Host fields.
var plain = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)*|\[::[1-9a-f]\])(:[0-9]{1,5})?$`)

// FuzzAllowed checks that pages of the server are accepted, and that no origin is whose
// scheme and host a browser would understand to be others than those of the server or of a
// pattern.
func FuzzAllowed(f *testing.F) {
	for _, s := range []string{"", "null", "http://example.com", "https://EXAMPLE.com:443", "http://example.com@evil.test/", "http://evil.test/http://example.com",
		"http://x.a.test:81", "https://xa.test", "http://[::1]:80", "moz-extension://example.com", "//example.com", "http:example.com", "//.a.test:81", "http://.a.test:81"} {
		f.Add(s, "example.com", "*.a.test", false)
		f.Add(s, "example.com:443", "https://a.test", true)
		f.Add(s, "[::1]", "*.a.test:81", false)
		f.Add(s, "[::1]:443", "[::1]", true)
	}
	f.Fuzz(func(t *testing.T, from, host, pattern string, secure bool) {
		if strings.ContainsFunc(from+host+pattern, func(r rune) bool { return r >= 0x80 || r == '%' }) {
			return // not in what browsers send
		}
		req := &handshake.Request{Host: host, Origin: from}
		own, with := origin.Allowed(req, secure, nil), origin.Allowed(req, secure, []string{pattern})
		if own && !with {
			t.Errorf("%q is accepted only without the pattern %q", from, pattern)
		}
		if plain.MatchString(host) {
			page := "https://" + strings.TrimSuffix(host, ":443") // as browsers write it
			if !origin.Allowed(&handshake.Request{Host: host, Origin: page}, secure, nil) {
				t.Errorf("%q is not accepted at %q", page, host)
			}
		}
		scheme, page, ok := pageOf(from)
		if own && from != "" && (!ok || scheme != "https" && (scheme != "http" || secure) || page != addressOf(host, scheme)) {
			t.Errorf("%q is accepted as the server's own page, whose host is %q (TLS: %t)", from, host, secure)
		}
		if !with || own || pattern == "*" || strings.EqualFold(pattern, from) {
			return
		}
		wantScheme, want, hasScheme := strings.Cut(strings.ToLower(pattern), "://")
		if !hasScheme {
			wantScheme, want = scheme, wantScheme
		}
		want = addressOf(want, scheme)
		below, wild := strings.CutPrefix(want, "*")
		if !ok || scheme != wantScheme || page != want && !(wild && below[0] == '.' && strings.HasSuffix(page, below)) {
			t.Errorf("%q is accepted because of %q", from, pattern)
		}
	})
}
