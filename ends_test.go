package airsocket_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestDropOfWhatWasNeverOpen checks that Drop does nothing in the error handler of
// a connection that could not be opened: the close event follows as without Drop.
func TestDropOfWhatWasNeverOpen(t *testing.T) {
	refused := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }

	t.Run("client", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: refused})
		j := wstest.Follow(t, s)
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			if err := s.Drop(3000, "no"); err != nil {
				t.Error(err)
			}
		})
		wstest.Run(t, d, func() { s.Connect("ws://example.com/") })
		j.WantError(syscall.ECONNREFUSED)
		j.Want("error", `close 1006 "" unclean`)
	})

	t.Run("from another goroutine", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Dial: refused})
		j := wstest.Follow(t, s)
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			dropped := make(chan error)
			go func() { dropped <- s.Drop(3000, "no") }()
			if err := <-dropped; err != nil {
				t.Error(err)
			}
		})
		wstest.Run(t, d, func() { s.Connect("ws://example.com/") })
		j.Want("error", `close 1006 "" unclean`)
	})

	// The client resets the connection while OnConnect runs.
	t.Run("server", func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
		begun, gone := make(chan struct{}), make(chan struct{})
		closed := make(chan *wstest.Journal, 1)
		srv.OnConnect(func(s *airsocket.Socket) {
			j := wstest.Follow(t, s)
			airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) { s.Drop(1008, "") })
			airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) { closed <- j })
			close(begun)
			<-gone
		})
		p := wstest.DialRaw(t, wstest.Serve(t, srv))
		p.WriteRaw([]byte(wstest.UpgradeRequest))
		<-begun
		p.Reset()
		close(gone)
		(<-closed).Want("error", `close 1006 "" unclean`)
	})
}

// TestRecoverInTheErrorOfAFailedOpening checks that a panic in the error handler of
// a connection that could not be opened is reported to the Logger, since no event
// can report it any more.
func TestRecoverInTheErrorOfAFailedOpening(t *testing.T) {
	var log strings.Builder
	d := new(airsocket.Dispatcher)
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
	wstest.Run(t, d, func() { s.Connect("ws://example.com/") })
	if closed != 1 {
		t.Errorf("%d close events", closed)
	}
	if !strings.Contains(log.String(), "a handler panicked: oh") {
		t.Errorf("the log has no panic:\n%s", &log)
	}
}

// TestRecoverInACloseHandlerThatConnects checks that a panic in a close handler
// does not affect the connection that the handler has begun.
func TestRecoverInACloseHandlerThatConnects(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	var log strings.Builder
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Recover: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	j := wstest.Follow(t, s)
	airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Close(1000, "") })
	airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) {
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
		panic("oh")
	}, airsocket.Once())
	wstest.Run(t, d, func() { s.Connect(url) })
	j.Want("open", `close 1000 "" clean`, "open", `close 1000 "" clean`)
	if !strings.Contains(log.String(), "a handler panicked: oh") {
		t.Errorf("the log has no panic:\n%s", &log)
	}
}

// TestUncleanWhenAcceptedMessagesAreNotSent checks that a close is not clean if
// accepted messages were still waiting when the close frame of the peer arrived,
// and could not be written any more.
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
	check := func(t *testing.T, j *wstest.Journal, causes ...error) {
		t.Helper()
		j.Want("open", "error", `close 1000 "bye" unclean`)
		j.WantError(airsocket.ErrUnsent)
		if !slices.ContainsFunc(causes, func(cause error) bool { return errors.Is(j.Err.Err, cause) }) {
			t.Errorf("error event: %v, want one of %v", j.Err.Err, causes)
		}
		if !strings.Contains(j.Err.Err.Error(), " bytes") {
			t.Errorf("the error does not say how many bytes were not sent: %v", j.Err.Err)
		}
	}
	t.Run("reset", func(t *testing.T) {
		var socket *airsocket.Socket
		j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered = -1 }, func(s *airsocket.Socket) {
			socket = s
			flood(s)
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
			for socket.ReadyState() != airsocket.StateClosing {
				runtime.Gosched()
			}
			p.Reset()
		})
		check(t, j, syscall.ECONNRESET, syscall.EPIPE) // the latter after a read has been told of the reset
	})
	t.Run("timeout", func(t *testing.T) {
		j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered, o.CloseTimeout = -1, 1 }, flood, func(p *wstest.RawPeer) {
			p.Open()
			p.Send(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
			p.WantEndUnread()
		})
		check(t, j, airsocket.ErrCloseTimeout)
	})
	t.Run("ordinary connection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			d := new(airsocket.Dispatcher)
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
			j := wstest.Follow(t, s)
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Send("never read") })
			go func() {
				p := wstest.NewRawPeer(t, theirs, true)
				p.Open()
				p.Send(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
				// The Write of the message never returns.
			}()
			d.Run(func() { s.StartServer(ours) })
			check(t, j, airsocket.ErrCloseTimeout)
		})
	})
}

