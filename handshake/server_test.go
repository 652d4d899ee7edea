package handshake_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

const (
	request13 = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n" +
		"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n"
	request75 = "GET /demo HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nHost: example.com\r\n" +
		"Origin: http://example.com\r\nWebSocket-Protocol: sample\r\n\r\n"
	request76 = "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nSec-WebSocket-Protocol: sample\r\nUpgrade: WebSocket\r\n" +
		"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nOrigin: http://example.com\r\n\r\n^n:ds[4U"
)

// edit replaces the only occurrence of old in s.
func edit(tb testing.TB, s, old, replacement string) string {
	tb.Helper()
	if strings.Count(s, old) != 1 {
		tb.Fatalf("%q is %d times in %q", old, strings.Count(s, old), s)
	}
	return strings.Replace(s, old, replacement, 1)
}

// The example of RFC 6455, sections 1.2 and 1.3.
func TestServerAccepts(t *testing.T) {
	var s handshake.Server
	rest, done, err := s.Feed([]byte(request13 + "\x81\x80"))
	if !done || err != nil || string(rest) != "\x81\x80" {
		t.Fatalf("%q, %v, %v", rest, done, err)
	}
	r := s.Request()
	if r.Method != "GET" || r.Target != "/chat" || r.Host != "server.example.com" || r.Origin != "http://example.com" ||
		r.Version != wire.Hybi13 || !slices.Equal(r.Protocols, []string{"chat", "superchat"}) || r.Extensions != nil {
		t.Errorf("%+v", r)
	}
	got, err := s.AppendAccept([]byte("before "), handshake.Accept{Protocol: "chat",
		Header: handshake.Header{{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}})
	if want := "before HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n" +
		"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	if rest, done, err := s.Feed([]byte("more")); string(rest) != "more" || !done || err != nil {
		t.Errorf("fed when done: %q, %v, %v", rest, done, err)
	}
}

