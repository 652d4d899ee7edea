package airsocket_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// A connection that could not be opened has nothing to drop: its error and close
// events come as they would have without Drop.
func TestDropOfWhatWasNeverOpen(t *testing.T) {
	refused := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }

	t.Run("client", func(t *testing.T) {
		d := airsocket.NewDispatcher()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: refused})
		j := follow(t, s)
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			if err := s.Drop(3000, "no"); err != nil {
				t.Error(err)
			}
		})
		run(t, d, func() { s.Connect("ws://example.com/") })
		j.wantError(syscall.ECONNREFUSED)
		j.want("error", `close 1006 "" unclean`)
	})

	t.Run("from another goroutine", func(t *testing.T) {
		d := airsocket.NewDispatcher()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: refused})
		j := follow(t, s)
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			dropped := make(chan error)
			go func() { dropped <- s.Drop(3000, "no") }()
			if err := <-dropped; err != nil {
				t.Error(err)
			}
		})
		run(t, d, func() { s.Connect("ws://example.com/") })
		j.want("error", `close 1006 "" unclean`)
	})

	// A client that resets the connection while OnConnect runs.
	t.Run("server", func(t *testing.T) {
		d := airsocket.NewDispatcher()
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
		begun, gone := make(chan struct{}), make(chan struct{})
		closed := make(chan *journal, 1)
		srv.OnConnect(func(s *airsocket.Socket) {
			j := follow(t, s)
			airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) { s.Drop(1008, "") })
			airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) { closed <- j })
			close(begun)
			<-gone
		})
		p := dialRaw(t, serve(t, srv))
		p.write([]byte(rawRequest))
		<-begun
		p.reset()
		close(gone)
		(<-closed).want("error", `close 1006 "" unclean`)
	})
}

// A panic in the error handler of a connection that could not be opened is told to
// the Logger: there is no event that could tell it any more.
func TestRecoverInTheErrorOfAFailedOpening(t *testing.T) {
	var log strings.Builder
	d := airsocket.NewDispatcher()
	s := airsocket.NewSocket(&airsocket.Options{
		Dispatcher: d,
		Recover:    true,
		Logger:     slog.New(slog.NewTextHandler(&log, nil)),
		Dial:       func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED },
	})
	closed := 0
	s.OnError(func(*airsocket.ErrorEvent) { panic("oh") })
	s.OnClose(func(e *airsocket.CloseEvent) {
		closed++
		if e.Code != airsocket.StatusAbnormalClosure {
			t.Errorf("closed with %d", e.Code)
		}
	})
	run(t, d, func() { s.Connect("ws://example.com/") })
	if closed != 1 {
		t.Errorf("%d close events", closed)
	}
	if !strings.Contains(log.String(), "a handler panicked: oh") {
		t.Errorf("the log has no panic:\n%s", &log)
	}
}

// The panic of a close handler has nothing to do with the connection that the
// handler has begun.
func TestRecoverInACloseHandlerThatConnects(t *testing.T) {
	url := serveEcho(t, nil)
	var log strings.Builder
	d := airsocket.NewDispatcher()
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Recover: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	j := follow(t, s)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Close(1000, "") })
	airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
		panic("oh")
	}, airsocket.Once())
	run(t, d, func() { s.Connect(url) })
	j.want("open", `close 1000 "" clean`, "open", `close 1000 "" clean`)
	if !strings.Contains(log.String(), "a handler panicked: oh") {
		t.Errorf("the log has no panic:\n%s", &log)
	}
}

