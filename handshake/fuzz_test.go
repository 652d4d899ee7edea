package handshake_test

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// FuzzServer feeds arbitrary bytes, as a whole and byte by byte, with the same
// result. A request that the Server accepts is read in the same way by package net/http, as
// it would be by a proxy, and a Client accepts the response.
func FuzzServer(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.request)
	}
	f.Add([]byte(browserRequest))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte(strings.Repeat("M", 33) + " / HTTP/1.1\r\n"))
	f.Add([]byte(strings.Replace(browserRequest, "GET ", "GET http://x%ec", 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 2048
		whole, pieces := handshake.Server{MaxHead: limit}, handshake.Server{MaxHead: limit}
		rest, done, err := feed(whole.Feed, data, []int{len(data)})
		rest2, done2, err2 := feed(pieces.Feed, data, ones(len(data)))
		if errors.Is(err, handshake.ErrNotUpgrade) {
			if got := string(pieces.Buffered()) + string(rest2); got != string(data) || string(whole.Buffered()) != string(data) {
				t.Errorf("given back %q", got)
			}
			return
		}
		if done != done2 || done && string(rest) != string(rest2) || !sameError(err, err2) ||
			!reflect.DeepEqual(whole.Request(), pieces.Request()) {
			t.Fatalf("whole: %q, %v, %v\nbytes: %q, %v, %v", rest, done, err, rest2, done2, err2)
		}
		if !done {
			return
		}
		r := whole.Request()
		checkReading(t, data, r)
		a := handshake.Accept{Extensions: r.Extensions}
		if len(r.Protocols) > 0 {
			a.Protocol = r.Protocols[0]
		}
		answer, err := whole.AppendAccept(nil, a)
		if err != nil {
			t.Fatal(err)
		}
		c := clientFor(&whole)
		if r.Version < wire.Hybi06 && (r.Origin == "" || a.Protocol == "" || c.Protocols[0] != a.Protocol) {
			return // a Client cannot send this request
		}
		if _, err := c.AppendRecorded(nil, &whole); err != nil {
			return
		}
		if rest, done, err := c.Feed(answer); !done || len(rest) != 0 {
			t.Errorf("%q: %q, %v, %v", answer, rest, done, err)
		}
	})
}

// checkReading checks that net/http reads data as the request r. It may reject what the
// Server accepts, but not because of a field, which another program would misread.
func checkReading(t *testing.T, data []byte, r *handshake.Request) {
	t.Helper()
	web, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
	if err != nil {
		if strings.Contains(err.Error(), "MIME header") {
			t.Errorf("net/http: %v", err)
		}
		return
	}
	target := web.RequestURI
	if target[0] != '/' { // a URL, whose path may be empty
		if _, target, _ = strings.Cut(target, "://"+web.Host); target == "" || target[0] == '?' {
			target = "/" + target
		}
	}
	if web.Method != r.Method || web.Host != r.Host || target != r.Target {
		t.Errorf("%s %s on %s, but in net/http %s %s on %s", r.Method, r.Target, r.Host, web.Method, web.RequestURI, web.Host)
	}
	for _, f := range r.Header {
		if !strings.EqualFold(f.Name, "Host") && !slices.Equal(web.Header.Values(f.Name), r.Header.Values(f.Name)) {
			t.Errorf("%s: %q, but in net/http %q", f.Name, r.Header.Values(f.Name), web.Header.Values(f.Name))
		}
	}
}

// FuzzClient feeds arbitrary bytes as the response, as a whole and byte by byte, with
// the same result.
func FuzzClient(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(uint8(v.version()), v.response)
	}
	f.Add(uint8(wire.Hybi13), []byte(answer13))
	f.Add(uint8(wire.Hybi13), []byte("HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\nA\r\n, everyone\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, version uint8, data []byte) {
		c := handshake.Client{Version: wire.Version(version), Host: "127.0.0.1:7626", Target: "/echo", Origin: "http://example.com",
			Random: sampleNonce, MaxHead: 2048}
		if _, err := c.AppendRequest(nil); err != nil {
			return
		}
		bytes := c
		rest, done, err := feed(c.Feed, data, []int{len(data)})
		rest2, done2, err2 := feed(bytes.Feed, data, ones(len(data)))
		if done != done2 || done && string(rest) != string(rest2) || !sameError(err, err2) ||
			!reflect.DeepEqual(c.Result(), bytes.Result()) {
			t.Fatalf("whole: %q, %v, %v\nbytes: %q, %v, %v", rest, done, err, rest2, done2, err2)
		}
		err, err2 = c.FeedEOF(), bytes.FeedEOF()
		if !sameError(err, err2) || (err == nil) != done {
			t.Fatalf("%v, %v", err, err2)
		}
		if e, ok := errors.AsType[*handshake.Error](err); ok && len(e.Body) > handshake.MaxErrorBody {
			t.Error(len(e.Body))
		}
	})
}

// FuzzParseExtensions checks that every accepted value can be written and parsed
// again.
func FuzzParseExtensions(f *testing.F) {
	f.Add(`permessage-deflate; client_max_window_bits, a; b="1\5"; c, d`)
	f.Add(`a; b="c\\d"`)
	f.Fuzz(func(t *testing.T, value string) {
		offers, err := handshake.ParseExtensions([]string{value})
		if err != nil {
			return
		}
		text := string(handshake.AppendExtensions(nil, offers))
		again, err := handshake.ParseExtensions([]string{text})
		if err != nil || !reflect.DeepEqual(offers, again) {
			t.Errorf("%q: %v, then %q: %v, %v", value, offers, text, again, err)
		}
	})
}

func ones(n int) []int { return cuts(n)["bytes"] }

// sameError reports whether both are nil, or both are equal *Errors.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, ok := errors.AsType[*handshake.Error](a)
	y, ok2 := errors.AsType[*handshake.Error](b)
	return ok && ok2 && x.Reason == y.Reason && x.Status == y.Status && reflect.DeepEqual(x.Header, y.Header) &&
		string(x.Body) == string(y.Body)
}
