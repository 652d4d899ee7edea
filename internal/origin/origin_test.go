package origin_test

import (
	"testing"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
)

// The server is example.com, without TLS.
func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		origin   string
		patterns []string
		ok       bool
	}{
		{"", nil, true}, // no browser
		{"http://example.com", nil, true},
		{"http://EXAMPLE.com", nil, true},
		{"http://example.com:80", nil, true},
		{"https://example.com", nil, true}, // behind a proxy that does TLS
		{"http://example.com:8080", nil, false},
		{"chrome-extension://example.com", nil, false},
		{"file://example.com", nil, false},
		{"ws://example.com", nil, false},
		{"//example.com", nil, false},
		{"moz-extension://example.com", []string{"moz-extension://example.com"}, true},
		{"http://example.org", nil, false},
		{"http://sub.example.com", nil, false},
		{"http://example.com.evil.test", nil, false},
		{"null", nil, false},
		{"null", []string{"*"}, true},
		{"null", []string{"null"}, true},
		{"http://a.test", []string{"*"}, true},
		{"http://a.test", []string{"b.test", "a.test"}, true},
		{"http://A.test", []string{"a.TEST"}, true},
		{"http://a.test:80", []string{"a.test"}, true},
		{"https://a.test:443", []string{"a.test"}, true},
		{"http://a.test:81", []string{"a.test"}, false},
		{"http://a.test:81", []string{"a.test:81"}, true},
		{"http://x.a.test", []string{"a.test"}, false},
		{"http://x.a.test", []string{"*.a.test"}, true},
		{"http://y.x.a.test", []string{"*.a.test"}, true},
		{"http://a.test", []string{"*.a.test"}, false},
		{"http://xa.test", []string{"*.a.test"}, false},
		{"http://a.test", []string{"https://a.test"}, false},
		{"https://a.test", []string{"https://a.test"}, true},
		{"https://x.a.test", []string{"https://*.a.test"}, true},
		{"http://a.test@evil.test", []string{"a.test"}, false},
		{"http://evil.test/a.test", []string{"a.test"}, false},
		{"https://a.test", []string{"http://a.test"}, false},
		{"https://a.test:444", []string{"a.test:443"}, false},
		{"http://x.a.test:8080", []string{"*.a.test"}, false},
		{"http://x.a.test:8080", []string{"*.a.test:8080"}, true},
		{"http://[::1]", []string{"[::1]"}, true},
		{"http://[::1]:80", []string{"[::1]"}, true},
		{"http://[::1]:81", []string{"[::1]"}, false},
		{"null", []string{"a.test", "*.a.test"}, false},
		{"http://%", []string{"a.test"}, false},
		{"http://%", []string{"*"}, true},
		{"ws://a.test:80", []string{"a.test"}, true},
		{"wss://a.test:443", []string{"wss://a.test"}, true},
		{"wss://a.test:80", []string{"wss://a.test"}, false},
	} {
		req := &handshake.Request{Host: "example.com", Origin: c.origin}
		if got := origin.Allowed(req, false, c.patterns); got != c.ok {
			t.Errorf("%q with %q: %v", c.origin, c.patterns, got)
		}
	}
}

// What counts as the server's own origin depends on the Host field and on TLS: whoever
// sits on the way can write a page that comes by http.
func TestOwnOrigin(t *testing.T) {
	for _, c := range []struct {
		origin, host string
		secure, ok   bool
	}{
		{"https://example.com", "example.com", true, true},
		{"https://example.com", "example.com:443", true, true},
		{"https://example.com:443", "example.com", true, true},
		{"https://EXAMPLE.com", "example.COM", true, true},
		{"https://example.com:8443", "example.com:8443", true, true},
		{"https://example.com:8443", "example.com", true, false},
		{"http://example.com", "example.com", true, false},
		{"http://example.com:443", "example.com:443", true, false},
		{"chrome-extension://example.com", "example.com", true, false},
		{"http://example.com:8080", "example.com:8080", false, true},
		{"http://example.com", "example.com:80", false, true},
		{"http://example.com", "example.com:443", false, false},
		{"https://example.com", "example.com:443", false, true},
		{"http://[::1]", "[::1]", false, true},
		{"http://[::1]", "[::1]:80", false, true},
		{"http://[::1]:8080", "[::1]", false, false},
		{"http://", "", false, false},
		{"null", "", false, false},
	} {
		req := &handshake.Request{Host: c.host, Origin: c.origin}
		if got := origin.Allowed(req, c.secure, nil); got != c.ok {
			t.Errorf("%q at %q, TLS %v: %v", c.origin, c.host, c.secure, got)
		}
	}
}