// The peer's close frame arrives while accepted messages wait, which cannot be
// written then: that is no clean close.
func TestUncleanWhenAcceptedMessagesAreNotSent(t *testing.T) {
	const size, n = 1 << 20, 40 // far more than the system takes
	flood := func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for range n {
				if err := s.SendBytes(make([]byte, size)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	check := func(t *testing.T, j *journal, cause error) {
		t.Helper()
		j.want("open", "error", `close 1000 "bye" unclean`)
		j.wantError(airsocket.ErrUnsent)
		j.wantError(cause)
		if !strings.Contains(j.err.Err.Error(), " bytes") {
			t.Errorf("the error does not say how much: %v", j.err.Err)
		}
	}
	t.Run("reset", func(t *testing.T) {
		var socket *airsocket.Socket
		j := startServer(t, func(o *airsocket.Options) { o.MaxBuffered = -1 }, func(s *airsocket.Socket) {
			socket = s
			flood(s)
		}, func(p *rawPeer) {
			p.open()
			p.send(opClose, closing(1000, "bye"))
			for socket.ReadyState() != airsocket.Closing {
				runtime.Gosched()
			}
			p.reset()
		})
		check(t, j, syscall.ECONNRESET)
	})
	t.Run("timeout", func(t *testing.T) {
		j := startServer(t, func(o *airsocket.Options) { o.MaxBuffered, o.CloseTimeout = -1, 1 }, flood, func(p *rawPeer) {
			p.open()
			p.send(opClose, closing(1000, "bye"))
			p.wantTheEndUnread()
		})
		check(t, j, airsocket.ErrCloseTimeout)
	})
	t.Run("ordinary connection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			d := airsocket.NewDispatcher()
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
			j := follow(t, s)
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Send("never read") })
			go func() {
				p := newRawPeer(t, theirs, true)
				p.open()
				p.send(opClose, closing(1000, "bye"))
				// The message is in a Write for good.
			}()
			d.Run(func() { s.StartServer(ours) })
			check(t, j, airsocket.ErrCloseTimeout)
		})
	})
}

// A peer that has read everything, closes and goes away at once has had all that
// was sent, even if the goroutine that has written it has not come to say so.
func TestCleanWhenAllIsSent(t *testing.T) {
	const n = 10
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"raw":      func(c net.Conn) net.Conn { return c },
		"ordinary": func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				theirs, ours := pair(t)
				j := converse(t, new(airsocket.Options), nil, func(s *airsocket.Socket) {
					airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
						for range n {
							s.SendBytes(make([]byte, 40<<10))
						}
					})
				}, func(s *airsocket.Socket) error { return s.StartServer(wrap(ours)) }, newRawPeer(t, theirs, true), func(p *rawPeer) {
					p.open()
					for range n {
						p.read()
					}
					p.send(opClose, closing(1000, "bye"))
					p.Conn.(*net.TCPConn).CloseWrite()
					p.want(opClose, closing(1000, "bye"))
					p.Close()
				})
				j.want("open", `close 1000 "bye" clean`)
			}
		})
	}
}

// A peer that has ended its direction and reads on gets all that was accepted, also
// what the system could not take at once.
func TestHalfCloseWithABacklog(t *testing.T) {
	const n, size = 16, 1 << 20
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"raw":      func(c net.Conn) net.Conn { return c },
		"ordinary": func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			theirs, ours := pair(t)
			j := converse(t, &airsocket.Options{MaxBuffered: -1}, nil, func(s *airsocket.Socket) {
				airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
					for range n {
						s.SendBytes(make([]byte, size))
					}
				})
			}, func(s *airsocket.Socket) error { return s.StartServer(wrap(ours)) }, newRawPeer(t, theirs, true), func(p *rawPeer) {
				p.open()
				p.send(opText, "go")
				p.Conn.(*net.TCPConn).CloseWrite()
				for i := range n {
					if first, got, err := p.read(); err != nil || first != opBinary || len(got) != size {
						t.Errorf("message %d: %#x, %d bytes, %v", i, first, len(got), err)
						return
					}
				}
				p.wantEOF()
			})
			j.want("open", "text go", "error", `close 1006 "" unclean`)
			j.wantError(wire.ErrUnexpectedEnd)
		})
	}
}

// wantTheEndUnread waits until the other end has ended the connection without
// reading what it sends.
func (p *rawPeer) wantTheEndUnread() {
	p.t.Helper()
	p.SetDeadline(time.Now().Add(patience))
	for {
		if _, err := p.Write([]byte{0}); err != nil {
			if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				return
			}
			p.t.Errorf("instead of the end: %v", err)
			return
		}
	}
}
