package airsocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// sendAtOpen makes a socket send a text of n bytes when it is open.
func sendAtOpen(n int) func(*airsocket.Socket) {
	return func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { s.Send(wstest.TextOf(n)) })
	}
}

// TestWriteTimeout checks that a peer that takes nothing is given up, and that the error
// says both why and how much was not sent.
func TestWriteTimeout(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, c := range []struct {
			option, want time.Duration
		}{
			{0, 30 * time.Second},
			{2 * time.Second, 2 * time.Second},
		} {
			j, took := inTime(t, client, &airsocket.Options{WriteTimeout: c.option}, sendAtOpen(10), func(p *wstest.RawPeer) {
				p.OpenAsEither() // and reads nothing
			})
			j.Want("open", "error", `close 1006 "" unclean`)
			for _, err := range []error{airsocket.ErrWriteTimeout, airsocket.ErrUnsent, os.ErrDeadlineExceeded} {
				j.WantError(err)
			}
			if took != c.want {
				t.Errorf("client %v with %v: %v", client, c.option, took)
			}
		}
	}
}

// TestWriteTimeoutOfASlowPeer checks that a peer that takes something now and then is not
// given up, however long it needs for all, and that one that stops is.
func TestWriteTimeoutOfASlowPeer(t *testing.T) {
	const chunk = 16 << 10
	for _, stops := range []bool{false, true} {
		opts := &airsocket.Options{WriteTimeout: 10 * time.Second}
		j, took := inTime(t, false, opts, sendAtOpen(10*chunk), func(p *wstest.RawPeer) {
			p.Open()
			for i := range 10 {
				if stops && i == 5 {
					return
				}
				time.Sleep(9 * time.Second) // less than WriteTimeout, each time
				if _, err := p.Reader.Discard(chunk); err != nil {
					t.Error(err)
					return
				}
			}
			const header = 10
			p.Reader.Discard(header)
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.Close()
		})
		if stops {
			j.Want("open", "error", `close 1006 "" unclean`)
			j.WantError(airsocket.ErrWriteTimeout)
			if took < 55*time.Second || took > 60*time.Second {
				t.Errorf("a peer that stops after 45 s is given up after %v", took)
			}
		} else {
			j.Want("open", `close 1005 "" clean`)
			if took != 90*time.Second {
				t.Errorf("it took %v", took)
			}
		}
	}
}

// TestNoWriteTimeout checks that without a WriteTimeout a peer may take as long as it likes.
func TestNoWriteTimeout(t *testing.T) {
	j, took := inTime(t, false, &airsocket.Options{WriteTimeout: -1}, sendAtOpen(10), func(p *wstest.RawPeer) {
		p.Open()
		time.Sleep(time.Hour) // much longer than WriteTimeout by default
		p.Want(wstest.OpText, wstest.TextOf(10))
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.Close()
	})
	j.Want("open", `close 1005 "" clean`)
	if took != time.Hour {
		t.Errorf("it took %v", took)
	}
}

// TestWriteTimeoutWhileClosing checks that a writer that is stuck while the socket is closing
// ends by WriteTimeout, and by CloseTimeout if that is shorter.
func TestWriteTimeoutWhileClosing(t *testing.T) {
	for _, c := range []struct {
		write, close, want time.Duration
		err                error
	}{
		{10 * time.Second, -1, 10 * time.Second, airsocket.ErrWriteTimeout},
		{10 * time.Second, time.Minute, 10 * time.Second, airsocket.ErrWriteTimeout},
		{10 * time.Second, 3 * time.Second, 3 * time.Second, airsocket.ErrCloseTimeout},
	} {
		opts := &airsocket.Options{WriteTimeout: c.write, CloseTimeout: c.close}
		j, took := inTime(t, false, opts, func(s *airsocket.Socket) {
			sendAtOpen(10)(s)
			wstest.CloseAt(airsocket.EventOpen, 1000, "")(s)
		}, func(p *wstest.RawPeer) { p.Open() })
		j.Want("open", "error", `close 1006 "" unclean`)
		j.WantError(c.err)
		if took != c.want {
			t.Errorf("with %v and %v: %v", c.write, c.close, took)
		}
	}
}