// A Server accepts these requests, which are valid but have made other servers fail.
func TestServerTakes(t *testing.T) {
	tests := []struct {
		name, request string
		check         func(r *handshake.Request) bool
	}{
		{"fields in any case", edit(t, edit(t, request13, "Sec-WebSocket-Key", "sec-websocket-KEY"), "Host:", "hOST:"),
			func(r *handshake.Request) bool { return r.Header[0].Name == "hOST" && r.Host == "server.example.com" }},
		{"no white space after the colon, and much", edit(t, edit(t, request13, "Host: ", "Host:"), "Version: 13", "Version: \t 13 \t"), nil},
		{"Connection as a list (Firefox)", edit(t, request13, "Connection: Upgrade", "Connection: keep-alive, Upgrade"), nil},
		{"Connection in two fields", edit(t, request13, "Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"), nil},
		{"Upgrade as a list", edit(t, request13, "Upgrade: websocket", "Upgrade: h2c , WebSocket"), nil},
		{"Content-Length: 0", edit(t, request13, "Host:", "Content-Length: 0\r\nHost:"), nil},
		{"HTTP/1.2", edit(t, request13, "HTTP/1.1", "HTTP/1.2"), nil},
		{"a Target that is a URL counts more than Host", edit(t, request13, "/chat", "HTTP://other.example:81?a=b"),
			func(r *handshake.Request) bool { return r.Host == "other.example:81" && r.Target == "/?a=b" }},
		{"a URL in the query", edit(t, request13, "/chat", "/a?u=http://b/c"),
			func(r *handshake.Request) bool { return r.Target == "/a?u=http://b/c" }},
		{"subprotocols in two fields, with empty elements", edit(t, request13, "chat, superchat", ",chat,\r\nSec-WebSocket-Protocol: superchat"),
			func(r *handshake.Request) bool { return slices.Equal(r.Protocols, []string{"chat", "superchat"}) }},
		{"extensions in two fields", edit(t, request13, "Origin:", "Sec-WebSocket-Extensions: a; b=\"c\"\r\nSec-WebSocket-Extensions: d\r\nOrigin:"),
			func(r *handshake.Request) bool {
				return string(handshake.AppendExtensions(nil, r.Extensions)) == "a; b=c, d"
			}},
		{"an empty Sec-WebSocket-Extensions (libwebsockets 2011)", edit(t, request13, "Origin:", "Sec-WebSocket-Extensions: \r\nOrigin:"),
			func(r *handshake.Request) bool { return r.Extensions == nil }},
		{"Sec-WebSocket-Origin with version 13 (libwebsockets 2011)", edit(t, request13, "Origin:", "Sec-WebSocket-Origin:"),
			func(r *handshake.Request) bool { return r.Origin == "http://example.com" }},
		{"Origin with version 8 (pywebsocket 2011)", edit(t, request13, "Version: 13", "Version: 8"),
			func(r *handshake.Request) bool { return r.Origin == "http://example.com" && r.Version == wire.Hybi08 }},
		{"Sec-Websocket-Origin with version 7 (AS3WebSocket), which counts more than Origin",
			edit(t, edit(t, request13, "Version: 13", "Version: 7"), "Host:", "Sec-Websocket-Origin: http://flash\r\nHost:"),
			func(r *handshake.Request) bool { return r.Origin == "http://flash" && r.Version == wire.Hybi07 }},
		{"Origin counts more than Sec-WebSocket-Origin with version 13", edit(t, request13, "Host:", "Sec-WebSocket-Origin: http://other\r\nHost:"),
			func(r *handshake.Request) bool { return r.Origin == "http://example.com" }},
		{"no Origin", edit(t, request13, "Origin: http://example.com\r\n", ""),
			func(r *handshake.Request) bool { return r.Origin == "" }},
		{"a key of 15 bytes with version 8 (ws 1.1.5)", edit(t, edit(t, request13, "dGhlIHNhbXBsZSBub25jZQ==", "OC0xNzk1MjI2NzY4ODky"), "Version: 13", "Version: 8"), nil},
		{"Sec-WebSocket-Draft: 0 (pywebsocket 2011)", edit(t, request76, "Host:", "Sec-WebSocket-Draft: 0\r\nHost:"),
			func(r *handshake.Request) bool { return r.Version == wire.Hixie76 }},
		{"WebSocket-Protocol with hixie-76 (Ruby gem websocket)", edit(t, request76, "Sec-WebSocket-Protocol", "WebSocket-Protocol"),
			func(r *handshake.Request) bool { return slices.Equal(r.Protocols, []string{"sample"}) }},
		{"a subprotocol with a comma is one in hixie-76", edit(t, request76, "sample", "a,b"),
			func(r *handshake.Request) bool { return slices.Equal(r.Protocols, []string{"a,b"}) }},
		{"an origin without a scheme (libwebsockets)", edit(t, request75, "http://example.com", "127.0.0.1"),
			func(r *handshake.Request) bool { return r.Version == wire.Hixie75 && r.Origin == "127.0.0.1" }},
		{"cookies with hixie-75", edit(t, request75, "sample\r\n", "sample\r\nCookie: a=b; c=d\r\n"),
			func(r *handshake.Request) bool { return r.Header.Get("cookie") == "a=b; c=d" }},
	}
	for _, test := range tests {
		for cut, sizes := range cuts(len(test.request)) {
			var s handshake.Server
			_, done, err := feed(s.Feed, []byte(test.request), sizes)
			if !done || err != nil || test.check != nil && !test.check(s.Request()) {
				t.Errorf("%s, %s: %v, %v, %+v", test.name, cut, done, err, s.Request())
			}
		}
	}
}

