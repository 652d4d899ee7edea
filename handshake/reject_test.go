package handshake_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
)

func TestReject(t *testing.T) {
	tests := []struct {
		name  string
		err   handshake.Error
		want  string
		exact bool
	}{
		{"a reason", handshake.Error{Status: 403, Reason: "this origin may not"},
			"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 20\r\n\r\nthis origin may not\n", true},
		{"a body and its type", handshake.Error{Status: 404, Reason: "x", Header: handshake.Header{{"Content-type", "text/html"}}, Body: []byte("<p>")},
			"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-type: text/html\r\nContent-Length: 3\r\n\r\n<p>", true},
		{"an empty body", handshake.Error{Status: 503, Reason: "x", Body: []byte{}},
			"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true},
		{"a status without a body", handshake.Error{Status: 304, Reason: "x"},
			"HTTP/1.1 304 \r\nConnection: close\r\n\r\n", true},
		{"no status", handshake.Error{}, "HTTP/1.1 500 Internal Server Error\r\n", false},
		{"a status that does not refuse", handshake.Error{Status: 101}, "HTTP/1.1 500 Internal Server Error\r\n", false},
		{"fields that would break it", handshake.Error{Status: 400, Header: handshake.Header{
			{"A", "b\r\n\r\nc"}, {"D\r\n", "e"}, {"content-length", "99"}, {"Transfer-Encoding", "chunked"}, {"Connection", "keep-alive"}, {"F", "g"}}},
			"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nF: g\r\nContent-Length: 0\r\n\r\n", true},
	}
	for _, test := range tests {
		var s handshake.Server
		got := string(s.AppendReject(nil, &test.err))
		if got != test.want && (test.exact || !strings.HasPrefix(got, test.want)) {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

// AppendReject accepts the errors that Feed returns.
func TestRejectWhatFeedRefused(t *testing.T) {
	for request, want := range map[string]string{
		edit(t, request13, "GET", "PUT"): "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n" +
			"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\nthe method is not GET\n",
		edit(t, request13, "GET", "HEAD"): "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nAllow: GET\r\n" +
			"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\n",
		edit(t, request13, "Version: 13", "Version: 25"): "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n" +
			"Connection: Upgrade, close\r\nSec-WebSocket-Version: 13, 8, 7, 6\r\n" +
			"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 56\r\n\r\n" +
			"this version of the websocket protocol is not supported\n",
	} {
		var s handshake.Server
		_, _, err := s.Feed([]byte(request))
		e, ok := errors.AsType[*handshake.Error](err)
		if !ok {
			t.Fatal(err)
		}
		if got := string(s.AppendReject(nil, e)); got != want {
			t.Errorf("%q", got)
		}
	}
}

func TestPolicyRequest(t *testing.T) {
	const request = handshake.FlashPolicyRequest
	if len(request) != 23 {
		t.Error(len(request))
	}
	for cut, sizes := range cuts(len(request)) {
		var s handshake.Server
		if _, done, err := feed(s.Feed, []byte(request), sizes); done || !errors.Is(err, handshake.ErrFlashPolicyRequest) {
			t.Errorf("%s: %v, %v", cut, done, err)
		}
	}
	var s handshake.Server
	if _, done, err := s.Feed([]byte(request[:22])); done || err != nil {
		t.Error("without the NUL:", done, err)
	}
	if _, _, err := s.Feed([]byte("x")); !errors.Is(err, handshake.ErrNotHTTP) {
		t.Error("something else than the NUL:", err)
	}
}

func TestRecordedPolicyRequests(t *testing.T) {
	n := 0
	for _, v := range vectors(t) {
		if strings.HasPrefix(v.name, "flash-policy/") {
			n++
			var s handshake.Server
			if _, _, err := s.Feed(v.request); !errors.Is(err, handshake.ErrFlashPolicyRequest) {
				t.Errorf("%s: %v", v.name, err)
			}
		}
	}
	if n != 2 {
		t.Error(n)
	}
	// em-websocket answers with this policy, too, but without the NUL that Flash needs.
	if got := string((handshake.FlashPolicy{Domains: []string{"*"}, Ports: []string{"*"}}).AppendTo(nil)); got !=
		`<?xml version="1.0"?><cross-domain-policy><allow-access-from domain="*" to-ports="*"/></cross-domain-policy>`+"\x00" {
		t.Errorf("%q", got)
	}
}

func TestPolicy(t *testing.T) {
	const start, end = `<?xml version="1.0"?><cross-domain-policy>`, `</cross-domain-policy>`
	for _, test := range []struct {
		policy handshake.FlashPolicy
		want   string
	}{
		{handshake.FlashPolicy{}, ""},
		{handshake.FlashPolicy{Domains: []string{"*"}}, ""},
		{handshake.FlashPolicy{Ports: []string{"*"}}, ""},
		{handshake.FlashPolicy{Domains: []string{"a.example", "*.b.example"}, Ports: []string{"80", "1024-2048"}},
			`<allow-access-from domain="a.example" to-ports="80,1024-2048"/><allow-access-from domain="*.b.example" to-ports="80,1024-2048"/>`},
		{handshake.FlashPolicy{Domains: []string{"\"/><&\x00"}, Ports: []string{"1"}},
			`<allow-access-from domain="&quot;/>&lt;&amp;" to-ports="1"/>`},
	} {
		if got := test.policy.String(); got != start+test.want+end {
			t.Errorf("%q", got)
		}
	}
}
