package handshake_test

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

const (
	answer13 = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
	answer75 = "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
		"WebSocket-Origin: http://example.com\r\nWebSocket-Location: ws://example.com/demo\r\n" +
		"WebSocket-Protocol: sample\r\n\r\n"
	answer76 = "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Origin: http://example.com\r\nSec-WebSocket-Location: ws://example.com/demo\r\n" +
		"Sec-WebSocket-Protocol: sample\r\n\r\n8jKS'y:G*Co,Wxa-"
)

// sampleNonce is a source of random bytes that yields the key of RFC 6455, section
// 1.2.
func sampleNonce(p []byte) { copy(p, "the sample nonce") }

// asked returns a Client that has sent the request. In versions with extensions it
// offers the extensions a and b.
func asked(tb testing.TB, request string) *handshake.Client {
	tb.Helper()
	var s handshake.Server
	if _, done, err := s.Feed([]byte(request)); !done {
		tb.Fatal(err)
	}
	c := clientFor(&s)
	c.Offers = []extensions.Offer{{Name: "a"}, {Name: "b"}}
	if _, err := c.AppendRecorded(nil, &s); err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestClientRequest(t *testing.T) {
	c := handshake.Client{Host: "server.example.com", Target: "/chat", Origin: "http://example.com",
		Protocols: []string{"chat", "superchat"}, Random: sampleNonce,
		Offers: []extensions.Offer{{Name: "a", Params: extensions.Params{{Name: "b", Value: "1"}, {Name: "c"}}}, {Name: "a"}},
		Header: handshake.Header{{"User-Agent", "test"}, {"Cookie", "a=b"}}}
	got, err := c.AppendRequest([]byte("before "))
	if want := "before GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n" +
		"Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Extensions: a; b=1; c, a\r\n" +
		"Sec-WebSocket-Version: 13\r\nUser-Agent: test\r\nCookie: a=b\r\n\r\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}

// A Server reads the request of a Client of every version. The keys differ each time.
func TestClientToServer(t *testing.T) {
	for v := wire.Hixie75; v.Valid(); v++ {
		c := handshake.Client{Version: v, Secure: true, Host: "example.com:444", Target: "/a?b=c", Protocols: []string{"p"},
			Offers: []extensions.Offer{{Name: "a"}}, Header: handshake.Header{{"Cookie", "a=b"}}}
		request, err := c.AppendRequest(nil)
		if err != nil {
			t.Fatal(v, err)
		}
		if again, _ := c.AppendRequest(nil); v != wire.Hixie75 && string(again) == string(request) {
			t.Errorf("%v: the same keys twice", v)
		} else {
			request = again
		}
		s := handshake.Server{Secure: true, Versions: []wire.Version{v}}
		if _, done, err := s.Feed(request); !done {
			t.Fatal(v, err)
		}
		a := handshake.Accept{Protocol: "p", Extensions: s.Request().Extensions}
		answer, err := s.AppendAccept(nil, a)
		if err != nil {
			t.Fatal(v, err)
		}
		for cut, sizes := range cuts(len(answer)) {
			client := c
			_, done, err := feed(client.Feed, answer, sizes)
			if !done || err != nil {
				t.Errorf("%v, %s: %v, %v", v, cut, done, err)
			}
			r := client.Result()
			if r.Version != v || r.Protocol != "p" || r.Status != 101 || (len(r.Extensions) == 1) != (v >= wire.Hybi06) {
				t.Errorf("%v: %+v", v, r)
			}
			if rest, done, err := client.Feed([]byte("more")); string(rest) != "more" || !done || err != nil {
				t.Errorf("%v: fed when done: %q, %v, %v", v, rest, done, err)
			}
			if err := client.FeedEOF(); err != nil {
				t.Errorf("%v: %v", v, err)
			}
		}
	}
}

// The hixie drafts require an Origin, so the client always sends one.
func TestClientHixieOrigin(t *testing.T) {
	for secure, want := range map[bool]string{false: "http://a:8", true: "https://a:8"} {
		c := handshake.Client{Version: wire.Hixie75, Secure: secure, Host: "a:8", Target: "/"}
		got, err := c.AppendRequest(nil)
		if err != nil || !strings.Contains(string(got), "\r\nOrigin: "+want+"\r\n") {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestClientRefusesToSend(t *testing.T) {
	good := handshake.Client{Host: "a", Target: "/"}
	tests := []struct {
		name   string
		change func(c *handshake.Client)
		err    error
	}{
		{"no error", func(c *handshake.Client) {}, nil},
		{"no such version", func(c *handshake.Client) { c.Version = 99 }, handshake.ErrVersion},
		{"no host", func(c *handshake.Client) { c.Host = "" }, handshake.ErrHost},
		{"a host with CR LF", func(c *handshake.Client) { c.Host = "a\r\nB: c" }, handshake.ErrHost},
		{"no target", func(c *handshake.Client) { c.Target = "" }, handshake.ErrTarget},
		{"a target with a space", func(c *handshake.Client) { c.Target = "/a b" }, handshake.ErrTarget},
		{"a fragment", func(c *handshake.Client) { c.Target = "/a#b" }, handshake.ErrTarget},
		{"an origin with LF", func(c *handshake.Client) { c.Origin = "a\nb" }, handshake.ErrBadField},
		{"a subprotocol twice", func(c *handshake.Client) { c.Protocols = []string{"a", "a"} }, handshake.ErrBadProtocol},
		{"an empty subprotocol", func(c *handshake.Client) { c.Protocols = []string{""} }, handshake.ErrBadProtocol},
		{"two subprotocols", func(c *handshake.Client) { c.Protocols = []string{"a", "b"} }, nil},
		{"two subprotocols in hixie", func(c *handshake.Client) { c.Protocols = []string{"a", "b"}; c.Version = wire.Hixie76 }, handshake.ErrBadProtocol},
		{"an extension with a space", func(c *handshake.Client) { c.Offers = []extensions.Offer{{Name: "a b"}} }, handshake.ErrBadExtension},
		{"a second Host", func(c *handshake.Client) { c.Header = handshake.Header{{"host", "b"}} }, handshake.ErrBadField},
		{"a second key", func(c *handshake.Client) { c.Header = handshake.Header{{"Sec-WebSocket-Key", "b"}} }, handshake.ErrBadField},
		{"a value with CR LF", func(c *handshake.Client) { c.Header = handshake.Header{{"A", "b\r\nC: d"}} }, handshake.ErrBadField},
	}
	for _, test := range tests {
		c := good
		test.change(&c)
		got, err := c.AppendRequest([]byte("x"))
		if !errors.Is(err, test.err) || err != nil && string(got) != "x" {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
	var c handshake.Client
	if _, done, err := c.Feed([]byte(answer13)); done || !errors.Is(err, handshake.ErrNotDone) {
		t.Error("fed before AppendRequest:", done, err)
	}
}

// A Client accepts these peculiarities of servers.
func TestClientTakes(t *testing.T) {
	tests := []struct {
		name, request, answer string
		check                 func(r handshake.Result) bool
	}{
		{"no reason", request13, edit(t, answer13, " Switching Protocols", ""), nil},
		{"an empty reason", request13, edit(t, answer13, "Switching Protocols", ""), nil},
		{"fields in any case", request13, edit(t, answer13, "Sec-WebSocket-Accept", "sec-websocket-accept"), nil},
		{"Upgrade: WebSocket (libwebsockets)", request13, edit(t, answer13, "websocket", "WebSocket"), nil},
		{"Connection as a list", request13, edit(t, answer13, "Connection: Upgrade", "Connection: Keep-Alive, upgrade"), nil},
		{"no subprotocol", request13, edit(t, answer13, "Sec-WebSocket-Protocol: chat\r\n", ""),
			func(r handshake.Result) bool { return r.Protocol == "" }},
		{"an extension", request13, edit(t, answer13, "Upgrade:", "Sec-WebSocket-Extensions: b; c=1\r\nUpgrade:"),
			func(r handshake.Result) bool {
				return string(handshake.AppendExtensions(nil, r.Extensions)) == "b; c=1"
			}},
		{"an empty Sec-WebSocket-Extensions (libwebsockets)", request13, edit(t, answer13, "Upgrade:", "Sec-WebSocket-Extensions:\r\nUpgrade:"), nil},
		{"informational answers first", request13, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + answer13,
			func(r handshake.Result) bool { return r.Status == 101 && !r.Header.Has("Link") }},
		{"cookies", request13, edit(t, answer13, "Upgrade:", "Set-Cookie: a=b\r\nUpgrade:"),
			func(r handshake.Result) bool { return r.Header.Get("Set-Cookie") == "a=b" }},
		{"an origin in lower case (hixie-75)", strings.Replace(request75, "http://example.com", "http://Example.COM", 1), answer75, nil},
		{"a location in lower case (hixie-75)", strings.Replace(request75, "Host: example.com", "Host: Example.COM", 1), answer75, nil},
	}
	for _, test := range tests {
		for cut, sizes := range cuts(len(test.answer)) {
			c := asked(t, test.request)
			_, done, err := feed(c.Feed, []byte(test.answer), sizes)
			if !done || err != nil || test.check != nil && !test.check(c.Result()) {
				t.Errorf("%s, %s: %v, %v, %+v", test.name, cut, done, err, c.Result())
			}
		}
	}
}

func TestClientRefuses(t *testing.T) {
	add := func(field string) string { return edit(t, answer13, "Upgrade:", field+"\r\nUpgrade:") }
	tests := []struct {
		name, request, answer string
		err                   error
		status                int
	}{
		// RFC 6455, 4.1.
		{"no Upgrade", request13, edit(t, answer13, "Upgrade: websocket\r\n", ""), handshake.ErrUpgrade, 101},
		{"another Upgrade", request13, edit(t, answer13, "Upgrade: websocket", "Upgrade: websocket, h2c"), handshake.ErrUpgrade, 101},
		{"two Upgrades", request13, add("Upgrade: websocket"), handshake.ErrUpgrade, 101},
		{"no Connection", request13, edit(t, answer13, "Connection: Upgrade\r\n", ""), handshake.ErrConnection, 101},
		{"no Accept", request13, edit(t, answer13, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", ""), handshake.ErrBadAccept, 101},
		{"another Accept", request13, edit(t, answer13, "s3p", "s3P"), handshake.ErrBadAccept, 101},
		{"two Accepts", request13, add("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), handshake.ErrBadAccept, 101},
		{"another subprotocol", request13, edit(t, answer13, ": chat", ": Chat"), handshake.ErrProtocolNotOffered, 101},
		{"all subprotocols", request13, edit(t, answer13, ": chat", ": chat, superchat"), handshake.ErrProtocolNotOffered, 101},
		{"an empty subprotocol", request13, edit(t, answer13, ": chat", ":"), handshake.ErrProtocolNotOffered, 101},
		{"two subprotocols", request13, add("Sec-WebSocket-Protocol: chat"), handshake.ErrDuplicate, 101},
		{"an extension not offered", request13, add("Sec-WebSocket-Extensions: a, c"), handshake.ErrExtensionNotOffered, 101},
		{"extensions that are no list", request13, add("Sec-WebSocket-Extensions: a b"), handshake.ErrBadExtension, 101},

		// The head.
		{"another protocol", request13, "SSH-2.0-OpenSSH_9.2p1\r\n", handshake.ErrNotHTTP, 0},
		{"HTTP/2", request13, "\x00\x00\x12\x04\x00\x00\x00\x00\x00", handshake.ErrNotHTTP, 0},
		{"HTTP/2.0", request13, edit(t, answer13, "HTTP/1.1", "HTTP/2.0"), handshake.ErrNotHTTP, 0},
		{"a status of four digits", request13, edit(t, answer13, "101", "1010"), handshake.ErrNotHTTP, 0},
		{"a status of two digits", request13, edit(t, answer13, "101", "10"), handshake.ErrNotHTTP, 0},
		{"status 000", request13, edit(t, answer13, "101", "000"), handshake.ErrNotHTTP, 0},
		{"bare LF", request13, strings.ReplaceAll(answer13, "\r\n", "\n"), handshake.ErrLineEnd, 0},
		{"folded line", request13, add("A: b\r\n c"), handshake.ErrFieldSyntax, 0},
		{"NUL", request13, add("A: \x00"), handshake.ErrControl, 0},
		{"a long head", request13, add("A: " + strings.Repeat("a", handshake.DefaultMaxHead)), handshake.ErrHeadTooLarge, 0},
		{"many lines", request13, add(strings.Repeat("A: b\r\n", handshake.DefaultMaxLines) + "C: d"), handshake.ErrTooManyLines, 0},
		{"informational answers without end", request13, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", handshake.DefaultMaxLines+1), handshake.ErrTooManyLines, 0},

		// Drafts 75 and 76.
		{"another origin (75)", request75, edit(t, answer75, "http://example.com", "http://other"), handshake.ErrOrigin, 101},
		{"no origin (75)", request75, edit(t, answer75, "WebSocket-Origin: http://example.com\r\n", ""), handshake.ErrOrigin, 101},
		{"another location (75)", request75, edit(t, answer75, "/demo", "/Demo"), handshake.ErrLocation, 101},
		{"a shorter location (75)", request75, edit(t, answer75, "/demo", ""), handshake.ErrLocation, 101},
		{"another scheme (75)", request75, edit(t, answer75, "ws://", "wss://"), handshake.ErrLocation, 101},
		{"no location (75)", request75, edit(t, answer75, "WebSocket-Location", "Location"), handshake.ErrLocation, 101},
		{"another subprotocol (75)", request75, edit(t, answer75, "sample", "other"), handshake.ErrProtocolNotOffered, 101},
		{"the fields of 75 in 76", request76, answer75, handshake.ErrOrigin, 101},
		{"another origin (76)", request76, edit(t, answer76, "http://example.com", "http://other"), handshake.ErrOrigin, 101},
		{"another location (76)", request76, edit(t, answer76, "/demo", "/demo?a"), handshake.ErrLocation, 101},
		{"another subprotocol (76)", request76, edit(t, answer76, "sample", "other"), handshake.ErrProtocolNotOffered, 101},
		{"another proof (76)", request76, edit(t, answer76, "8jKS", "8jkS"), handshake.ErrBadAccept, 101},
	}
	for _, test := range tests {
		for cut, sizes := range cuts(len(test.answer)) {
			c := asked(t, test.request)
			_, done, err := feed(c.Feed, []byte(test.answer), sizes)
			e, ok := errors.AsType[*handshake.Error](err)
			if done || !ok || !errors.Is(err, test.err) || e.Status != test.status || e.Reason == "" ||
				(e.Status != 0) != (e.Header != nil) {
				t.Errorf("%s, %s: %v, %+v", test.name, cut, done, err)
				continue
			}
			if _, again, err2 := c.Feed([]byte(answer13)); again || err2 != err || c.FeedEOF() != err {
				t.Errorf("%s: after the error: %v, %v", test.name, again, err2)
			}
		}
	}
}

func TestClientLimits(t *testing.T) {
	for _, test := range []struct {
		bytes, lines int
		err          error
	}{
		{len(answer13), 5, nil},
		{len(answer13) - 1, 5, handshake.ErrHeadTooLarge},
		{len(answer13), 4, handshake.ErrTooManyLines},
		{-1, -1, nil},
	} {
		for cut, sizes := range cuts(len(answer13)) {
			c := asked(t, request13)
			c.MaxHead, c.MaxLines = test.bytes, test.lines
			if _, done, err := feed(c.Feed, []byte(answer13), sizes); done != (test.err == nil) || !errors.Is(err, test.err) {
				t.Errorf("%+v, %s: %v, %v", test, cut, done, err)
			}
		}
	}
}

// The error describes how a server refuses: status, fields, and the start of the
// body, which ends by its length, by its last chunk, or with the connection.
func TestClientRefused(t *testing.T) {
	long := strings.Repeat("x", 3*handshake.MaxErrorBody)
	tests := []struct {
		name, answer string
		status       int
		body         string
		eof          bool // the body ends with the connection
	}{
		{"a length", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nsorrHTTP", 401, "sorr", false},
		{"no length", "HTTP/1.0 404 Not Found\r\n\r\nsorry", 404, "sorry", true},
		{"no body", "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", 302, "", false},
		{"a status without a body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, "", false},
		{"a status that means success", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", false},
		{"an unknown status", "HTTP/1.1 999\r\nContent-Length: 2\r\n\r\nhi", 999, "hi", false},
		{"half a body", "HTTP/1.1 500 Internal\r\nContent-Length: 10\r\n\r\nhalf", 500, "half", true},
		{"a long body", "HTTP/1.1 500 Internal\r\nContent-Length: 99999999999999999999\r\n\r\n" + long, 500, long[:handshake.MaxErrorBody], false},
		{"a body without end", "HTTP/1.1 500 Internal\r\n\r\n" + long, 500, long[:handshake.MaxErrorBody], false},
		{"chunks", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\nA\r\n, everyone\r\n0\r\n\r\n", 503, "hi, everyone", false},
		{"half the chunks", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nFFFFFFFF\r\n, ev", 503, "hi, ev", true},
		{"no chunks", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhi\r\n", 503, "", false},
		{"a chunk of the maximum size", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n" + long, 503, long[:handshake.MaxErrorBody], false},
		{"chunks with as many bytes as are needed", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + long[:handshake.MaxErrorBody], 503, long[:handshake.MaxErrorBody], false},
		{"chunks of a byte", "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", 4000), 503, "", false},
	}
	for _, test := range tests {
		for cut, sizes := range cuts(len(test.answer)) {
			c := asked(t, request13)
			_, done, err := feed(c.Feed, []byte(test.answer), sizes)
			if done || (err == nil) != test.eof {
				t.Errorf("%s, %s: %v, %v", test.name, cut, done, err)
			}
			if err == nil {
				err = c.FeedEOF()
			}
			e, ok := errors.AsType[*handshake.Error](err)
			if !ok || !errors.Is(err, handshake.ErrStatus) || e.Status != test.status ||
				!strings.HasPrefix(string(e.Body), test.body) || len(e.Body) > handshake.MaxErrorBody ||
				!strings.Contains(e.Error(), fmt.Sprint(test.status)) {
				t.Errorf("%s, %s: %+v", test.name, cut, err)
			}
			if test.body != "" && string(e.Body) != test.body {
				t.Errorf("%s, %s: body %q", test.name, cut, e.Body)
			}
			if test.status == 401 && e.Header.Get("www-authenticate") != "Basic" {
				t.Errorf("%s: %v", test.name, e.Header)
			}
		}
	}
}

// With HeadSuffices no byte of the body of a refusal is waited for.
func TestClientHeadSuffices(t *testing.T) {
	const head, body = "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n", "sorry"
	for _, test := range []struct {
		suffices bool
		first    string // what arrives at once
		want     string // the body of the error; "-" if there is none yet
	}{
		{true, head, ""},
		{true, head + body[:3], body[:3]},
		{true, head[:len(head)-1], "-"},
		{false, head, "-"},
		{false, head + body[:3], "-"},
		{false, head + body, body},
	} {
		c := asked(t, request13)
		c.HeadSuffices = test.suffices
		_, done, err := c.Feed([]byte(test.first))
		e, ok := errors.AsType[*handshake.Error](err)
		if done || ok != (test.want != "-") || ok && (!errors.Is(err, handshake.ErrStatus) || string(e.Body) != test.want) {
			t.Errorf("%v, %q: %v, %v", test.suffices, test.first, done, err)
		}
	}
}

// With NeedsProtocol a server must choose one of the subprotocols, if there are any.
func TestClientNeedsProtocol(t *testing.T) {
	for _, test := range []struct {
		needs     bool
		protocols []string
		field     string
		want      error
	}{
		{true, []string{"chat", "echo"}, "", handshake.ErrNoProtocol},
		{true, []string{"chat", "echo"}, "Sec-WebSocket-Protocol: echo\r\n", nil},
		{true, nil, "", nil},
		{false, []string{"chat", "echo"}, "", nil},
	} {
		c := &handshake.Client{Host: "example.com", Target: "/", Protocols: test.protocols, NeedsProtocol: test.needs}
		request, err := c.AppendRequest(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, key, _ := strings.Cut(string(request), "Sec-WebSocket-Key: ")
		key, _, _ = strings.Cut(key, "\r\n")
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
			base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" + test.field + "\r\n"
		if _, done, err := c.Feed([]byte(answer)); done != (test.want == nil) || !errors.Is(err, test.want) {
			t.Errorf("%q, asked for %q, needs one is %v: done is %v, %v", test.field, test.protocols, test.needs, done, err)
		}
	}
}

// A connection that ends anywhere before the end of the handshake is an error.
func TestClientEOF(t *testing.T) {
	for _, conversation := range [][2]string{{request13, answer13}, {request75, answer75}, {request76, answer76}} {
		for n := range len(conversation[1]) {
			c := asked(t, conversation[0])
			if _, done, err := c.Feed([]byte(conversation[1][:n])); done || err != nil {
				t.Fatal(n, done, err)
			}
			err := c.FeedEOF()
			if !errors.Is(err, handshake.ErrUnexpected) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(n, err)
			}
			if _, ok := errors.AsType[*handshake.Error](err); !ok {
				t.Fatalf("%T", err)
			}
		}
	}
}
