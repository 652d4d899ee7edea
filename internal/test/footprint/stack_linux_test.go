//go:build !race

package footprint

import (
	"runtime"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

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
