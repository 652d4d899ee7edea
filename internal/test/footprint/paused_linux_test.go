//go:build !race && !portable

package footprint

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMemoryOfAPausedSocket checks that a Socket that is paused by the handler of a message
// does not keep that message, and keeps of those that have arrived with it, which it
// delivers after Resume, little more than their bytes.
func TestMemoryOfAPausedSocket(t *testing.T) {
	const conns, most = 300, 4 << 10
	var short []string
	for i := range 16 {
		short = append(short, fmt.Sprintf("%d %s", i, strings.Repeat("m", 100)))
	}
	for _, messages := range [][]string{short, {strings.Repeat("l", 100_000)}} {
		t.Run(fmt.Sprintf("%d of %d bytes", len(messages), len(messages[0])), func(t *testing.T) {
			srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
			paused := make(chan *airsocket.Socket, conns)
			ended := make(chan struct{}, conns+10)
			srv.OnConnect(func(s *airsocket.Socket) {
				got := 0
				s.OnMessage(func(e *airsocket.MessageEvent) {
					if got == 0 {
						s.Pause()
						paused <- s
					}
					if e.Text() != messages[got] {
						t.Errorf("message %d is %.10q", got, e.Text())
					}
					if got++; got == len(messages) {
						ended <- struct{}{}
					}
				})
			})
			addr := wstest.HostOf(wstest.Serve(t, srv))
			var together []byte
			for _, m := range messages {
				together = append(together, wstest.Frame(true, wstest.OpText, m)...)
			}
			buf := make([]byte, 1024)
			sockets := make([]*airsocket.Socket, 0, conns+10)
			pause := func(n int) {
				for range n {
					fd := descriptor(dialBlocking(t, addr))
					open(t, fd, buf)
					if err := syscall.Sendto(int(fd), together, 0, nil); err != nil {
						t.Fatal(err)
					}
					sockets = append(sockets, <-paused)
				}
			}
			pause(10) // what is needed once
			before := allocated()
			pause(conns)
			if each := (allocated() - before) / conns; each > most {
				t.Errorf("%d bytes for each paused socket, want %d at most", each, most)
			} else {
				t.Logf("%d bytes for each paused socket", each)
			}
			for _, s := range sockets {
				s.Resume()
			}
			for range sockets {
				<-ended
			}
		})
	}
}
