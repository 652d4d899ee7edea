//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

const request = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// wantAccepted checks that the server has accepted the request on conn.
func wantAccepted(t *testing.T, conn net.Conn) *bufio.Reader {
	t.Helper()
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res.Status)
	}
	return r
}

// TestHalfOpen checks that the old process completes an opening handshake of which it had
// only a part, and then closes that socket too.
func TestHalfOpen(t *testing.T) {
	s := serve(t, nil, os.Stderr)
	conn := dial(t, s.addr)
	io.WriteString(conn, request[:50])
	other := stage.Connect(t, nil, "ws://"+s.addr)
	other.Want("open ") // connections are accepted in order
	other.Send("x")
	other.Want(fmt.Sprint("text ", s.pid, " has x"))

	s.restart()
	other.Want("close 1001 restart") // so the old process is about to end
	io.WriteString(conn, request[50:])
	closeFrame := []byte("\x88\x09\x03\xe9restart")
	if p, err := io.ReadAll(io.LimitReader(wantAccepted(t, conn), int64(len(closeFrame)))); err != nil || !bytes.Equal(p, closeFrame) {
		t.Errorf("%q %v", p, err)
	}
	conn.Close()
	if got := s.stop(); !slices.Equal(got, []string{"x"}) {
		t.Errorf("journal: %q", got)
	}
}

// TestBacklog checks that connections that the system has accepted, and the old process has
// not, are served by one of the processes.
func TestBacklog(t *testing.T) {
	s := serve(t, nil, os.Stderr)
	s.signal(syscall.SIGSTOP)
	var conns []net.Conn
	for range 100 {
		conn := dial(t, s.addr)
		io.WriteString(conn, request)
		conns = append(conns, conn)
	}
	s.signal(syscall.SIGHUP)
	s.signal(syscall.SIGCONT)
	s.replaced()
	for _, conn := range conns {
		wantAccepted(t, conn)
		conn.Close()
	}
	s.stop()
}
