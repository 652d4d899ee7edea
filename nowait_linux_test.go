//go:build !386 && !s390x && !race && !msan && !asan

package airsocket_test

import (
	"context"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestDescriptorThatWaits checks that a connection whose descriptor has been made
// blocking, as os.File.Fd does, does not stop the other goroutines of the process.
// All of them share one processor here.
func TestDescriptorThatWaits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := new(airsocket.Server)
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(waitingListener{l}) })
	p := wstest.ConnectRaw(t, "ws://"+l.Addr().String())
	for range 3 {
		p.Send(wstest.OpText, "echo")
		if first, payload, err := p.ReadFrame(); first != wstest.OpText || payload != "echo" || err != nil {
			t.Fatalf("%x %q %v", first, payload, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), wstest.Patience)
	defer cancel()
	p.Close()
	if err := srv.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// A waitingListener accepts connections with blocking descriptors.
type waitingListener struct{ net.Listener }

func (l waitingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	raw.Control(func(fd uintptr) { err = syscall.SetNonblock(int(fd), false) })
	return conn, err
}
