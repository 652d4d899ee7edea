package airsocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// namedEcho returns a Server that sends its name back with each message.
func namedEcho(name string) *airsocket.Server {
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{Versions: wire.AllVersions()})}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(name + ": " + e.Text()) })
	})
	return srv
}

// TestPassOn checks that Handler gets the requests for which PassOn returns true, with all that
// follows them, whatever comes before on the connection, and the Server itself all others.
func TestPassOn(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		outer, inner := namedEcho("outer"), namedEcho("inner")
		t.Cleanup(func() { inner.Close() })
		mux := http.NewServeMux()
		mux.Handle("/inner/", inner)
		outer.Handler = mux
		outer.PassOn = func(r *handshake.Request) bool {
			return strings.HasPrefix(r.Target, "/inner/") || strings.HasPrefix(r.Target, "/nowhere")
		}
		url := wstest.ServeWay(t, outer, way)
		hello := string(wstest.Frame(true, 0x81, "hello"))
		const page = "GET /page HTTP/1.1\r\nHost: example.com\r\n\r\n"
		for _, c := range []struct {
			before, request string
			status          int
			want            string
		}{
			{"", wstest.RequestWith("GET /inner/a HTTP/1.1") + hello, 101, "inner: hello"},
			{"", wstest.RequestWith("GET / HTTP/1.1") + hello, 101, "outer: hello"},
			{page, wstest.RequestWith("GET /inner/a HTTP/1.1") + hello, 101, "inner: hello"},
			{page, wstest.RequestWith("GET / HTTP/1.1") + hello, 101, "outer: hello"},
			{"", wstest.RequestWith("GET /nowhere HTTP/1.1"), 404, ""},
			{"", wstest.RequestWith("GET /inner/a HTTP/1.1", "Sec-WebSocket-Version: 99"), 426, ""},
			{"", wstest.RequestWith("GET /inner/a HTTP/1.1", "Origin: http://elsewhere"), 403, ""},
			{"", "GET /inner/old HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" +
				"Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\r\n^n:ds[4U\x00hello\xff", 101, "inner: hello"},
		} {
			p := wstest.DialRaw(t, url)
			if c.before != "" {
				p.WriteRaw([]byte(c.before))
				p.ReadResponse()
			}
			p.WriteRaw([]byte(c.request))
			if got := p.ReadResponse().StatusCode; got != c.status {
				t.Errorf("%q: status %d, want %d", c.request, got, c.status)
			}
			if c.status == 101 && strings.Contains(c.request, "Key1") {
				p.Reader.Discard(16) // the answer to the keys
				if got, err := p.Reader.ReadString(0xff); got != "\x00"+c.want+"\xff" {
					t.Errorf("%q, %v, want %q", got, err, c.want)
				}
			} else if c.status == 101 {
				p.Want(0x81, c.want)
			}
			p.Close()
		}
	})
}

// TestPassOnKeepsLimits checks that requests that are passed on count as those that ask for no
// WebSocket: for the limits of an address, and not for MaxConns.
func TestPassOnKeepsLimits(t *testing.T) {
	inner := namedEcho("inner")
	t.Cleanup(func() { inner.Close() })
	outer := &airsocket.Server{MaxConns: 1, MaxConnsPerIP: 2, Handler: inner, PassOn: func(r *handshake.Request) bool { return r.Target == "/inner" }}
	url := wstest.Serve(t, outer)
	for _, c := range []struct {
		target string
		status int
	}{{"/", 101}, {"/inner", 101}, {"/inner", 429}} {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(wstest.RequestWith("GET " + c.target + " HTTP/1.1")))
		if got := p.ReadResponse().StatusCode; got != c.status {
			t.Errorf("%s: status %d, want %d", c.target, got, c.status)
		}
	}
}

// TestPassOnCountsTwice checks that a connection that is passed to a Server with limits of its own
// counts for those of both until it ends.
func TestPassOnCountsTwice(t *testing.T) {
	for _, way := range []string{wstest.ByListen, wstest.ByTLS} {
		t.Run(way, func(t *testing.T) {
			inner := namedEcho("inner")
			inner.MaxConnsPerIP = 2
			t.Cleanup(func() { inner.Close() })
			outer := &airsocket.Server{MaxConnsPerIP: 4, Handler: inner, PassOn: func(r *handshake.Request) bool { return r.Target == "/inner" }}
			url := wstest.ServeWay(t, outer, way)
			connect := func(target string) (p *wstest.RawPeer, opens bool) {
				p = wstest.DialRaw(t, url)
				p.Write([]byte(wstest.RequestWith("GET " + target + " HTTP/1.1"))) // which fails too if it is closed at once
				line, _ := p.Reader.ReadString('\n')                               // nothing if the address has been told why
				if opens = strings.Contains(line, " 101 "); opens {
					wstest.ReadHead(t, p.Reader)
				} else {
					p.Close()
				}
				return p, opens
			}
			for range 3 {
				var all []*wstest.RawPeer
				for n, target := range []string{"/inner", "/inner", "/", "/"} {
					wstest.Eventually(t, func() bool {
						p, opens := connect(target)
						if opens {
							all = append(all, p)
						}
						return opens
					}, func() string { return fmt.Sprintf("no room for connection %d, to %s", n, target) })
				}
				all[0].Send(0x81, "hello")
				all[0].Want(0x81, "inner: hello")
				for _, target := range []string{"/", "/inner"} {
					if _, opens := connect(target); opens {
						t.Errorf("a fifth connection has opened, to %s", target)
					}
				}
				for _, p := range all {
					p.Close()
				}
			}
		})
	}
}

// TestPassOnNeedsHandler checks that PassOn has no effect without a Handler, nor in net/http.
func TestPassOnNeedsHandler(t *testing.T) {
	alone, mounted := namedEcho("alone"), namedEcho("mounted")
	all := func(*handshake.Request) bool { return true }
	alone.PassOn, mounted.PassOn, mounted.Handler = all, all, http.NotFoundHandler()
	wstest.Serve(t, mounted) // so that its Handler is in use
	for _, url := range []string{wstest.Serve(t, alone), wstest.ServeHandler(t, mounted)} {
		wstest.ConnectRaw(t, url)
	}
}

// TestRegisterOnShutdown checks that functions are called once, whether Shutdown, Close or both
// are called, also those that are registered later, and that nothing waits for them.
func TestRegisterOnShutdown(t *testing.T) {
	for name, end := range map[string]func(*airsocket.Server){
		"Shutdown": func(srv *airsocket.Server) {
			if err := srv.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		},
		"Close": func(srv *airsocket.Server) { srv.Close() },
		"both": func(srv *airsocket.Server) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			srv.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := namedEcho("")
			called, goOn := make(chan string, 10), make(chan bool)
			for _, name := range []string{"first", "second"} {
				srv.RegisterOnShutdown(func() {
					<-goOn
					called <- name
				})
			}
			end(srv)
			close(goOn)
			srv.RegisterOnShutdown(func() { called <- "late" })
			got := map[string]bool{}
			for range 3 {
				got[wstest.Receive(t, called)] = true
			}
			if !got["first"] || !got["second"] || !got["late"] {
				t.Error(got)
			}
			end(srv)
			if len(called) > 0 {
				t.Errorf("%s was called again", <-called)
			}
		})
	}
}
