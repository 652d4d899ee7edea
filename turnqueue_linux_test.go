//go:build !portable

package airsocket_test

import (
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// crowd returns n clients of a server all of whose sockets share d. The first message
// that arrives blocks until release is closed.
func crowd(t *testing.T, d *airsocket.Dispatcher, n int) (srv *airsocket.Server, peers []*wstest.RawPeer, release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	srv = &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			<-release
			s.Send(e.Text())
		})
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
	for range n {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		p := wstest.NewRawPeer(t, conn, true)
		p.Open()
		peers = append(peers, p)
		t.Cleanup(p.Reset)
	}
	return srv, peers, release
}

// waitQueued waits until n connections of d are queued.
func waitQueued(d *airsocket.Dispatcher, n int) {
	for d.Queued() < n {
		runtime.Gosched()
	}
}

// TestQueueOfTheTurn checks that connections with a message behind a slow handler cost
// less than 1 KiB each and no goroutine, and that all of them get their turn, whether
// their peers are still there or not.
func TestQueueOfTheTurn(t *testing.T) {
	const n = 500
	d := new(airsocket.Dispatcher)
	_, peers, release := crowd(t, d, n)
	before := inUse()
	goroutines := runtime.NumGoroutine()
	for _, p := range peers {
		p.Send(wstest.OpText, "x")
	}
	const waiting = 10 // about four wait with a goroutine
	waitQueued(d, n-waiting)
	if more := runtime.NumGoroutine() - goroutines; more > n/5 { // the monitor of workers starts more if they seem held up
		t.Errorf("%d more goroutines", more)
	}
	if each := (int64(inUse()) - int64(before)) / n; each > 1<<10+20*(64<<10)/n {
		t.Errorf("%d bytes for each connection", each)
	}
	for i, p := range peers {
		switch i % 4 {
		case 1:
			p.Reset()
		case 2:
			p.Send(wstest.OpText, "y") // a second event while it is queued
		}
	}
	close(release)
	for i, p := range peers {
		switch i % 4 {
		case 2:
			p.Want(wstest.OpText, "x")
			p.Want(wstest.OpText, "y")
		case 0, 3:
			p.Want(wstest.OpText, "x")
		}
	}
	if queued := d.Queued(); queued != 0 {
		t.Errorf("%d connections are still queued", queued)
	}
}

// TestQueuedConnectionsThatNeedNoTurn checks that those that were reset, dropped or paused
// while they were queued do not hold up the others.
func TestQueuedConnectionsThatNeedNoTurn(t *testing.T) {
	for name, change := range map[string]func(*airsocket.Socket, *wstest.RawPeer){
		"reset":   func(_ *airsocket.Socket, p *wstest.RawPeer) { p.Reset() },
		"dropped": func(s *airsocket.Socket, _ *wstest.RawPeer) { s.Drop(1000, "") },
		"paused":  func(s *airsocket.Socket, _ *wstest.RawPeer) { s.Pause() },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 100
			d := new(airsocket.Dispatcher)
			srv, peers, release := crowd(t, d, n)
			for _, p := range peers[:n-1] {
				p.Send(wstest.OpText, "x")
			}
			waitQueued(d, n-10)
			i := 0
			for s := range srv.Sockets() {
				if i < n-1 {
					change(s, peers[i])
				}
				i++
			}
			before := d.Queued()
			peers[n-1].Send(wstest.OpText, "last")
			for range 1000 { // it is queued, or one of those with a goroutine
				if d.Queued() > before {
					break
				}
				runtime.Gosched()
			}
			close(release)
			peers[n-1].Want(wstest.OpText, "last")
		})
	}
}

// TestNewMessagesComeFirst checks that a message on a connection that has been silent is handled
// before those of connections that never stop sending, but for those that have begun, with a
// Dispatcher for each connection and with one for all.
func TestNewMessagesComeFirst(t *testing.T) {
	for _, parallel := range []bool{false, true} {
		t.Run(map[bool]string{false: "one Dispatcher", true: "Parallel"}[parallel], func(t *testing.T) {
			testNewMessagesComeFirst(t, parallel)
		})
	}
}

func testNewMessagesComeFirst(t *testing.T, parallel bool) {
	const floods, rounds = 60, 51
	var handled atomic.Int64      // messages of floods
	var last [floods]atomic.Int64 // what handled was for the last message of each of them
	var seen [floods]int64        // last, when the message of the other connection was handled
	accepted := 0
	opts := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Parallel: parallel}
	srv := &airsocket.Server{Options: opts}
	srv.OnConnect(func(s *airsocket.Socket) {
		i := accepted
		accepted++
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if i < floods {
				last[i].Store(handled.Add(1))
				for began := time.Now(); time.Since(began) < 20*time.Microsecond; {
				}
				return
			}
			for i := range last {
				seen[i] = last[i].Load()
			}
			s.Send(e.Text())
		})
	})
	// A unix socket holds some hundred KiB that nobody has read yet, where TCP may hold megabytes.
	path := filepath.Join(t.TempDir(), "s")
	l, err := airsocket.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
	connect := func() *wstest.RawPeer {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(wstest.Patience))
		p := wstest.NewRawPeer(t, conn, true)
		p.Open()
		t.Cleanup(func() { conn.Close() })
		return p
	}
	for range floods {
		p := connect()
		chunk := slices.Repeat(p.Frame(wstest.OpText, string(make([]byte, 1<<10))), 100)
		go func() {
			for {
				if _, err := p.Conn.Write(chunk); err != nil {
					return // the test is over
				}
			}
		}()
	}
	p := connect()
	wstest.Eventually(t, func() bool { return handled.Load() > 10*floods*100 }, func() string { // all of them have begun
		return fmt.Sprint(handled.Load(), " messages were handled")
	})
	var before []int // connections with a message that came first, in each round
	for range rounds {
		p.Send(wstest.OpText, "x")
		since := handled.Load()
		p.Want(wstest.OpText, "x")
		n := 0
		for _, at := range seen {
			if at > since {
				n++
			}
		}
		before = append(before, n)
	}
	slices.Sort(before)
	if middle := before[rounds/2]; middle > floods/2 {
		t.Errorf("%d of %d connections that never stop come first, at most %d and at least %d", middle, floods, before[rounds-1], before[0])
	}
}

// inUse returns the bytes of memory that are in use after a collection.
func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
