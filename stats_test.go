package airsocket_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// accepted sends a request on conn and reads the response.
func accepted(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.Write([]byte(wstest.UpgradeRequest))
	if _, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil {
		t.Fatal(err)
	}
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), HandshakeTimeout: -1}}
		var all []*airsocket.Socket
		srv.OnConnect(func(s *airsocket.Socket) { all = append(all, s) })
		l := newPipeListener()
		go srv.Serve(l)
		var conns []net.Conn
		for i := range 6 {
			conns = append(conns, l.dial())
			if i > 0 { // the first one has sent nothing yet
				accepted(t, conns[i])
			}
		}
		synctest.Wait()
		want := airsocket.ServerStats{Connecting: 1, Open: 5}
		if got := srv.Stats(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}

		all[0].SendBytes(make([]byte, 100_000)) // which nobody reads
		all[1].SendBytes(make([]byte, 200_000))
		all[2].Close(airsocket.StatusGoingAway, "") // without an answer
		conns[0].Close()
		synctest.Wait()
		want = airsocket.ServerStats{Open: 4, Closing: 1}
		for _, s := range all {
			want.Buffered += s.BufferedAmount()
		}
		if got := srv.Stats(); got != want || got.Buffered < 250_000 {
			t.Errorf("%+v, want %+v", got, want)
		}

		srv.Close()
		synctest.Wait()
		if got, want := srv.Stats(), (airsocket.ServerStats{}); got != want {
			t.Errorf("at the end: %+v", got)
		}
		for _, conn := range conns {
			conn.Close()
		}
	})
}

// TestHookOfConnectionClosedAtOnce checks that HandshakeFailed is called for connections
// that a Server does not even answer, because it has far more than MaxConns.
func TestHookOfConnectionClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused []int
		hooks := &airsocket.Hooks{HandshakeFailed: func(s *airsocket.Socket, err error) {
			s.BufferedAmount() // would never return if a lock were held
			var he *handshake.Error
			if errors.As(err, &he) {
				refused = append(refused, he.Status)
			}
		}}
		srv := &airsocket.Server{MaxConns: 1, Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Hooks: hooks, HandshakeTimeout: -1}}
		l := newPipeListener()
		go srv.Serve(l)
		var conns []net.Conn
		for len(refused) == 0 && len(conns) < 1000 {
			conns = append(conns, l.dial())
			synctest.Wait()
		}
		st := srv.Stats()
		if !slices.Equal(refused, []int{http.StatusServiceUnavailable}) || st.Connecting != len(conns)-1 {
			t.Errorf("refused %d of %d: %+v", refused, len(conns), st)
		}
		if n, err := conns[len(conns)-1].Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes have come", n)
		}
		srv.Close()
		for _, conn := range conns {
			conn.Close()
		}
	})
}

// TestTurnEnded checks that the hook is called for each turn, without a Logger, after the
// turn has ended and without a lock.
func TestTurnEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own, d := new(airsocket.Dispatcher), new(airsocket.Dispatcher)
		var took []time.Duration
		hooks := &airsocket.Hooks{TurnEnded: func(s *airsocket.Socket, length time.Duration) {
			s.BufferedAmount()
			if length == 0 {
				return
			}
			took = append(took, length)
			if length < 3*time.Second { // nothing else happens for a minute
				turn := make(chan struct{})
				d.Post(func() { close(turn) })
				<-turn
			}
		}}
		own.Run(func() {
			c := airsocket.NewSocket(&airsocket.Options{Dispatcher: own})
			c.OnOpen(func(*airsocket.OpenEvent) {
				own.SetTimeout(func() { c.Send("x") }, time.Minute)
				own.SetTimeout(func() { c.Close(1000, "") }, time.Hour)
			})
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Hooks: hooks, SlowTurn: time.Millisecond})
			s.OnOpen(func(*airsocket.OpenEvent) { time.Sleep(time.Second) })           // each turn has
			s.OnMessage(func(*airsocket.MessageEvent) { time.Sleep(2 * time.Second) }) // a length of its own,
			s.OnClose(func(*airsocket.CloseEvent) { time.Sleep(3 * time.Second) })     // by which it is known
			if err := airsocket.Pipe(c, s); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute) // Run would wait for the turn of the close event, in which time stands still
		synctest.Wait()
		if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}; !slices.Equal(took, want) {
			t.Errorf("%v, want %v", took, want)
		}
	})
}
