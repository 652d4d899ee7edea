package airsocket_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// pipesTo connects n clients that read nothing after the response to srv, in a bubble, and
// returns the sockets of the Server, and a function that ends all. ended is called for each
// error and close event with the number of the socket.
func pipesTo(t *testing.T, srv *airsocket.Server, n int, ended func(i int, what string)) (sockets []*airsocket.Socket, peers []*wstest.RawPeer, end func()) {
	t.Helper()
	srv.Options = wstest.OwnDispatcher(srv.Options)
	srv.OnConnect(func(s *airsocket.Socket) {
		i := len(sockets)
		sockets = append(sockets, s)
		s.OnError(func(e *airsocket.ErrorEvent) {
			ended(i, fmt.Sprint("error ", errors.Is(e.Err, airsocket.ErrServerBuffered)))
		})
		s.OnClose(func(e *airsocket.CloseEvent) { ended(i, fmt.Sprint("close ", e.Code, " ", e.WasClean)) })
	})
	l := newPipeListener()
	go srv.Serve(l)
	for range n {
		here, there := net.Pipe()
		l.conns <- there
		p := wstest.NewRawPeer(t, here, true)
		p.Open()
		peers = append(peers, p)
		synctest.Wait()
	}
	return sockets, peers, func() {
		srv.Close()
		for _, p := range peers {
			p.Close()
		}
		synctest.Wait()
		if n := srv.Held(); n != 0 {
			t.Errorf("%d bytes are left in the sum", n)
		}
	}
}

// TestServerMaxBuffered checks that the socket with the most waiting bytes is closed, and that
// the others get everything.
func TestServerMaxBuffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		srv := &airsocket.Server{MaxBuffered: 1 << 20}
		sockets, peers, end := pipesTo(t, srv, 10, func(i int, what string) { events = append(events, fmt.Sprint(i, " ", what)) })
		sizes := []int{30_000, 30_000, 30_000, 30_000, 30_000, 120_000, 120_000, 120_000, 120_000, 500_000} // buffers are powers of two
		for i, s := range sockets {
			if err := s.Send(strings.Repeat("x", sizes[i])); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if got, want := fmt.Sprint(events), "[9 error true 9 close 1008 false]"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		if n := srv.Held(); n > 9<<20/10 {
			t.Errorf("%d bytes are left", n)
		}
		for i, p := range peers[:9] {
			p.Want(wstest.OpText, strings.Repeat("x", sizes[i]))
		}
		synctest.Wait()
		if n := srv.Held(); n != 0 {
			t.Errorf("%d bytes wait after all was read", n)
		}
		end()
	})
}

// TestServerMaxBufferedLooksSeldom checks that the Server does not look through all sockets
// for each message above the bound, but at most once for each tenth of the bound.
func TestServerMaxBufferedLooksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, bound, each = 400, 100 << 10, 1 << 10
		closed := 0
		srv := &airsocket.Server{MaxBuffered: bound}
		sockets, _, end := pipesTo(t, srv, n, func(_ int, what string) {
			if what == "close 1008 false" {
				closed++
			}
		})
		for range 2 {
			for _, s := range sockets {
				s.Send(strings.Repeat("x", each))
				synctest.Wait()
				if held := srv.Held(); held > bound {
					t.Fatalf("%d bytes are held", held)
				}
			}
		}
		// A buffer that is being filled counts as a whole.
		if most, looks := 2*n*2*each/(bound/10)+1, srv.Looks(); looks == 0 || looks > most || closed < n/2 {
			t.Errorf("looked %d times, at most %d, and closed %d", looks, most, closed)
		}
		end()
	})
}

// TestServerMaxBufferedOfMessages checks, in every way of serving, that messages that are being
// put together count, and that those with less stay.
func TestServerMaxBufferedOfMessages(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		ends := make(chan string, 10)
		srv := wstest.Echoing(&airsocket.Server{MaxBuffered: 1 << 20, Options: &airsocket.Options{Hooks: &airsocket.Hooks{
			Closed: func(_ *airsocket.Socket, e *airsocket.CloseEvent) { ends <- fmt.Sprint(e.Code, " ", e.WasClean) },
		}}})
		url := wstest.ServeWay(t, srv, way)
		small, large := wstest.ConnectRaw(t, url), wstest.ConnectRaw(t, url)
		small.Send(wstest.OpText&0x7F, "begin ")
		piece := wstest.Frame(true, 0, strings.Repeat("x", 64<<10))
		large.Send(wstest.OpText&0x7F, "x")
		for range 32 {
			if _, err := large.Write(piece); err != nil {
				break
			}
		}
		if got := wstest.Receive(t, ends); got != "1008 false" {
			t.Errorf("ended with %s", got)
		}
		if workers, _ := airsocket.Workers(); way == wstest.ByTLS && workers == 0 {
			large.WantCloseOrEnd() // a goroutine writes, and the connection may end before it has
		} else {
			large.WantClose(airsocket.StatusPolicyViolation)
		}
		small.Send(0x80, "end")
		small.Want(wstest.OpText, "begin end")
		small.Send(wstest.OpClose, "")
		small.Want(wstest.OpClose, "")
		small.Close()
		wstest.Receive(t, ends)
		wstest.Eventually(t, func() bool { return srv.Held() == 0 }, func() string { return "some bytes are left in the sum" })
	})
}

// TestServerMaxBufferedOfSlowPeers checks, in every way of serving, that a peer that reads
// nothing is closed while another goes on.
func TestServerMaxBufferedOfSlowPeers(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		failed := make(chan error, 1)
		srv := &airsocket.Server{MaxBuffered: 4 << 20, Options: &airsocket.Options{MaxBuffered: -1}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) {
				if e.Text() != "flood" {
					s.Send(e.Text())
					return
				}
				s.OnError(func(e *airsocket.ErrorEvent) { failed <- e.Err })
				go func() {
					for s.Send(strings.Repeat("x", 100_000)) == nil {
					}
				}()
			})
		})
		url := wstest.ServeWay(t, srv, way)
		slow, other := wstest.ConnectRaw(t, url), wstest.ConnectRaw(t, url)
		slow.Send(wstest.OpText, "flood")
		if err := wstest.Receive(t, failed); !errors.Is(err, airsocket.ErrServerBuffered) || !errors.Is(err, airsocket.ErrUnsent) {
			t.Errorf("the flood ended with %v", err)
		}
		other.Send(wstest.OpText, "still here")
		other.Want(wstest.OpText, "still here")
		wstest.Eventually(t, func() bool { return srv.Held() == 0 }, func() string { return "some bytes are left in the sum" })
	})
}