// TestWriteTimeoutOfVersions checks WriteTimeout in all versions, with and without
// deflate-stream, during Server.Shutdown: a peer that reads nothing does not hold it up.
func TestWriteTimeoutOfVersions(t *testing.T) {
	for v := range wstest.EachVersion {
		for _, deflate := range []bool{false, true} {
			if deflate && (v < wire.Hybi06 || v == wire.Hybi13) {
				continue
			}
			t.Run(fmt.Sprint(v, deflate), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ours, theirs := net.Pipe()
					d := new(airsocket.Dispatcher)
					copts := wstest.ClientOf(v, d)
					copts.DeflateStream, copts.Dial = deflate, wstest.DialTo(theirs)
					client := airsocket.NewSocket(copts)
					client.OnOpen(func(*airsocket.OpenEvent) { client.Pause() })
					srv := &airsocket.Server{Options: &airsocket.Options{
						Dispatcher: d, Versions: wire.AllVersions(), Origins: []string{"*"},
						DeflateStream: deflate, WriteTimeout: 10 * time.Second, CloseTimeout: -1,
					}}
					var j *wstest.Journal
					srv.OnConnect(func(s *airsocket.Socket) {
						j = wstest.Follow(t, s)
						sendAtOpen(100 << 10)(s)
					})
					l := &oneConn{conn: ours, closed: make(chan struct{})}
					go srv.Serve(l)
					client.Connect("ws://example.com/")
					synctest.Wait()
					begin := time.Now()
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					if err := srv.Shutdown(ctx); err != nil {
						t.Errorf("version %d: Shutdown: %v", v, err)
					}
					if took := time.Since(begin); took != 10*time.Second {
						t.Errorf("version %d: Shutdown took %v", v, took)
					}
					client.Resume()
					synctest.Wait()
					client.Drop(1000, "")
					synctest.Wait()
					j.Want("open", "error", `close 1006 "" unclean`)
					j.WantError(airsocket.ErrWriteTimeout)
				})
			})
		}
	}
}

// A oneConn is a listener for a single connection.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// TestWriteTimeoutOfTheSystem checks WriteTimeout where the system has buffers: with each
// way to serve, with net/http and StartServer, and with TLS.
func TestWriteTimeoutOfTheSystem(t *testing.T) {
	ended := make(chan error, 1)
	opts := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), WriteTimeout: 50 * time.Millisecond, MaxBuffered: 64 << 20}
	attach := func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.SendBytes(make([]byte, 32<<20)) })
		s.OnError(func(e *airsocket.ErrorEvent) { ended <- e.Err })
	}
	check := func(t *testing.T, url string) {
		t.Helper()
		wstest.ConnectRaw(t, url) // and reads no more
		if err := wstest.Receive(t, ended); !errors.Is(err, airsocket.ErrWriteTimeout) || !errors.Is(err, airsocket.ErrUnsent) {
			t.Errorf("the connection ended with %v", err)
		}
	}
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{Options: opts}
		srv.OnConnect(attach)
		check(t, wstest.ServeWay(t, srv, way))
	})
	upgrade := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := airsocket.NewSocket(opts)
		attach(s)
		if err := s.Upgrade(w, r); err != nil {
			t.Error(err)
		}
	})
	t.Run("Upgrade", func(t *testing.T) { check(t, wstest.ServeHandler(t, upgrade)) })
	t.Run("Upgrade with TLS", func(t *testing.T) {
		srv := httptest.NewUnstartedServer(upgrade)
		srv.TLS = wstest.ServerConfig(t)
		srv.StartTLS()
		defer srv.Close()
		check(t, strings.Replace(srv.URL, "https:", "wss:", 1))
	})
	for name, config := range map[string]*tls.Config{"StartServer": nil, "StartServer with TLS": wstest.ServerConfig(t)} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			scheme := "ws"
			if config != nil {
				l, scheme = tls.NewListener(l, config), "wss"
			}
			go func() {
				conn, err := l.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				s := airsocket.NewSocket(opts)
				attach(s)
				s.StartServer(conn)
			}()
			check(t, scheme+"://"+l.Addr().String()+"/")
		})
	}
}

// TestNoClockWithoutWaiting checks that a socket whose peer takes everything at once costs no
// more because of WriteTimeout.
func TestNoClockWithoutWaiting(t *testing.T) {
	srv := wstest.Echoing(&airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}})
	opened := make(chan *airsocket.Socket, 1)
	srv.Options.Hooks = &airsocket.Hooks{Opened: func(s *airsocket.Socket) { opened <- s }}
	p := wstest.ConnectRaw(t, wstest.Serve(t, srv))
	s := wstest.Receive(t, opened)
	for range 3 {
		p.Send(wstest.OpText, "x")
		p.Want(wstest.OpText, "x")
	}
	if s.HasClock() {
		t.Error("the socket has a clock")
	}
}
