//go:build !portable

package serving

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// haveWorkers says that in this build workers serve the connections of a Server.
const haveWorkers = true

// TestWaitingTakesNoGoroutine checks that connections that wait have no goroutines,
// whatever they wait for.
func TestWaitingTakesNoGoroutine(t *testing.T) {
	const conns = 500
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen, wstest.ByTLS} {
		for _, st := range states {
			t.Run(way+"/"+st.name, func(t *testing.T) {
				h := newHost(t, way, nil)
				h.arrive().open() // so that everything that is needed once is there
				before := runtime.NumGoroutine()
				var guests []*guest
				for range conns {
					g := h.arrive()
					st.reach(g)
					guests = append(guests, g)
				}
				last := h.arrive() // when it is served, all before it have been accepted
				last.open()
				last.echo("x")
				// There may be workers that have not ended yet.
				more := 0
				eventually(t, func() bool {
					more = runtime.NumGoroutine() - before
					return more <= conns/10
				}, func() string { return fmt.Sprintf("%d connections have %d goroutines", conns, more) })
				for _, g := range guests {
					st.leave(g)
				}
			})
		}
	}
}

// TestClientThatWaitsForTheResponse checks that a client that has sent its request has no
// goroutine until the response comes, and that the open event follows then.
func TestClientThatWaitsForTheResponse(t *testing.T) {
	const conns = 200
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	opts := wstest.OwnDispatcher(&airsocket.Options{HandshakeTimeout: -1})
	outcomes := make(chan error, conns)
	before := runtime.NumGoroutine()
	var servers []*wstest.RawPeer
	for range conns {
		s := airsocket.NewSocket(opts)
		s.OnOpen(func(*airsocket.OpenEvent) { outcomes <- nil })
		s.OnError(func(e *airsocket.ErrorEvent) { outcomes <- e.Err })
		if err := s.Connect("ws://" + l.Addr().String() + "/"); err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		servers = append(servers, wstest.NewRawPeer(t, conn, false))
	}
	more := 0
	eventually(t, func() bool {
		more = runtime.NumGoroutine() - before
		return more <= conns/10
	}, func() string { return fmt.Sprintf("%d clients have %d goroutines", conns, more) })
	for _, p := range servers {
		p.Accept()
	}
	for range conns {
		if err := <-outcomes; err != nil {
			t.Fatal(err)
		}
	}
}
