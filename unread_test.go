package airsocket_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// An unreadConn is a connection to a peer that has asked for an upgrade and then
// sends what the test tells it to. After the handshake its Write takes take bytes
// in all, and then waits for Close.
type unreadConn struct {
	incoming chan []byte // nil: the end of what the peer sends
	take     int
	closed   chan struct{}
	once     sync.Once
}

func newUnreadConn(take int) unreadPeer {
	c := &unreadConn{incoming: make(chan []byte, 8), take: take, closed: make(chan struct{})}
	c.incoming <- []byte(wstest.UpgradeRequest)
	return unreadPeer{c, []func(){}}
}

// unreadPeer is a net.Conn of a type whose values cannot be compared.
type unreadPeer struct {
	*unreadConn
	_ []func()
}

func (c *unreadConn) Read(p []byte) (int, error) {
	select {
	case b := <-c.incoming:
		if b == nil {
			return 0, io.EOF
		}
		return copy(p, b), nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

func (c *unreadConn) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 101")) {
		return len(p), nil
	}
	if c.take >= len(p) {
		c.take -= len(p)
		return len(p), nil
	}
	<-c.closed
	return 0, net.ErrClosed
}

func (c *unreadConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (*unreadConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*unreadConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*unreadConn) SetDeadline(time.Time) error      { return nil }
func (*unreadConn) SetReadDeadline(time.Time) error  { return nil }
func (*unreadConn) SetWriteDeadline(time.Time) error { return nil }

// TestGoexitDoesNotWaitForThePeer checks that a handler that ends its goroutine, or
// panics, ends the connection at once, even if data waits for a peer that does not
// read.
func TestGoexitDoesNotWaitForThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
		conn := newUnreadConn(0)
		closed := make(chan time.Time, 1)
		s.OnMessage(func(*airsocket.MessageEvent) {
			s.Send("never taken")
			s.Flush()
			runtime.Goexit()
		})
		s.OnClose(func(*airsocket.CloseEvent) { closed <- time.Now() })
		begin := time.Now()
		s.StartServer(conn)
		conn.incoming <- wstest.Frame(true, wstest.OpText, "x")
		if took := (<-closed).Sub(begin); took != 0 {
			t.Errorf("the close event came after %v", took)
		}
	})
}

// TestHalfClosedPeerThatDoesNotRead checks that a peer that has ended its own
// direction and does not read is waited for no longer than CloseTimeout or, if that
// is negative, its default.
func TestHalfClosedPeerThatDoesNotRead(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, -1: 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), CloseTimeout: timeout, WriteTimeout: -1, PingInterval: time.Second})
			conn := newUnreadConn(0)
			closed := make(chan time.Time, 1)
			j := wstest.Follow(t, s)
			airsocket.AddEventListener(s, airsocket.EventMessage, func(*airsocket.MessageEvent) { s.Send("never taken") })
			airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) { closed <- time.Now() })
			begin := time.Now()
			s.StartServer(conn)
			conn.incoming <- wstest.Frame(true, wstest.OpText, "x")
			conn.incoming <- nil
			synctest.Wait()
			if err := s.Send("more"); !errors.Is(err, airsocket.ErrClosed) {
				t.Errorf("Send while the peer is waited for: %v", err)
			}
			if took := (<-closed).Sub(begin); took != want {
				t.Errorf("CloseTimeout %v: the close event came after %v", timeout, took)
			}
			j.Want("open", "text x", "error", `close 1006 "" unclean`)
			j.WantError(airsocket.ErrUnsent)
		})
	}
}

// TestUnsentPongIsNoLoss checks that pongs that could not be sent do not count as
// unsent messages.
func TestUnsentPongIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
		conn := newUnreadConn(0)
		j := wstest.Follow(t, s)
		closed := make(chan struct{})
		airsocket.AddEventListener(s, airsocket.EventClose, func(*airsocket.CloseEvent) { close(closed) })
		s.StartServer(conn)
		conn.incoming <- append(wstest.Frame(true, wstest.OpPing, "p"), wstest.Frame(true, wstest.OpClose, "")...)
		<-closed
		j.Want("open", "ping p", "error", `close 1005 "" unclean`)
		j.WantError(airsocket.ErrCloseTimeout)
		if errors.Is(j.Err.Err, airsocket.ErrUnsent) {
			t.Error(j.Err.Err) // only the answer to the close frame is missing
		}
	})
}

