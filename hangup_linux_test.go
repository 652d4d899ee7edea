package airsocket_test

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestHangupWithData checks that the end of a connection is noticed when it comes
// in the same packet as the last data, or before that is read, although the reader
// does not read until nothing is left.
func TestHangupWithData(t *testing.T) {
	wstest.EachWay(t, testHangupWithData)
}

func testHangupWithData(t *testing.T, way string) {
	for name, answers := range map[string]bool{"with an answer": true, "without an answer": false} {
		t.Run(name, func(t *testing.T) {
			const conns = 300 // more than are checked at once
			closed := make(chan airsocket.StatusCode, conns)
			texts := make(chan string, conns)
			srv := new(airsocket.Server)
			srv.OnConnect(func(s *airsocket.Socket) {
				s.OnMessage(func(e *airsocket.MessageEvent) {
					texts <- e.Text()
					if answers {
						s.Send(e.Text())
					}
				})
				s.OnClose(func(e *airsocket.CloseEvent) { closed <- e.Code })
			})
			url := wstest.ServeWay(t, srv, way)
			for range conns {
				c := dialCorked(t, url)
				tcp := wstest.Below(c).(*net.TCPConn)
				cork(tcp)
				c.Write([]byte{0x81, 0x85, 1, 2, 3, 4, 'h' ^ 1, 'e' ^ 2, 'l' ^ 3, 'l' ^ 4, 'o' ^ 1})
				tcp.CloseWrite()
			}
			for range conns {
				if got := <-texts; got != "hello" {
					t.Errorf("got %q", got)
				}
				if code := <-closed; code != airsocket.StatusAbnormalClosure {
					t.Errorf("closed with %d", code)
				}
			}
		})
	}
}

// cork holds back what is sent until the FIN can go with it.
func cork(c *net.TCPConn) {
	raw, _ := c.SyscallConn()
	raw.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, 3 /* TCP_CORK */, 1)
	})
}

// dialCorked opens a connection and completes the opening handshake on it.
func dialCorked(t *testing.T, url string) net.Conn {
	t.Helper()
	c, err := wstest.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.Write([]byte("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	head := make([]byte, 4096)
	n, err := c.Read(head)
	if err != nil || !strings.HasSuffix(string(head[:n]), "\r\n\r\n") {
		t.Fatalf("%q %v", head[:n], err)
	}
	return c
}