func TestServerRefuses(t *testing.T) {
	add := func(field string) string { return edit(t, request13, "Host:", field+"\r\nHost:") }
	without := func(request, field string) string { return edit(t, request, field+"\r\n", "") }
	key, key1 := "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "4 @1  46546xW%0l 1 5"
	tests := []struct {
		name, request string
		err           error
		status        int
	}{
		// RFC 9112: heads that implementations may parse differently.
		{"bare LF", strings.ReplaceAll(request13, "\r\n", "\n"), handshake.ErrLineEnd, 400},
		{"one bare LF", edit(t, request13, "/chat HTTP/1.1\r\n", "/chat HTTP/1.1\r\nA: b\n"), handshake.ErrLineEnd, 400},
		{"bare CR", add("A: b\rc"), handshake.ErrLineEnd, 400},
		{"CR CR LF", add("A: b\r"), handshake.ErrLineEnd, 400},
		{"NUL", add("A: b\x00c"), handshake.ErrControl, 400},
		{"DEL", add("A: b\x7fc"), handshake.ErrControl, 400},
		{"space before the colon", add("A : b"), handshake.ErrFieldSyntax, 400},
		{"folded line", edit(t, request13, "Host:", "A: b\r\n c\r\nHost:"), handshake.ErrFieldSyntax, 400},
		{"folded line that looks like a field", edit(t, request13, "Host:", "A: b\r\n\tc: d\r\nHost:"), handshake.ErrFieldSyntax, 400},
		{"no colon", add("A"), handshake.ErrFieldSyntax, 400},
		{"no name", add(": b"), handshake.ErrFieldSyntax, 400},
		{"a name that is no token", add("A(b): c"), handshake.ErrFieldSyntax, 400},
		{"a name that is not ASCII", add("\xc5\xbf: c"), handshake.ErrFieldSyntax, 400},
		{"a body", add("Content-Length: 5"), handshake.ErrBody, 400},
		{"two lengths", add("Content-Length: 0\r\nContent-Length: 0"), handshake.ErrBody, 400},
		{"a length that is no number", add("Content-Length: +0"), handshake.ErrBody, 400},
		{"chunks", add("Transfer-Encoding: chunked"), handshake.ErrBody, 400},
		{"two Hosts", add("Host: other"), handshake.ErrDuplicate, 400},
		{"no Host", without(request13, "Host: server.example.com"), handshake.ErrHost, 400},
		{"an empty Host", edit(t, request13, "Host: server.example.com", "Host: "), handshake.ErrHost, 400},
		{"a Host with a path", edit(t, request13, "server.example.com", "a/b"), handshake.ErrHost, 400},
		{"a Host that is only a port", edit(t, request13, "server.example.com", ":81"), handshake.ErrHost, 400},
		{"a Host with a user", edit(t, request13, "server.example.com", "u@a"), handshake.ErrHost, 400},
		{"a URL without a host", edit(t, request13, "/chat", "http:///chat"), handshake.ErrHost, 400},
		{"a URL with an escape in the host", edit(t, request13, "/chat", "http://x%ec/chat"), handshake.ErrHost, 400},
		{"a URL of another scheme", edit(t, request13, "/chat", "ftp://a/chat"), handshake.ErrTarget, 400},
		{"no path", edit(t, request13, "/chat", "*"), handshake.ErrTarget, 400},
		{"a fragment", edit(t, request13, "/chat", "/chat#a"), handshake.ErrTarget, 400},
		{"a tab in the target", edit(t, request13, "/chat", "/ch\tat"), handshake.ErrTarget, 400},

		{"no target", edit(t, request13, "/chat ", ""), handshake.ErrNotHTTP, 400},
		{"two spaces", edit(t, request13, "/chat ", "/chat  "), handshake.ErrNotHTTP, 400},
		{"a space at the end", edit(t, request13, "HTTP/1.1\r", "HTTP/1.1 \r"), handshake.ErrNotHTTP, 400},
		{"an empty line first", "\r\n" + request13, handshake.ErrNotHTTP, 400},
		{"a version that is no number", edit(t, request13, "HTTP/1.1", "HTTP/1.x"), handshake.ErrNotHTTP, 400},
		{"a long version", edit(t, request13, "HTTP/1.1", "HTTP/1.01"), handshake.ErrNotHTTP, 400},
		{"a version whose digit is none", edit(t, request13, "HTTP/1.1", "HTTP/1.;"), handshake.ErrHTTPVersion, 505},

		// RFC 6455, 4.2.1.
		{"POST", edit(t, request13, "GET", "POST"), handshake.ErrMethod, 405},
		{"a method in lower case", edit(t, request13, "GET", "get"), handshake.ErrMethod, 405},
		{"HTTP/1.0", edit(t, request13, "HTTP/1.1", "HTTP/1.0"), handshake.ErrHTTPVersion, 505},
		{"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", handshake.ErrHTTPVersion, 505},
		{"no Upgrade", without(request13, "Upgrade: websocket"), handshake.ErrNotUpgrade, 426},
		{"another Upgrade", edit(t, request13, "Upgrade: websocket", "Upgrade: h2c"), handshake.ErrNotUpgrade, 426},
		{"half a token", edit(t, request13, "Upgrade: websocket", "Upgrade: websockets"), handshake.ErrNotUpgrade, 426},
		{"no Connection", without(request13, "Connection: Upgrade"), handshake.ErrConnection, 400},
		{"another Connection", edit(t, request13, "Connection: Upgrade", "Connection: keep-alive Upgrade"), handshake.ErrConnection, 400},
		{"no key", without(request13, key), handshake.ErrBadKey, 400},
		{"two keys", add(key), handshake.ErrDuplicate, 400},
		{"a key of 15 bytes", edit(t, request13, "dGhlIHNhbXBsZSBub25jZQ==", "OC0xNzk1MjI2NzY4ODky"), handshake.ErrBadKey, 400},
		{"a key of 18 bytes", edit(t, request13, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQaa"), handshake.ErrBadKey, 400},
		{"a key of 36 bytes", edit(t, request13, "dGhlIHNhbXBsZSBub25jZQ==", strings.Repeat("dGhl", 12)), handshake.ErrBadKey, 400},
		{"a key that is not base64", edit(t, request13, "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ!=="), handshake.ErrBadKey, 400},
		{"no key with version 8", edit(t, without(request13, key), "Version: 13", "Version: 8"), handshake.ErrBadKey, 400},
		{"two versions", add("Sec-WebSocket-Version: 13"), handshake.ErrDuplicate, 400},
		{"two origins", add("Origin: http://other"), handshake.ErrDuplicate, 400},
		{"a list of versions", edit(t, request13, "Version: 13", "Version: 13, 8"), handshake.ErrVersion, 426},
		{"version 99", edit(t, request13, "Version: 13", "Version: 99"), handshake.ErrVersion, 426},
		{"version 4", edit(t, request13, "Version: 13", "Version: 4"), handshake.ErrVersion, 426},
		{"version 013", edit(t, request13, "Version: 13", "Version: 013"), handshake.ErrVersion, 426},
		{"an empty version", edit(t, request13, "Version: 13", "Version: "), handshake.ErrVersion, 426},
		{"a key without a version", without(request13, "Sec-WebSocket-Version: 13"), handshake.ErrVersion, 426},
		{"a subprotocol twice", edit(t, request13, "chat, superchat", "a, b, a"), handshake.ErrBadProtocol, 400},
		{"a subprotocol that is no token", edit(t, request13, "chat, superchat", "chat superchat"), handshake.ErrBadProtocol, 400},
		{"extensions that are no list", add("Sec-WebSocket-Extensions: a b"), handshake.ErrBadExtension, 400},

		// Drafts 75 and 76.
		{"two subprotocols of hixie-75", edit(t, request75, "sample", "a b"), handshake.ErrBadProtocol, 400},
		{"two fields of hixie-75", edit(t, request75, "Host:", "WebSocket-Protocol: a\r\nHost:"), handshake.ErrDuplicate, 400},
		{"two fields of hixie-76", edit(t, request76, "Host:", "Sec-WebSocket-Protocol: a\r\nHost:"), handshake.ErrDuplicate, 400},
		{"draft 2 of hybi", edit(t, request76, "Host:", "Sec-WebSocket-Draft: 2\r\nHost:"), handshake.ErrVersion, 426},
		{"draft 2 without keys", edit(t, request75, "Host:", "Sec-WebSocket-Draft: 2\r\nHost:"), handshake.ErrVersion, 426},
		{"only one key", edit(t, request76, "Sec-WebSocket-Key2", "Sec-WebSocket-Other"), handshake.ErrBadKey, 400},
		{"two first keys", edit(t, request76, "Host:", "Sec-WebSocket-Key1: 1 2\r\nHost:"), handshake.ErrDuplicate, 400},
		{"a key without spaces", edit(t, request76, key1, "1234"), handshake.ErrBadKey, 400},
		{"a key without digits", edit(t, request76, key1, "a b"), handshake.ErrBadKey, 400},
		{"a key with a remainder", edit(t, request76, key1, "1 2 3"), handshake.ErrBadKey, 400},
		{"a key with too great a number", edit(t, request76, key1, "4294967296 x"), handshake.ErrBadKey, 400},
		{"a key with far too great a number", edit(t, request76, key1, "36893488147419103232 x"), handshake.ErrBadKey, 400},
	}
	for _, test := range tests {
		for cut, sizes := range cuts(len(test.request)) {
			var s handshake.Server
			_, done, err := feed(s.Feed, []byte(test.request), sizes)
			e, ok := errors.AsType[*handshake.Error](err)
			if done || !ok || !errors.Is(err, test.err) || e.Status != test.status || e.Reason == "" {
				t.Errorf("%s, %s: %v, %+v", test.name, cut, done, err)
				continue
			}
			if _, again, err2 := s.Feed([]byte(request13)); again || err2 != err {
				t.Errorf("%s: after the error: %v, %v", test.name, again, err2)
			}
			if _, err := s.AppendAccept(nil, handshake.Accept{}); !errors.Is(err, handshake.ErrNotDone) {
				t.Errorf("%s: accepted: %v", test.name, err)
			}
		}
	}
}

// A peer that speaks another protocol gets an error at once, not at the limit.
func TestServerTellsOtherProtocolsEarly(t *testing.T) {
	for name, first := range map[string]string{
		"TLS":             "\x16",
		"a binary frame":  "\x82",
		"SSH":             "SSH-2.0-OpenSSH_9.2p1\r\n",
		"a space first":   " ",
		"a long word":     strings.Repeat("A", 33),
		"LF":              "GET / HTTP/1.1\n",
		"a policy file":   "<policy-file-requesT",
		"another element": "<a",
	} {
		var s handshake.Server
		_, done, err := s.Feed([]byte(first))
		if e, ok := errors.AsType[*handshake.Error](err); done || !ok || e.Status != 400 {
			t.Errorf("%s: %v, %v", name, done, err)
		}
	}
}

func TestServerLimits(t *testing.T) {
	pad := func(n int) string { return edit(t, request13, "Host:", "A: "+strings.Repeat("a", n)+"\r\nHost:") }
	lines := func(n int) string { return edit(t, request13, "Host:", strings.Repeat("A: b\r\n", n)+"Host:") }
	exact := handshake.DefaultMaxHead - len(pad(0))
	tests := []struct {
		name    string
		server  handshake.Server
		request string
		err     error
	}{
		{"the maximum length", handshake.Server{}, pad(exact), nil},
		{"one byte longer", handshake.Server{}, pad(exact + 1), handshake.ErrHeadTooLarge},
		{"no limit", handshake.Server{MaxHead: -1}, pad(exact + 1), nil},
		{"a custom limit", handshake.Server{MaxHead: len(request13)}, request13, nil},
		{"one byte more than a custom limit", handshake.Server{MaxHead: len(request13) - 1}, request13, handshake.ErrHeadTooLarge},
		{"the maximum number of lines", handshake.Server{}, lines(handshake.DefaultMaxLines - 8), nil},
		{"one line more", handshake.Server{}, lines(handshake.DefaultMaxLines - 7), handshake.ErrTooManyLines},
		{"no limit on lines", handshake.Server{MaxLines: -1}, lines(handshake.DefaultMaxLines - 7), nil},
		{"a custom limit on lines", handshake.Server{MaxLines: 8}, request13, nil},
		{"one line more than a custom limit", handshake.Server{MaxLines: 7}, request13, handshake.ErrTooManyLines},
	}
	for _, test := range tests {
		for cut, sizes := range cuts(len(test.request)) {
			s := test.server
			_, done, err := feed(s.Feed, []byte(test.request), sizes)
			if done != (test.err == nil) || !errors.Is(err, test.err) {
				t.Errorf("%s, %s: %v, %v", test.name, cut, done, err)
			}
			if e, ok := errors.AsType[*handshake.Error](err); ok && e.Status != 431 {
				t.Errorf("%s: status %d", test.name, e.Status)
			}
		}
	}
}

// However much a client sends, the Server keeps no more than the limit.
func TestServerKeepsNoMoreThanTheLimit(t *testing.T) {
	s := handshake.Server{MaxHead: 1000}
	if _, _, err := s.Feed([]byte("GET / HTTP/1.1\r\nA: ")); err != nil {
		t.Fatal(err)
	}
	big := []byte(strings.Repeat("a", 1<<20))
	n := testing.AllocsPerRun(1, func() {
		if _, _, err := s.Feed(big); !errors.Is(err, handshake.ErrHeadTooLarge) {
			t.Error(err)
		}
	})
	if n > 4 || s.Buffered() != nil {
		t.Errorf("%v allocations, %d bytes kept", n, len(s.Buffered()))
	}
}

func TestServerVersions(t *testing.T) {
	s := handshake.Server{Versions: []wire.Version{wire.Hixie76, wire.Hybi08, wire.Hybi13}}
	for request, numbers := range map[string]string{
		request75: "13, 8", // any request without a version looks like this
		edit(t, request13, "Version: 13", "Version: 7"): "13, 8",
	} {
		s := s
		_, _, err := s.Feed([]byte(request))
		if e, ok := errors.AsType[*handshake.Error](err); !ok || e.Status != 426 || e.Header.Get("Sec-WebSocket-Version") != numbers {
			t.Errorf("%+v", err)
		}
	}
	if _, done, err := s.Feed([]byte(request76)); !done || err != nil {
		t.Error(done, err)
	}
	for request, name := range map[string]string{request75: "no Sec-WebSocket-Version field, as in hixie-75", request76: "hixie-76", request13: "hybi-13"} {
		s := handshake.Server{Versions: []wire.Version{}}
		_, _, err := s.Feed([]byte(request))
		if e, ok := errors.AsType[*handshake.Error](err); !ok || !strings.Contains(e.Reason, name+", which is not among the server's Versions") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s = handshake.Server{Versions: []wire.Version{wire.Hixie76}}
	_, _, err := s.Feed([]byte(request13))
	if e, ok := errors.AsType[*handshake.Error](err); !ok || e.Status != 426 || e.Header.Has("Sec-WebSocket-Version") {
		t.Errorf("%+v", err)
	}
	s = handshake.Server{Versions: []wire.Version{}}
	if _, _, err := s.Feed([]byte(request13)); !errors.Is(err, handshake.ErrVersion) {
		t.Error(err)
	}
}

// After a request that does not ask for a WebSocket, Buffered returns it unchanged,
// with the bytes after it, for an HTTP server.
func TestServerGivesBackOtherRequests(t *testing.T) {
	const other = "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n"
	for cut, sizes := range cuts(len(other)) {
		var s handshake.Server
		rest, done, err := feed(s.Feed, []byte(other), sizes)
		if done || !errors.Is(err, handshake.ErrNotUpgrade) {
			t.Fatalf("%s: %v, %v", cut, done, err)
		}
		if got := string(s.Buffered()) + string(rest); got != other {
			t.Errorf("%s: %q", cut, got)
		}
	}
}

// A request that PassOn wants is given back as if it did not ask for a WebSocket, valid or not.
func TestServerPassesOn(t *testing.T) {
	for _, request := range []string{request13 + "\x81\x80", request76 + "\x00", request75 + "\x00",
		edit(t, request13, "Version: 13", "Version: 99"), edit(t, request13, "Connection: Upgrade\r\n", "")} {
		for cut, sizes := range cuts(len(request)) {
			asked := 0
			s := handshake.Server{PassOn: func(r *handshake.Request) bool {
				asked++
				return r.Target == "/chat" && r.Header.Has("Upgrade") || r.Target == "/demo"
			}}
			rest, done, err := feed(s.Feed, []byte(request), sizes)
			if done || !errors.Is(err, handshake.ErrNotUpgrade) || asked != 1 {
				t.Fatalf("%s: %v, %v, asked %d times", cut, done, err, asked)
			}
			if got := string(s.Buffered()) + string(rest); got != request {
				t.Errorf("%s: %q", cut, got)
			}
		}
	}
	s := handshake.Server{PassOn: func(*handshake.Request) bool { return false }}
	if _, done, err := s.Feed([]byte(request13)); !done || err != nil {
		t.Error(done, err)
	}
	s = handshake.Server{PassOn: func(*handshake.Request) bool { t.Error("asked about another request"); return true }}
	if _, _, err := s.Feed([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")); !errors.Is(err, handshake.ErrNotUpgrade) {
		t.Error(err)
	}
}

// In draft 76 the request is complete only when key3 has arrived.
func TestServerWaitsForKey3(t *testing.T) {
	var s handshake.Server
	if rest, done, err := s.Feed([]byte(request76[:len(request76)-1])); len(rest) > 0 || done || err != nil {
		t.Fatal(rest, done, err)
	}
	if _, err := s.AppendAccept(nil, handshake.Accept{}); !errors.Is(err, handshake.ErrNotDone) {
		t.Error(err)
	}
	if rest, done, err := s.Feed([]byte("U\x00")); string(rest) != "\x00" || !done || err != nil {
		t.Fatal(rest, done, err)
	}
	got, err := s.AppendAccept(nil, handshake.Accept{Protocol: "sample", Header: handshake.Header{{"Set-Cookie", "a=1"}}})
	if want := "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Origin: http://example.com\r\nSec-WebSocket-Location: ws://example.com/demo\r\n" +
		"Sec-WebSocket-Protocol: sample\r\nSet-Cookie: a=1\r\n\r\n8jKS'y:G*Co,Wxa-"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

// Clients compare the location with their URL, which omits the default port.
func TestServerLocation(t *testing.T) {
	for _, test := range []struct {
		secure     bool
		host, want string
	}{
		{false, "example.com", "ws://example.com/demo"},
		{false, "example.com:80", "ws://example.com/demo"},
		{false, "example.com:443", "ws://example.com:443/demo"},
		{true, "example.com:443", "wss://example.com/demo"},
		{true, "[::1]:80", "wss://[::1]:80/demo"},
	} {
		s := handshake.Server{Secure: test.secure}
		if _, done, err := s.Feed([]byte(edit(t, request75, "Host: example.com", "Host: "+test.host))); !done {
			t.Fatal(err)
		}
		got, err := s.AppendAccept(nil, handshake.Accept{})
		if err != nil || !strings.Contains(string(got), "\r\nWebSocket-Location: "+test.want+"\r\n") {
			t.Errorf("%s: %q, %v", test.host, got, err)
		}
	}
}

func TestServerOffer(t *testing.T) {
	header := map[string][]string{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Origin": {"http://example.com"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Protocol": {"chat", "superchat"},
	}
	var s handshake.Server
	if done, err := s.Offer("GET", "/chat", "HTTP/1.1", "server.example.com", header); !done || err != nil {
		t.Fatal(done, err)
	}
	if r := s.Request(); r.Host != "server.example.com" || r.Target != "/chat" || r.Origin != "http://example.com" ||
		r.Header.Get("Host") != "server.example.com" || !slices.Equal(r.Protocols, []string{"chat", "superchat"}) {
		t.Errorf("%+v", r)
	}
	if got, err := s.AppendAccept(nil, handshake.Accept{}); !strings.Contains(string(got), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
		t.Errorf("%q, %v", got, err)
	}

	s = handshake.Server{}
	if _, err := s.Offer("GET", "/", "HTTP/2.0", "a", header); !errors.Is(err, handshake.ErrHTTPVersion) {
		t.Error(err)
	}
	s = handshake.Server{}
	if _, err := s.Offer("GET", "/", "HTTP/1.1", "a", map[string][]string{"A": {"b\r\nc"}}); !errors.Is(err, handshake.ErrFieldSyntax) {
		t.Error(err)
	}
	s = handshake.Server{}
	if _, err := s.Offer("GET", "/", "HTTP/1.1", "a", nil); !errors.Is(err, handshake.ErrNotUpgrade) {
		t.Error(err)
	}

	s = handshake.Server{PassOn: func(r *handshake.Request) bool { return r.Host == "a" }}
	if _, err := s.Offer("GET", "/", "HTTP/1.1", "a", header); !errors.Is(err, handshake.ErrNotUpgrade) {
		t.Error(err)
	}

	s = handshake.Server{}
	done, err := s.Offer("GET", "/demo", "HTTP/1.1", "example.com", map[string][]string{
		"Upgrade": {"WebSocket"}, "Connection": {"Upgrade"}, "Origin": {"http://example.com"},
		"Sec-Websocket-Key1": {"4 @1  46546xW%0l 1 5"}, "Sec-Websocket-Key2": {"12998 5 Y3 1  .P00"}})
	if done || err != nil {
		t.Fatal(done, err)
	}
	if rest, done, err := s.Feed([]byte("^n:ds[4U\x00")); string(rest) != "\x00" || !done || err != nil {
		t.Fatal(rest, done, err)
	}
	if got, err := s.AppendAccept(nil, handshake.Accept{}); !strings.HasSuffix(string(got), "\r\n\r\n8jKS'y:G*Co,Wxa-") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAcceptChecks(t *testing.T) {
	field := func(name, value string) handshake.Accept {
		return handshake.Accept{Header: handshake.Header{{"Good", "1"}, {name, value}}}
	}
	extension := func(name string, params ...extensions.Param) handshake.Accept {
		return handshake.Accept{Extensions: []extensions.Offer{{Name: name, Params: params}}}
	}
	offering := edit(t, request13, "Origin:", "Sec-WebSocket-Extensions: a, b; c\r\nOrigin:")
	tests := []struct {
		name, request string
		accept        handshake.Accept
		err           error
	}{
		{"a subprotocol", offering, handshake.Accept{Protocol: "superchat"}, nil},
		{"a subprotocol not asked for", offering, handshake.Accept{Protocol: "Chat"}, handshake.ErrProtocolNotOffered},
		{"any subprotocol", request75, handshake.Accept{Protocol: "other"}, handshake.ErrProtocolNotOffered},
		{"an extension", offering, extension("b", extensions.Param{Name: "d", Value: "1"}), nil},
		{"an extension not offered", offering, extension("d"), handshake.ErrExtensionNotOffered},
		{"an extension in hixie", request76, extension("a"), handshake.ErrExtensionNotOffered},
		{"a parameter that is no token", offering, extension("a", extensions.Param{Name: "d", Value: "1 2"}), handshake.ErrBadExtension},
		{"CR LF in a value", offering, field("A", "b\r\nC: d"), handshake.ErrBadField},
		{"NUL in a value", offering, field("A", "b\x00"), handshake.ErrBadField},
		{"CR LF in a name", offering, field("A: b\r\nC", "d"), handshake.ErrBadField},
		{"no name", offering, field("", "d"), handshake.ErrBadField},
		{"Sec-WebSocket-Accept", offering, field("sec-websocket-accept", "x"), handshake.ErrBadField},
		{"WebSocket-Location", request75, field("WebSocket-Location", "x"), handshake.ErrBadField},
		{"Upgrade", offering, field("Upgrade", "x"), handshake.ErrBadField},
		{"Connection", offering, field("CONNECTION", "x"), handshake.ErrBadField},
		{"Content-Length", offering, field("Content-Length", "3"), handshake.ErrBadField},
		{"Transfer-Encoding", offering, field("Transfer-Encoding", "chunked"), handshake.ErrBadField},
	}
	for _, test := range tests {
		var s handshake.Server
		if _, done, err := s.Feed([]byte(test.request)); !done {
			t.Fatal(err)
		}
		got, err := s.AppendAccept([]byte("x"), test.accept)
		if !errors.Is(err, test.err) || err != nil && string(got) != "x" {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
}
