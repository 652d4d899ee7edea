//go:build !js

package dial

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
)

// FuzzProxyAnswer reads arbitrary responses of an HTTP proxy: the result does not depend
// on how they are cut, and no more is kept than the limits allow.
func FuzzProxyAnswer(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK\r\n\r\nrest", "HTTP/1.0 204\n\n", "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno",
		"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.1 502 \r\nA\r\n\r\n", strings.Repeat("HTTP/1.1 100 \r\n\r\n", 30)} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		const bytes, lines = 300, 20
		read := func(size int) (a *proxyAnswer, status int, err error) {
			a = &proxyAnswer{conn: &readerConn{data: data, size: func() int { return size }}, bytes: bytes, lines: lines}
			status, err = a.read()
			if len(a.buf) > bytes || a.count > lines+1 {
				t.Fatalf("%d bytes and %d lines are kept", len(a.buf), a.count)
			}
			return a, status, err
		}
		whole, status, err := read(1 << 20)
		pieces, status2, err2 := read(1 + int(piece))
		if status != status2 || err != err2 {
			t.Fatalf("whole: %d, %v; in pieces: %d, %v", status, err, status2, err2)
		}
		if err != nil {
			return
		}
		if status < 200 && status != 101 || status > 999 || whole.start != pieces.start || whole.line != pieces.line {
			t.Fatalf("status %d, from %d to %d; in pieces from %d to %d", status, whole.start, whole.line, pieces.start, pieces.line)
		}
		refused, refused2 := whole.refusal(), pieces.refusal()
		if refused.Error() != refused2.Error() {
			t.Fatalf("whole: %v; in pieces: %v", refused, refused2)
		}
		e, ok := errors.AsType[*ProxyError](refused)
		if !ok {
			if !errors.Is(refused, handshake.ErrFieldSyntax) {
				t.Fatal(refused)
			}
			return
		}
		if e2, _ := errors.AsType[*ProxyError](refused2); e.Status != status || len(e.Body) > handshake.MaxErrorBody || string(e.Body) != string(e2.Body) {
			t.Fatalf("status %d, body %q; in pieces %q", e.Status, e.Body, e2.Body)
		}
	})
}
