//go:build !race && !portable

package footprint

import (
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMemoryOfPings checks how much more memory a connection takes that has sent a ping and
// received a pong than one that sends no pings.
func TestMemoryOfPings(t *testing.T) {
	const most = 128 // of which up to 30 because the tables of the process grow in steps
	for _, parallel := range []bool{true, false} {
		t.Run(fmt.Sprintf("parallel=%v", parallel), func(t *testing.T) {
			var with, without int64
			t.Run("without", func(t *testing.T) { without = memoryOfPings(t, parallel, 0) })
			t.Run("with", func(t *testing.T) { with = memoryOfPings(t, parallel, time.Second) })
			if with-without > most {
				t.Errorf("%d bytes for each connection, and %d with pings, want %d more at most", without, with, most)
			} else {
				t.Logf("%d bytes for each connection, and %d with pings", without, with)
			}
		})
	}
}

// memoryOfPings returns how much memory a connection to a server takes after an echo and,
// if there is an interval, a ping and its pong.
func memoryOfPings(t *testing.T, parallel bool, interval time.Duration) int64 {
	const conns = 4000
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Parallel: parallel, PingInterval: interval, PongTimeout: time.Hour}})
	addr := wstest.HostOf(wstest.Serve(t, srv))
	buf := make([]byte, 1024)
	fds := make([]descriptor, 0, 100+conns)
	defer func() {
		for _, fd := range fds {
			syscall.Close(int(fd))
		}
	}()
	connect := func(n int) {
		from := len(fds)
		for range n {
			fd := descriptor(connectBlocking(t, addr))
			fds = append(fds, fd)
			open(t, fd, buf)
		}
		for _, fd := range fds[from:] {
			frames := wstest.Frame(true, wstest.OpText, "echo")
			if interval > 0 {
				fd.want(t, buf, wstest.Frame(false, wstest.OpPing, ""))
				frames = append(wstest.Frame(true, wstest.OpPong, ""), frames...)
			}
			fd.Write(frames) // at once, because Nagle's algorithm holds a second write up
			fd.want(t, buf, wstest.Frame(false, wstest.OpText, "echo"))
		}
	}
	connect(100) // what is needed once
	before := allocated()
	connect(conns)
	return (allocated() - before) / conns
}

// want receives a frame. Nothing but pings may come before it.
func (fd descriptor) want(t *testing.T, buf, frame []byte) {
	t.Helper()
	ping := wstest.Frame(false, wstest.OpPing, "")
	for {
		head := buf[:len(ping)]
		if _, err := io.ReadFull(fd, head); err != nil {
			t.Fatal(err)
		}
		if string(head) == string(ping) && string(frame) != string(ping) {
			continue
		}
		rest := buf[len(head):len(frame)]
		if _, err := io.ReadFull(fd, rest); err != nil || string(buf[:len(frame)]) != string(frame) {
			t.Fatalf("%q, %v, want %q", buf[:len(frame)], err, frame)
		}
		return
	}
}