// TestCleanWhenAllIsSent checks that the close is clean if the peer has read
// everything before it closes and goes away, even if the goroutine that wrote it
// has not reported that yet.
func TestCleanWhenAllIsSent(t *testing.T) {
	const n = 10
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"raw":      func(c net.Conn) net.Conn { return c },
		"ordinary": func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				theirs, ours := wstest.TCPPair(t)
				j := wstest.Converse(t, new(airsocket.Options), nil, func(s *airsocket.Socket) {
					airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
						for range n {
							s.SendBytes(make([]byte, 40<<10))
						}
					})
				}, func(s *airsocket.Socket) error { return s.StartServer(wrap(ours)) }, wstest.NewRawPeer(t, theirs, true), func(p *wstest.RawPeer) {
					p.Open()
					for range n {
						p.ReadFrame()
					}
					p.Send(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
					p.Conn.(*net.TCPConn).CloseWrite()
					p.Want(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
					p.Close()
				})
				j.Want("open", `close 1000 "bye" clean`)
			}
		})
	}
}

// TestHalfCloseWithABacklog checks that a peer that has ended its own direction and
// reads on gets everything that was accepted, including what the system could not
// take at once.
func TestHalfCloseWithABacklog(t *testing.T) {
	const n, size = 16, 1 << 20
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"raw":      func(c net.Conn) net.Conn { return c },
		"ordinary": func(c net.Conn) net.Conn { return struct{ net.Conn }{c} },
	} {
		t.Run(name, func(t *testing.T) {
			theirs, ours := wstest.TCPPair(t)
			j := wstest.Converse(t, &airsocket.Options{MaxBuffered: -1}, nil, func(s *airsocket.Socket) {
				airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) {
					for range n {
						s.SendBytes(make([]byte, size))
					}
				})
			}, func(s *airsocket.Socket) error { return s.StartServer(wrap(ours)) }, wstest.NewRawPeer(t, theirs, true), func(p *wstest.RawPeer) {
				p.Open()
				p.Send(wstest.OpText, "go")
				p.Conn.(*net.TCPConn).CloseWrite()
				for i := range n {
					if first, got, err := p.ReadFrame(); err != nil || first != wstest.OpBinary || len(got) != size {
						t.Errorf("message %d: %#x, %d bytes, %v", i, first, len(got), err)
						return
					}
				}
				p.WantEOF()
			})
			j.Want("open", "text go", "error", `close 1006 "" unclean`)
			j.WantError(wire.ErrUnexpectedEnd)
		})
	}
}

// In hixie-75 the end of the stream stands for the close frame, also where this end
// has found out by writing.
func TestHixie75EndFoundByWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Versions: wire.AllVersions(), Origins: []string{"*"}})
		j := wstest.Follow(t, s)
		ours, theirs := net.Pipe()
		s.OnMessage(func(e *airsocket.MessageEvent) {
			theirs.Close()
			if err := s.Send("lost"); err != nil {
				t.Error(err)
			}
			s.Flush()
			synctest.Wait()
		})
		d.Run(func() {
			if err := s.StartServer(ours); err != nil {
				t.Error(err)
			}
			go func() {
				p := wstest.NewRawPeer(t, theirs, true)
				p.Write([]byte("GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://example.com\r\n\r\n"))
				if _, err := http.ReadResponse(p.Reader, nil); err != nil {
					t.Error(err)
				}
				p.Write([]byte("\x00go\xff"))
			}()
		})
		j.Want("open", "error", `close 1006 "" unclean`)
		j.WantError(airsocket.ErrUnsent)
	})
}

// TestResetIsNotClean checks that a reset is an unclean end, also in the versions in which
// the end of the stream stands for a close frame, or for the answer to one.
func TestResetIsNotClean(t *testing.T) {
	for version, request := range map[wire.Version]string{
		wire.Hixie75: "GET /demo HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://example.com\r\n\r\n",
		wire.Hybi08:  strings.Replace(wstest.UpgradeRequest, "Version: 13", "Version: 8", 1),
	} {
		t.Run(version.String(), func(t *testing.T) {
			j := wstest.StartServer(t, func(o *airsocket.Options) { o.Versions, o.Origins = wire.AllVersions(), []string{"*"} }, func(s *airsocket.Socket) {
				if version != wire.Hixie75 {
					wstest.CloseAt(airsocket.EventOpen, 1000, "")(s)
				}
			}, func(p *wstest.RawPeer) {
				p.WriteRaw([]byte(request))
				p.ReadResponse()
				if version != wire.Hixie75 {
					p.WantClose(1000)
				}
				p.Reset()
			})
			j.Want("open", "error", `close 1006 "" unclean`)
			j.WantError(syscall.ECONNRESET)
		})
	}
}
