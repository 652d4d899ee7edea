//go:build !portable

package serving

import (
	"fmt"
	"net"
	"net/netip"
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
				wstest.Eventually(t, func() bool {
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
	wstest.Eventually(t, func() bool {
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

// TestProxyHeaderTakesNoGoroutine checks that a connection whose PROXY header has not come
// yet, or only a part of it, or nothing after it, has no goroutine.
func TestProxyHeaderTakesNoGoroutine(t *testing.T) {
	const conns = 200
	const header = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen, wstest.ByTLS} {
		t.Run(way, func(t *testing.T) {
			srv := wstest.Echoing(&airsocket.Server{
				Options:       &airsocket.Options{HandshakeTimeout: -1},
				ProxyProtocol: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
			})
			url := wstest.ServeWay(t, srv, way)
			open := func(sent int) *wstest.RawPeer {
				p := wstest.DialRaw(t, url)
				p.TCP().Write([]byte(header[:sent]))
				return p
			}
			open(len(header)).Open() // so that everything that is needed once is there
			before := runtime.NumGoroutine()
			var guests []*wstest.RawPeer
			var left []string
			for i := range conns {
				sent := []int{0, 1, 20, len(header)}[i%4]
				guests, left = append(guests, open(sent)), append(left, header[sent:])
			}
			open(len(header)).Open() // when it is served, all before it have been accepted
			more := 0
			wstest.Eventually(t, func() bool {
				more = runtime.NumGoroutine() - before
				return more <= conns/10
			}, func() string { return fmt.Sprintf("%d connections have %d goroutines", conns, more) })
			for i, g := range guests {
				g.TCP().Write([]byte(left[i]))
				g.Open()
				g.Send(0x81, "hello")
				g.Want(0x81, "hello")
				g.Close()
			}
		})
	}
}
