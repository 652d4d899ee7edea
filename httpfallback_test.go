package airsocket_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestHandlerOverTLS checks that a request that a Server passes to its Handler
// looks like one of net/http, and that an opening handshake may follow on the same
// connection.
func TestHandlerOverTLS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	srv := &airsocket.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.TLS != nil && r.TLS.HandshakeComplete)
		}),
	}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	addr := strings.Trim(strings.TrimPrefix(wstest.Serve(t, srv), "ws:"), "/")
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: root.Pool()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "true" {
		t.Errorf("the request says that it is over TLS: %q", body)
	}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	if res, err = http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	c.Write([]byte{0x81, 0x82, 0, 0, 0, 0, 'h', 'i'})
	var answer [4]byte
	if _, err := io.ReadFull(r, answer[:]); err != nil || string(answer[:]) != "\x81\x02hi" {
		t.Errorf("%q %v", answer, err)
	}
}
