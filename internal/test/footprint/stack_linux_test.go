//go:build !race

package footprint

import (
	"runtime"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A handler that needs a large stack must not leave an idle connection with it, if the
// connection has a goroutine.
func TestDeepHandlersLeaveSmallStacks(t *testing.T) {
	const conns, kept = 200, 3 << 10
	srv := new(airsocket.Server)
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendBytes([]byte{useStack(60)}) })
	})
	url := wstest.ServeWay(t, srv, wstest.ByOther)
	stacks := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.StackInuse
	}
	before := stacks()
	var open []*wstest.RawPeer
	for range conns {
		p := wstest.ConnectRaw(t, url)
		p.SetDeadline(time.Time{}) // there is one for the whole test below
		open = append(open, p)
	}
	each := func() int64 { return (int64(stacks()) - int64(before)) / conns }
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(wstest.Patience); ; {
		for _, p := range open {
			p.Send(wstest.OpBinary, "x")
			if _, _, err := p.ReadFrame(); err != nil {
				t.Fatal(err)
			}
		}
		for range 50 {
			if <-tick.C; each() <= kept {
				return
			}
		}
		// The runtime makes the stacks of new goroutines as large as the average
		// that the last garbage collection found in use, which may have changed
		// since.
		if time.Now().After(end) {
			t.Fatalf("an idle connection has a stack of %d bytes", each())
		}
	}
}

// TestEchoKeepsSmallStacks checks that a connection that echoes a message does so on the
// 2 KiB of stack with which its goroutine began.
func TestEchoKeepsSmallStacks(t *testing.T) {
	const conns, kept = 1000, 3 << 10
	for _, parallel := range []bool{true, false} {
		srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: parallel}})
		url := wstest.ServeWay(t, srv, wstest.ByOther)
		before := stackInUse()
		var open []*wstest.RawPeer
		for range conns {
			p := wstest.ConnectRaw(t, url)
			p.SetDeadline(time.Time{})
			open = append(open, p)
		}
		runtime.GC() // frees the stacks of the handshakes
		for _, p := range open {
			p.Send(wstest.OpText, "echo")
		}
		for _, p := range open {
			p.Want(wstest.OpText, "echo")
		}
		// Nothing is collected here: a stack that has grown would shrink again.
		if each := (stackInUse() - before) / conns; each > kept {
			t.Errorf("parallel=%v: %d bytes of stack for each connection", parallel, each)
		}
		for _, p := range open {
			p.Close()
		}
	}
}

func stackInUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.StackInuse)
}

//go:noinline
func useStack(n int) byte {
	var frame [256]byte
	if n > 0 {
		frame[n] = useStack(n - 1)
	}
	return frame[n%256]
}
