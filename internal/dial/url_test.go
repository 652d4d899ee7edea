//go:build !js

package dial

import (
	"errors"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ raw, scheme, address, host, target, http, socket string }{
		{"ws://example.com", "ws", "example.com:80", "example.com", "/", "http://example.com", ""},
		{"https://EXAMPLE.com:443/a b", "wss", "example.com:443", "example.com", "/a%20b", "https://example.com:443/a%20b", ""},
		{"http://example.com:/", "ws", "example.com:80", "example.com", "/", "http://example.com:/", ""},
		{"wss://u:p@example.com:80/?q='", "wss", "example.com:80", "example.com:80", "/?q=%27", "https://example.com:80/?q=%27", ""},
		{"ws://[FE80::1%25Eth0]:81/", "ws", "[FE80::1%Eth0]:81", "[FE80::1]:81", "/", "http://[FE80::1%25Eth0]:81/", ""},
		{"ws://b\u00fccher.example:81/", "ws", "xn--bcher-kva.example:81", "xn--bcher-kva.example:81", "/", "http://xn--bcher-kva.example:81/", ""},
		{"wss+unix://u:p@/run/a%3Ab:/room?id=1", "wss", "localhost:443", "localhost", "/room?id=1", "https://localhost/room?id=1", "/run/a:b"},
	} {
		e, err := parseURL(c.raw)
		if err != nil {
			t.Errorf("%s: %v", c.raw, err)
			continue
		}
		if e.Scheme != c.scheme || e.address() != c.address || e.hostField() != c.host || e.RequestURI() != c.target || e.http().String() != c.http || e.socket != c.socket {
			t.Errorf("%s: %s, address %s, Host %s, target %s, as HTTP %s, socket %q", c.raw, e.Scheme, e.address(), e.hostField(), e.RequestURI(), e.http(), e.socket)
		}
	}
	for _, raw := range []string{"", "example.com", "ftp://example.com/", "ws://:80/", "ws://example.com/#", "ws://example.com:65536/", "ws+unix://host/run/socket:/",
		"ws://a]b/", "ws://a%25b/", "ws://a\"b<c>/", "ws://a%80b/"} {
		if _, err := parseURL(raw); !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v, want ErrURL", raw, err)
		}
	}
}

// Credentials are sent only to the same host, or to the same host with TLS.
func TestSameHost(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"ws://example.com/a", "ws://example.com:80/b", true},
		{"ws://example.com/", "wss://example.com/", true},
		{"wss://example.com/", "ws://example.com/", false},
		{"ws://example.com:81/", "wss://example.com/", false},
		{"ws://example.com:8080/", "wss://example.com:8080/", true},
		{"ws://example.com/", "ws://www.example.com/", false},
		{"ws+unix:///run/a", "ws://localhost/", false},
		{"ws+unix:///run/a", "ws+unix:///run/b", false},
	} {
		a, err := parseURL(c.a)
		b, err2 := parseURL(c.b)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if sameHostAs(a, b) != c.same {
			t.Errorf("from %s to %s: the same is %v", c.a, c.b, !c.same)
		}
	}
}

// A proxy is asked for an address without its zone, whose name may have spaces.
func TestConnectWithoutZone(t *testing.T) {
	e, err := parseURL("ws://[fe80::1%25Ethernet%202]/")
	if err != nil {
		t.Fatal(err)
	}
	a := Attempt{to: e}
	if got, want := string(a.connectRequest(e.URL)), "CONNECT [fe80::1]:80 HTTP/1.1\r\nHost: [fe80::1]:80\r\n\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
