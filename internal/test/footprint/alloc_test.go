//go:build !race

package footprint

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// Receiving a binary message and sending it back allocates nothing, in either
// role. With the race detector, sync.Pool drops items at random, so this test
// does not run with it.
func TestEchoAllocatesNothing(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		for _, size := range []int{0, 16, 125, 126, 1 << 10, 16 << 10, 64 << 10} {
			for _, client := range []bool{false, true} {
				t.Run(fmt.Sprintf("parallel=%v/%d/client=%v", parallel, size, client), func(t *testing.T) {
					testEchoAllocs(t, &airsocket.Options{Parallel: parallel, Dispatcher: new(airsocket.Dispatcher)}, size, client)
				})
			}
		}
	}
}

func testEchoAllocs(t *testing.T, opts *airsocket.Options, size int, client bool) {
	theirs, ours := wstest.TCPPair(t)
	p := wstest.NewRawPeer(t, theirs, !client)
	opts.Dial = wstest.DialTo(ours)
	s := airsocket.NewSocket(opts)
	s.OnMessage(func(e *airsocket.MessageEvent) { s.SendBytes(e.Bytes()) })
	closed := make(chan struct{})
	s.OnClose(func(*airsocket.CloseEvent) { close(closed) })
	if client {
		s.Connect("ws://example.com/")
	} else {
		s.StartServer(ours)
	}
	p.OpenAsEither()

	wantNoAllocs(t, p, size)
	theirs.Close()
	<-closed
}

// TestEchoOfAServerAllocatesNothing checks the same for each way to serve.
func TestEchoOfAServerAllocatesNothing(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		wstest.SkipTLS(t, way, "crypto/tls allocates for each attempt to read a record")
		for _, parallel := range []bool{false, true} {
			srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: parallel}})
			p := wstest.ConnectRaw(t, wstest.ServeWay(t, srv, way))
			for _, size := range []int{16, 1 << 10, 64 << 10} {
				wantNoAllocs(t, p, size)
			}
		}
	})
}

// wantNoAllocs exchanges binary messages of the given size with a Socket that sends them
// back.
func wantNoAllocs(t *testing.T, p *wstest.RawPeer, size int) {
	t.Helper()
	one := p.Frame(wstest.OpBinary, strings.Repeat("x", size))
	back := make([]byte, len(one)+4*btoi(!p.Client)-4*btoi(p.Client))
	echo := func() {
		if _, err := p.Write(one); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(p.Conn, back); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 { // to fill the pools
		echo()
	}
	if n := testing.AllocsPerRun(1000, echo); n != 0 {
		t.Errorf("%v allocations for each message of %d bytes", n, size)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
