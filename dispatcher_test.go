package airsocket_test

import (
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

func TestPostOrder(t *testing.T) {
	d := new(airsocket.Dispatcher)
	var got []int
	wstest.Run(t, d, func() {
		for i := range 3 {
			d.Post(func() {
				got = append(got, i)
				d.Post(func() { got = append(got, 10+i) })
			})
		}
		got = append(got, -1) // no posted function runs in this turn
	})
	if want := []int{-1, 0, 1, 2, 10, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestPostFromManyGoroutines(t *testing.T) {
	d := new(airsocket.Dispatcher)
	const goroutines, each = 8, 500
	next := make([]int, goroutines) // no lock: the race detector would report an overlap
	wstest.Run(t, d, func() {
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					d.Post(func() {
						if next[g] != i {
							t.Errorf("goroutine %d: function %d ran in place of %d", g, i, next[g])
						}
						next[g]++
					})
				}
			})
		}
		wg.Wait()
	})
	for g, n := range next {
		if n != each {
			t.Errorf("goroutine %d: %d functions ran when Run returned", g, n)
		}
	}
}

// TestRunReturnsWhenNothingIsLeft checks that Run waits for a listening server and
// for sockets until they have ended, and that it goes on waiting for a socket that
// is opened again in its close handler.
func TestRunReturnsWhenNothingIsLeft(t *testing.T) {
	d := new(airsocket.Dispatcher)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
	defer srv.Close()
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(1000, "") })
	})
	closes := 0
	wstest.Run(t, d, func() {
		go srv.Serve(l)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		url := "ws://" + l.Addr().String()
		s.OnClose(func(e *airsocket.CloseEvent) {
			if !e.WasClean {
				t.Errorf("connection %d: %d", closes, e.Code)
			}
			if closes++; closes < 3 {
				if err := s.Connect(url); err != nil {
					t.Error(err)
				}
				return
			}
			srv.Close()
		})
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	if closes != 3 {
		t.Errorf("Run returned after %d connections", closes)
	}
}

// TestRunWaitsForParallelSockets checks that a Parallel socket counts for the
// Dispatcher that it would have without Options.Parallel.
func TestRunWaitsForParallelSockets(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	d := new(airsocket.Dispatcher)
	closed := false
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Parallel: true})
		s.OnOpen(func(*airsocket.OpenEvent) { s.Close(1000, "") })
		s.OnClose(func(*airsocket.CloseEvent) { closed = true })
		s.Connect(url)
	})
	if !closed {
		t.Error("Run returned before the socket was closed")
	}
}

// TestHandlersDoNotOverlap checks that handlers of one Dispatcher never overlap,
// and that the handlers of a single Parallel socket do not either.
func TestHandlersDoNotOverlap(t *testing.T) {
	const sockets, messages = 8, 50
	for name, parallel := range map[string]bool{"shared": false, "parallel": true} {
		t.Run(name, func(t *testing.T) {
			var inside atomic.Int32
			total := 0 // no lock: the race detector would report an overlap
			srv := &airsocket.Server{Options: &airsocket.Options{Parallel: parallel, Dispatcher: new(airsocket.Dispatcher)}}
			srv.OnConnect(func(s *airsocket.Socket) {
				var own atomic.Int32
				of := &inside
				if parallel {
					of = &own
				}
				once := func() func() {
					if of.Add(1) != 1 {
						t.Error("two handlers ran at the same time")
					}
					runtime.Gosched()
					return func() { of.Add(-1) }
				}
				s.OnMessage(func(e *airsocket.MessageEvent) {
					defer once()()
					if !parallel {
						total++
					}
					s.SendBytes(e.Bytes())
				})
				s.OnClose(func(*airsocket.CloseEvent) { defer once()() })
			})
			url := wstest.Serve(t, srv)
			var wg sync.WaitGroup
			for range sockets {
				wg.Go(func() {
					p := wstest.ConnectRaw(t, url)
					for range messages {
						p.Send(wstest.OpBinary, "x")
						p.Want(wstest.OpBinary, "x")
					}
					p.Send(wstest.OpClose, "")
					p.Want(wstest.OpClose, "")
					p.WantEOF()
				})
			}
			wg.Wait()
			if !parallel && total != sockets*messages {
				t.Errorf("%d messages, want %d", total, sockets*messages)
			}
		})
	}
}

// TestParallelSocketsDoNotWaitForEachOther checks that handlers of different
// Parallel sockets run at the same time: here each waits for the other.
func TestParallelSocketsDoNotWaitForEachOther(t *testing.T) {
	meet := make(chan struct{})
	srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			select {
			case meet <- struct{}{}:
			case <-meet:
			case <-time.After(wstest.Patience):
				t.Error("the handler of the other socket did not run")
			}
			s.SendBytes(e.Bytes())
		})
	})
	url := wstest.Serve(t, srv)
	a, b := wstest.ConnectRaw(t, url), wstest.ConnectRaw(t, url)
	a.Send(wstest.OpBinary, "a")
	b.Send(wstest.OpBinary, "b")
	a.Want(wstest.OpBinary, "a")
	b.Want(wstest.OpBinary, "b")
}

// TestGoexitInAHandler checks that a handler that ends its goroutine, as t.FailNow
// does, ends its socket and holds up nothing else.
func TestGoexitInAHandler(t *testing.T) {
	exit := func(s *airsocket.Socket, when string) {
		switch when {
		case "open":
			s.OnOpen(func(*airsocket.OpenEvent) { runtime.Goexit() })
		case "message", "message with the request":
			s.OnMessage(func(*airsocket.MessageEvent) { runtime.Goexit() })
		case "close":
			s.OnClose(func(*airsocket.CloseEvent) { runtime.Goexit() })
		case "connect":
			runtime.Goexit()
		}
	}
	for _, when := range []string{"connect", "open", "message", "message with the request", "close"} {
		t.Run(when, func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
			first := true
			srv.OnConnect(func(s *airsocket.Socket) {
				s.OnMessage(func(e *airsocket.MessageEvent) { s.SendBytes(e.Bytes()) })
				if first {
					first = false
					exit(s, when)
				}
			})
			url := wstest.Serve(t, srv) // at the end it shuts down, which waits for the socket
			p := wstest.DialRaw(t, url)
			switch when {
			case "message":
				p.Open()
				p.Send(wstest.OpBinary, "x")
			case "message with the request":
				p.WriteRaw(append([]byte(wstest.UpgradeRequest), p.Frame(wstest.OpBinary, "x")...))
			default:
				p.WriteRaw(append([]byte(wstest.UpgradeRequest), p.Frame(wstest.OpClose, "")...))
			}
			p.SkipToEnd()
			q := wstest.ConnectRaw(t, url)
			q.Send(wstest.OpBinary, "alive")
			q.Want(wstest.OpBinary, "alive")
		})
	}
	t.Run("posted and timers", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		ran := 0
		wstest.Run(t, d, func() {
			d.Post(runtime.Goexit)
			d.SetTimeout(runtime.Goexit, 0)
			d.Post(func() { ran++ })
			d.SetTimeout(func() { ran++ }, time.Millisecond)
		})
		if ran != 2 {
			t.Errorf("%d of the others ran, want 2", ran)
		}
	})
	t.Run("main", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.Run(runtime.Goexit)
		}()
		<-done
		wstest.Run(t, d, func() {})
	})
}
