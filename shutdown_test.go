package airsocket_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestShutdownBehindAStuckHandler checks that Shutdown returns when its context is
// done, although a handler, and with it the turn, goes on.
func TestShutdownBehindAStuckHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
		release := make(chan struct{})
		srv.OnConnect(func(*airsocket.Socket) { <-release })
		l := newPipeListener()
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		conn := l.dial()
		conn.Write([]byte(wstest.UpgradeRequest))
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := srv.Shutdown(ctx); err != context.DeadlineExceeded {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != airsocket.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
		close(release)
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("the connection after Shutdown: %v", err)
		}
	})
}

// TestShutdownFromAHandler checks that a handler can shut down its server in a
// goroutine, with and without Run, which waits for Shutdown too.
func TestShutdownFromAHandler(t *testing.T) {
	for _, by := range []string{"Serve", "Run"} {
		t.Run(by, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := new(airsocket.Dispatcher)
				srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
				l := newPipeListener()
				served := make(chan error, 1)
				finished := false // no lock: the race detector would report it if Run did not wait
				shut := make(chan struct{})
				srv.OnConnect(func(s *airsocket.Socket) {
					s.OnMessage(func(e *airsocket.MessageEvent) {
						go func() {
							defer close(shut)
							if err := srv.Shutdown(context.Background()); err != nil {
								t.Errorf("Shutdown: %v", err)
							}
						}()
					})
					s.OnClose(func(*airsocket.CloseEvent) { finished = true })
				})
				serve := func() { served <- srv.Serve(l) }
				go func() {
					p := wstest.NewRawPeer(t, l.dial(), true)
					p.Open()
					p.Send(wstest.OpText, "enough")
					p.Want(wstest.OpClose, "\x03\xe9")
					p.Send(wstest.OpClose, "\x03\xe9")
					p.WantEOF()
				}()
				if by == "Run" {
					d.Run(func() {
						go serve()
						d.SetTimeout(func() {}, time.Second) // until serve has begun
					})
				} else {
					serve()
					<-shut
				}
				if !finished {
					t.Error("a socket has not been closed")
				}
				if err := <-served; err != airsocket.ErrServerClosed {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
}

// TestRunWaitsForShutdown checks that Run returns only when Shutdown has returned,
// which waits for the requests of Handler too.
func TestRunWaitsForShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		answered := false
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
		srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.Post(func() { go srv.Shutdown(context.Background()) })
			time.Sleep(time.Hour) // Shutdown has begun, and has to wait for this request
			answered = true
		})
		l := newPipeListener()
		d.Run(func() {
			d.Post(func() { go srv.Serve(l) })
			d.SetTimeout(func() {
				go func() {
					conn := l.dial()
					io.WriteString(conn, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
					io.Copy(io.Discard, conn)
				}()
			}, time.Second) // until Serve has begun
		})
		if !answered {
			t.Error("Run returned before Shutdown")
		}
	})
}

// TestEndOfAServerAfterAccept checks that a connection that is accepted while the
// Server ends is ended like the others, and not missed between being accepted and
// being started.
func TestEndOfAServerAfterAccept(t *testing.T) {
	ends := map[string]func(*airsocket.Server){
		"Close":    func(srv *airsocket.Server) { srv.Close() },
		"Shutdown": func(srv *airsocket.Server) { srv.Shutdown(context.Background()) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			for round := range 20_000 {
				// A connection that was missed would wait for ever, which synctest reports as a
				// deadlock.
				synctest.Test(t, func(t *testing.T) {
					srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), HandshakeTimeout: -1}}
					ours, theirs := net.Pipe()
					l := &eagerListener{pipeListener: newPipeListener(), conn: theirs}
					go srv.Serve(l)
					for !l.accepting.Load() {
						runtime.Gosched()
					}
					l.accept.Store(true)
					for i := round % 500; i > 0; i-- {
						l.accept.Load() // so that each round ends the Server at another moment
					}
					end(srv)
					io.Copy(io.Discard, ours)
				})
			}
		})
	}
}

// An eagerListener accepts its one connection as soon as accept is set, without the
// time that it takes to wake a goroutine.
type eagerListener struct {
	*pipeListener
	accepting, accept atomic.Bool
	conn              net.Conn
}

func (l *eagerListener) Accept() (net.Conn, error) {
	if l.accepting.Swap(true) {
		return l.pipeListener.Accept()
	}
	for !l.accept.Load() {
		runtime.Gosched()
	}
	return l.conn, nil
}

// A tellingConn calls hijacked when net/http hands it over to a Socket: its
// deadline is cleared by Serve, by httpFallback, by Hijack, and then by Upgrade.
type tellingConn struct {
	net.Conn
	resets   atomic.Int32
	hijacked func()
}

func (c *tellingConn) SetDeadline(t time.Time) error {
	if t.IsZero() && c.resets.Add(1) == 4 {
		c.hijacked()
	}
	return c.Conn.SetDeadline(t)
}

// TestEndOfAServerDuringUpgrade checks that a Server that ends while net/http hands
// a connection over to a Socket ends that connection too.
func TestEndOfAServerDuringUpgrade(t *testing.T) {
	ends := map[string]func(*airsocket.Server, stopped){
		"Close": func(srv *airsocket.Server, _ stopped) { srv.Close() },
		"Shutdown": func(srv *airsocket.Server, listening stopped) {
			go srv.Shutdown(context.Background())
			<-listening
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listening := make(stopped)
				srv := &airsocket.Server{
					Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), HandshakeTimeout: -1},
					Handler: listening,
				}
				l := newPipeListener()
				go func() {
					srv.Serve(l)
					close(listening)
				}()
				ours, theirs := net.Pipe()
				ended := false
				l.conns <- &tellingConn{Conn: theirs, hijacked: func() {
					ended = true
					end(srv, listening)
				}}
				p := wstest.NewRawPeer(t, ours, true)
				p.WriteRaw([]byte("GET /page HTTP/1.1\r\nHost: example.com\r\n\r\n"))
				if res := p.ReadResponse(); res.StatusCode != http.StatusNoContent {
					t.Fatalf("the page: status %d", res.StatusCode)
				}
				p.WriteRaw([]byte(wstest.UpgradeRequest))
				answer, err := io.ReadAll(p.Reader)
				if err != nil || bytes.Contains(answer, []byte(" 101 ")) {
					t.Errorf("%q, %v", answer, err)
				}
				srv.Shutdown(t.Context())
				if !ended {
					t.Error("the connection was never handed over")
				}
			})
		})
	}
}

// A stopped is closed when the Server has stopped listening. It is also a Handler
// for other requests.
type stopped chan struct{}

func (stopped) ServeHTTP(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }
