package dial

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
)

// checkEndpoint checks what is sent to a server or a proxy: a URL cannot put anything
// more into a request than a host and a target.
func checkEndpoint(t *testing.T, e endpoint) {
	t.Helper()
	if e.Scheme != "ws" && e.Scheme != "wss" {
		t.Errorf("the scheme is %q", e.Scheme)
	}
	a := Attempt{to: e}
	lines := strings.Split(string(a.connectRequest(e.URL)), "\r\n")
	for what, s := range map[string]string{
		"Host field": e.hostField(), "target": e.requestTarget(),
		"CONNECT": strings.TrimSuffix(strings.TrimPrefix(lines[0], "CONNECT "), " HTTP/1.1"),
	} {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' }) {
			t.Errorf("the %s is %q", what, s)
		}
	}
	for _, line := range lines {
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("the request to a proxy has the line %q", line)
		}
	}
	host, port, err := net.SplitHostPort(e.address())
	if _, err2 := strconv.ParseUint(port, 10, 16); err != nil || err2 != nil || host == "" {
		t.Errorf("the address is %q", e.address())
	}
	if strings.Contains(e.http().String(), "@") && !strings.Contains(e.EscapedPath()+e.RawQuery, "@") {
		t.Errorf("as HTTP it is %q", e.http())
	}
}

// FuzzURL parses arbitrary URLs. What is accepted is the same when it is written and
// parsed again, and the error for what is not accepted does not show a password.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"ws://example.com", "https://EXAMPLE.com:443/a b?q='#x", "wss://u:p@example.com:80/?q=1", "ws://[FE80::1%25Eth0]:81/",
		"ws://b\u00fccher.example:81/", "wss+unix://u:p@/run/a%3Ab:/room?id=1", "ws+unix:///run/chat.sock", "ws:opaque", "//host/", "ws://a:b:c/", "ws://%41%zz/", "example.com:80/x"} {
		f.Add(s, "user", "word")
	}
	f.Fuzz(func(t *testing.T, raw, user, rest string) {
		if e, err := parseURL(raw); err == nil {
			checkEndpoint(t, e)
			if e.socket == "" {
				again, err := parseURL(e.String())
				if err != nil || again.address() != e.address() || again.hostField() != e.hostField() || again.RequestURI() != e.RequestURI() {
					t.Errorf("%q is %q, which is %q, %v", raw, e.String(), again.URL, err)
				}
			}
		} else if !errors.Is(err, ErrURL) {
			t.Error(err)
		}

		if e, url, err := parseStandardURL(raw); err == nil {
			checkEndpoint(t, e)
			again, url2, err := parseStandardURL(url)
			if err != nil || url2 != url || again.address() != e.address() || again.requestTarget() != e.requestTarget() {
				t.Errorf("%q is %q, which is %q, %v", raw, url, url2, err)
			}
		} else if !errors.Is(err, ErrURL) {
			t.Error(err)
		}

		const secret = "hunter2"
		if strings.ContainsAny(user, ":/@?#") || strings.Contains(raw+user+rest, secret) || strings.ContainsAny(rest, "@") {
			return
		}
		_, at, _ := strings.Cut(raw, "://")
		if _, err := parseURL("ws://" + user + ":" + secret + rest + "@" + at); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
		if _, _, err := parseStandardURL("ws://" + user + ":" + secret + rest + "@" + at); err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the password: %v", err)
		}
	})
}

// FuzzLocation follows arbitrary redirects of a hostile server: none leads to a unix
// socket, and credentials stay on their host.
func FuzzLocation(f *testing.F) {
	from := []string{"ws://example.com/a/b?c", "wss://u:p@example.com:8443/", "ws+unix:///run/chat.sock:/room", "ws://[fe80::1%25eth0]/"}
	for i, s := range []string{"/x", "../y?z#f", "wss://example.com/", "//other.example/", "ws+unix:///run/docker.sock:/", "http+unix:///run/docker.sock", "ftp://example.com/", "https://example.com:443/", "?q", ""} {
		f.Add(uint8(i), s)
		f.Add(uint8(i+1), s)
	}
	f.Fuzz(func(t *testing.T, which uint8, field string) {
		to, err := parseURL(from[int(which)%len(from)])
		if err != nil {
			t.Fatal(err)
		}
		refusal := &handshake.Error{Status: 302, Header: handshake.Header{{Name: "Location", Value: field}}, Err: handshake.ErrStatus}
		a := Attempt{to: to, cfg: Config{MaxRedirects: 1}, header: handshake.Header{{Name: "Authorization", Value: "secret"}, {Name: "Cookie", Value: "secret"}}}
		next, err := a.location(refusal)
		if err != nil {
			return
		}
		checkEndpoint(t, next)
		if next.socket != "" && (next.socket != to.socket || next.Host != to.Host) {
			t.Errorf("%q leads from %v to the socket %q", field, to.URL, next.socket)
		}
		a.lead(next)
		sameHost := next.Hostname() == to.Hostname() && next.socket == to.socket
		if !sameHost && (len(a.header) > 0 || a.to.User != nil && next.User == nil) {
			t.Errorf("%q leads from %v to %v with %v", field, to.URL, a.to.URL, a.header)
		}
	})
}
