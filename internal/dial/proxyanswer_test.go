//go:build !js

package dial

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/airsocket/airsocket/handshake"
)

// readerConn is a connection from which the data of a proxy is read in pieces.
type readerConn struct {
	net.Conn
	data []byte
	size func() int // returns the size of the next piece
}

func (c *readerConn) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.data[:min(c.size(), len(c.data))])
	c.data = c.data[n:]
	return n, nil
}

// The result does not depend on how a response is cut, nor on the bytes that follow
// it.
func TestProxyAnswer(t *testing.T) {
	const continued = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
	cuts := map[string]func() int{
		"whole":        func() int { return 1 << 20 },
		"byte by byte": func() int { return 1 },
		"at random":    func() int { return 1 + rand.IntN(9) },
	}
	for _, c := range []struct {
		head         string
		status       int
		bytes, lines int // limits
		want         error
	}{
		{"HTTP/1.1 200 OK\r\n\r\n", 200, -1, -1, nil},
		{"HTTP/1.0 204\n\n", 204, -1, -1, nil},
		{continued + "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 200, 60, 6, nil},
		{continued + "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 0, 50, -1, handshake.ErrHeadTooLarge},
		{continued + "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", 0, -1, 5, handshake.ErrTooManyLines},
		{"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, -1, -1, nil},
		{"HTTP/2.0 200 OK\r\n\r\n", 0, -1, -1, handshake.ErrNotHTTP},
		{"HTTP/1.1 +20 OK\r\n\r\n", 0, -1, -1, handshake.ErrNotHTTP},
		{"HTTP/1.1 200 OK\r\nX: y", 0, -1, -1, handshake.ErrUnexpected},
		{"", 0, -1, -1, handshake.ErrUnexpected},
	} {
		for name, size := range cuts {
			rest := ""
			if c.want == nil {
				rest = "what follows"
			}
			conn := &readerConn{data: []byte(c.head + rest), size: size}
			a := proxyAnswer{conn: conn, bytes: c.bytes, lines: c.lines}
			status, err := a.read()
			if status != c.status || !errors.Is(err, c.want) {
				t.Errorf("%q %s: %d, %v, want %d, %v", c.head, name, status, err, c.status, c.want)
				continue
			}
			if c.want != nil {
				continue
			}
			if got, _ := io.ReadAll(&PrefixConn{conn, a.rest()}); string(got) != rest {
				t.Errorf("%q %s: followed by %q", c.head, name, got)
			}
		}
	}
}

func TestProxyAnswerRefusal(t *testing.T) {
	const text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nname and more"
	for _, n := range []int{1, 7, 1 << 20} {
		a := proxyAnswer{conn: &readerConn{data: []byte(text), size: func() int { return n }}, bytes: -1, lines: -1}
		if status, err := a.read(); status != 407 || err != nil {
			t.Fatal(status, err)
		}
		e, ok := a.refusal().(*ProxyError)
		if !ok || e.Status != 407 || e.Header.Get("Proxy-Authenticate") != "Basic" || string(e.Body) != "name" {
			t.Errorf("in pieces of %d bytes: %+v", n, e)
		}
	}
}
