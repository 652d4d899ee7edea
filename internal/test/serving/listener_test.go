package serving

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestListenerClose checks that Serve returns, and clients are refused, when the listener
// is closed in a handler or elsewhere, while connections go on.
func TestListenerClose(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		for _, from := range []string{"message handler", "OnRequest", "elsewhere", "StopListening"} {
			t.Run(from, func(t *testing.T) {
				l := wstest.ListenBy(t, way)
				d := new(airsocket.Dispatcher)
				srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
				srv.OnConnect(func(s *airsocket.Socket) {
					s.OnMessage(func(e *airsocket.MessageEvent) {
						if e.Text() == "close" {
							l.Close()
						}
						s.Send(e.Text())
					})
				})
				srv.OnRequest(func(r *airsocket.Request) {
					if r.URL().Path == "/close" {
						l.Close()
					}
					r.Accept("")
				})
				served := make(chan error, 1)
				url := wstest.Prepare(t, srv, l, way)
				go func() { served <- srv.Serve(l) }()
				p := wstest.ConnectRaw(t, url)
				switch from {
				case "message handler":
					p.Send(wstest.OpText, "close")
					p.Want(wstest.OpText, "close")
				case "OnRequest":
					q := wstest.DialRaw(t, url)
					q.WriteRaw([]byte(wstest.RequestWith("GET /close HTTP/1.1")))
					q.ReadResponse()
					echo(q)
				case "elsewhere":
					l.Close()
				case "StopListening":
					srv.StopListening()
				}
				err := wstest.Receive(t, served)
				if stopped := errors.Is(err, airsocket.ErrServerClosed); stopped != (from == "StopListening") || !stopped && !errors.Is(err, net.ErrClosed) {
					t.Errorf("Serve returns %v", err)
				}
				echo(p)
				if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
					conn.Close()
					t.Error("a client is still accepted")
				}
				if err := l.Close(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("the second Close: %v", err)
				}
				if err := srv.Serve(l); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Serve of a closed listener: %v", err)
				}
				// The same Server, and the same address, can be used again.
				again, err := net.Listen("tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				go func() { served <- srv.Serve(again) }()
				echo(wstest.ConnectRaw(t, url))
				echo(p)
				srv.Close()
				if err := wstest.Receive(t, served); err != airsocket.ErrServerClosed {
					t.Errorf("Serve returns %v", err)
				}
				wstest.Run(t, d, func() {}) // which waits until nothing is left
			})
		}
	})
}

// TestListenerOfHTTP checks that net/http can serve on a listener of Listen.
func TestListenerOfHTTP(t *testing.T) {
	l := wstest.ListenBy(t, wstest.ByListen)
	srv := &http.Server{Handler: wstest.Upgrading(t, nil, nil)}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	url := "ws://" + l.Addr().String() + "/"
	echo(wstest.ConnectRaw(t, url))
	res, err := http.Get("http" + url[2:])
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("status %d", res.StatusCode)
	}
	srv.Shutdown(context.Background())
	if err := wstest.Receive(t, served); err != http.ErrServerClosed {
		t.Errorf("Serve returns %v", err)
	}
}

// TestRunEndsWithTheListener checks that Run waits for a Server that listens, and no
// longer.
func TestRunEndsWithTheListener(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		d := new(airsocket.Dispatcher)
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
		l := wstest.ListenBy(t, way)
		messages := 0
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) {
				messages++
				s.Send(e.Text())
				srv.StopListening()
			})
		})
		done := make(chan error, 1)
		url := wstest.Prepare(t, srv, l, way)
		go func() { done <- srv.Serve(l) }()
		p := wstest.ConnectRaw(t, url) // so it has begun
		go func() {
			echo(p)
			p.Close()
		}()
		wstest.Run(t, d, func() {})
		if messages != 1 {
			t.Errorf("Run has returned after %d messages", messages)
		}
		if err := wstest.Receive(t, done); err != airsocket.ErrServerClosed {
			t.Errorf("Serve returns %v", err)
		}
	})
}