// TestRefusedIsNoLoss checks that messages that were refused do not count as unsent ones.
func TestRefusedIsNoLoss(t *testing.T) {
	const bad = "\xff"
	for name, send := range map[string]func(*airsocket.Socket) error{
		"Send":             func(s *airsocket.Socket) error { return s.Send(bad) },
		"long":             func(s *airsocket.Socket) error { return s.Send(strings.Repeat(bad, 1<<20)) },
		"SendPart":         func(s *airsocket.Socket) error { return s.SendPart(wire.Text, []byte(bad), true) },
		"SendUncompressed": func(s *airsocket.Socket) error { return s.SendUncompressed(wire.Text, []byte(bad), true) },
		"Ping":             func(s *airsocket.Socket) error { return s.Ping(make([]byte, 126)) },
	} {
		for i, hooks := range []*airsocket.Hooks{nil, {Sent: func(*airsocket.Socket, wire.Kind, int) {}}} {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Hooks: hooks})
					conn := newUnreadConn(0)
					var got error
					closed := make(chan struct{})
					s.OnMessage(func(*airsocket.MessageEvent) {
						if err := send(s); err == nil {
							t.Error("it was not refused")
						}
					})
					s.OnError(func(e *airsocket.ErrorEvent) { got = e.Err })
					s.OnClose(func(*airsocket.CloseEvent) { close(closed) })
					s.StartServer(conn)
					conn.incoming <- slices.Concat(wstest.Frame(true, wstest.OpPing, "p"), wstest.Frame(true, wstest.OpText, "x"), wstest.Frame(true, wstest.OpClose, ""))
					<-closed
					if !errors.Is(got, airsocket.ErrCloseTimeout) || errors.Is(got, airsocket.ErrUnsent) {
						t.Error(got) // only the pong and the answer to the close frame are missing
					}
				})
			})
		}
	}
}

// TestDrainOfAPipe checks that there is one drain event, after everything has been
// written, and none while the last Write is under way.
func TestDrainOfAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
		var drains atomic.Int32
		begun, goOn := make(chan struct{}), make(chan struct{})
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send("first") })
		s.OnMessage(func(*airsocket.MessageEvent) {
			close(begun)
			<-goOn
			s.Send("second")
		})
		s.OnDrain(func(*airsocket.DrainEvent) { drains.Add(1) })
		s.StartServer(ours)
		p := wstest.NewRawPeer(t, theirs, true)
		p.Open()
		p.Send(wstest.OpText, "x")
		<-begun
		p.Want(wstest.OpText, "first")
		for range 1000 { // so that the writer goroutine begins to wait for the turn
			runtime.Gosched()
		}
		close(goOn)
		synctest.Wait()
		if n := drains.Load(); n != 0 {
			t.Errorf("%d drain events while the second message is being written", n)
		}
		p.Want(wstest.OpText, "second")
		synctest.Wait()
		if n := drains.Load(); n != 1 {
			t.Errorf("%d drain events, want 1", n)
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
}

// TestHalfCloseWhileATurnSends checks that what was sent in a turn goes out even if
// the peer ends its own direction before the goroutine of the turn writes it.
func TestHalfCloseWhileATurnSends(t *testing.T) {
	for range 200 {
		sent := make(chan bool, 1)
		wstest.StartServer(t, nil, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
				go func() {
					sent <- s.Send("important") == nil
				}()
			})
		}, func(p *wstest.RawPeer) {
			p.Open()
			p.Conn.(*net.TCPConn).CloseWrite()
			all, err := io.ReadAll(p.Reader)
			if err != nil {
				t.Error(err)
			}
			if <-sent && !strings.Contains(string(all), "important") {
				t.Errorf("a message was accepted but not sent; the peer got %q", all)
			}
		})
	}
}

// TestGoexitKeepsWhatWasDecoded checks that sockets whose handlers end the
// goroutine do not leave decoded messages to other sockets.
func TestGoexitKeepsWhatWasDecoded(t *testing.T) {
	for range 20 {
		for i, want := range []string{"secret", "own"} {
			var got []string
			d := new(airsocket.Dispatcher)
			theirs, ours := wstest.TCPPair(t)
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Compression: airsocket.CompressionTakeover})
			s.OnMessage(func(e *airsocket.MessageEvent) {
				got = append(got, e.Text())
				if i == 0 {
					runtime.Goexit()
				}
			})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				p := wstest.NewRawPeer(t, theirs, true)
				// The messages arrive together with the request.
				request := wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Extensions: permessage-deflate")
				p.WriteRaw(append(append([]byte(request), p.Frame(wstest.OpText, want)...), p.Frame(wstest.OpText, want)...))
				p.ReadResponse()
				p.SkipToEnd()
			}()
			wstest.Run(t, d, func() {
				s.OnOpen(func(*airsocket.OpenEvent) { d.SetTimeout(func() { s.Close(1000, ""); theirs.CloseWrite() }, 0) })
				s.StartServer(ours)
			})
			<-ended
			for _, text := range got {
				if text != want {
					t.Fatalf("socket %d got %q", i, got)
				}
			}
		}
	}
}
