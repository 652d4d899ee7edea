package airsocket_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// requestHooks are hooks that send a line for each request, answer, open connection and
// failure to lines.
func requestHooks(lines chan<- string) *airsocket.Hooks {
	return &airsocket.Hooks{
		Requested: func(s *airsocket.Socket) {
			r := s.HTTPRequest()
			lines <- fmt.Sprintf("requested %s %s %t", s.Request().Target, r.Header.Get("X-Name"), strings.HasPrefix(r.RemoteAddr, "127.0.0.1:"))
		},
		Answered: func(_ *airsocket.Socket, status int, header handshake.Header) {
			lines <- fmt.Sprintf("answered %d %s %s", status, header.Get("Upgrade"), header.Get("X-Answer"))
		},
		Opened:          func(*airsocket.Socket) { lines <- "opened" },
		HandshakeFailed: func(_ *airsocket.Socket, err error) { lines <- "failed: " + err.Error() },
	}
}

// TestHooksOfRequests checks what Requested and Answered are told, whoever reads the request
// and whether it is accepted or refused.
func TestHooksOfRequests(t *testing.T) {
	lines := make(chan string, 10)
	newServer := func() *airsocket.Server {
		srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{
			Hooks: requestHooks(lines), Header: http.Header{"X-Answer": {"yes"}}, Versions: wire.AllVersions(),
		})}
		srv.OnRequest(func(r *airsocket.Request) {
			lines <- "asked"
			if r.ResponseHeader = (http.Header{"X-Answer": {"no"}}); r.Target == "/refused" {
				r.Reject(http.StatusTeapot, "not here")
				return
			}
			r.ResponseHeader = nil
			r.Accept("")
		})
		return srv
	}
	inNetHTTP, full := newServer(), newServer()
	t.Cleanup(func() { inNetHTTP.Close() })
	full.MaxConns = 1
	upgrading := newServer().Options
	urls := map[string]string{
		"a listener": wstest.Serve(t, newServer()),
		"TLS":        wstest.ServeWay(t, newServer(), wstest.ByTLS),
		"net/http":   wstest.ServeHandler(t, inNetHTTP),
		"Upgrade":    wstest.ServeHandler(t, wstest.Upgrading(t, upgrading, nil)),
		"keep-alive": wstest.Serve(t, func() *airsocket.Server { s := newServer(); s.Handler = http.NotFoundHandler(); return s }()),
	}
	hixie76 := "GET /old HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nX-Name: it\r\n" +
		"Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\nSec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\r\n^n:ds[4U"
	for by, url := range urls {
		for _, c := range []struct {
			name, request string
			want          []string
		}{
			{"accepted", wstest.RequestWith("GET /room?n=1 HTTP/1.1", "X-Name: it"),
				[]string{"requested /room?n=1 it true", "asked", "answered 101 websocket yes", "opened"}},
			{"hixie-76", hixie76,
				[]string{"requested /old it true", "asked", "answered 101 WebSocket yes", "opened"}},
			{"refused by the program", wstest.RequestWith("GET /refused HTTP/1.1", "X-Name: it"),
				[]string{"requested /refused it true", "asked", "answered 418  no", "failed: handshake: not here"}},
			{"refused origin", wstest.RequestWith("GET / HTTP/1.1", "X-Name: it", "Origin: http://elsewhere"),
				[]string{"requested / it true", "answered 403  ", "failed: handshake: requests from this origin are not accepted"}},
			{"not valid", wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Key: short"),
				[]string{"answered 400  ", "failed: handshake: the key is not valid in this version of the protocol"}},
		} {
			t.Run(by+"/"+c.name, func(t *testing.T) {
				if by == "Upgrade" {
					if c.name == "refused by the program" {
						t.Skip("there is no OnRequest")
					}
					c.want = slices.DeleteFunc(c.want, func(line string) bool { return line == "asked" })
				}
				p := wstest.DialRaw(t, url)
				if by == "keep-alive" {
					p.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"))
					p.ReadResponse()
				}
				p.WriteRaw([]byte(c.request))
				if strings.HasPrefix(c.want[len(c.want)-1], "failed") {
					p.ReadResponse() // the failure is reported when the client has gone
					p.Close()
				}
				for _, want := range c.want {
					if got := wstest.Receive(t, lines); got != want {
						t.Errorf("%q, want %q", got, want)
					}
				}
				p.Close()
			})
		}
	}

	t.Run("MaxConns", func(t *testing.T) {
		p := wstest.DialRaw(t, wstest.Serve(t, full))
		p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "X-Name: it")))
		for _, want := range []string{"requested / it true", "asked", "answered 101 websocket yes", "opened"} {
			if got := wstest.Receive(t, lines); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		for _, url := range []string{"ws://" + p.RemoteAddr().String(), wstest.ServeHandler(t, full)} {
			q := wstest.DialRaw(t, url)
			q.WriteRaw([]byte(wstest.RequestWith("GET /more HTTP/1.1", "X-Name: it")))
			q.ReadResponse()
			q.Close()
			for _, want := range []string{"requested /more it true", "answered 503  ", "failed: handshake: too many connections"} {
				if got := wstest.Receive(t, lines); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
		}
	})
}

// TestHooksOfRequestsAboveALimit checks that a request is reported that a Server in net/http
// refuses before it looks at it, and not one that is no valid handshake.
func TestHooksOfRequestsAboveALimit(t *testing.T) {
	lines := make(chan string, 10)
	srv := &airsocket.Server{HandshakesPerIP: 0.001, HandshakeBurst: 1, Options: wstest.OwnDispatcher(&airsocket.Options{Hooks: requestHooks(lines)})}
	t.Cleanup(func() { srv.Close() })
	url := wstest.ServeHandler(t, srv)
	for _, c := range []struct{ request, want string }{
		{wstest.RequestWith("GET /first HTTP/1.1"), "requested /first  true, answered 101 websocket , opened"},
		{wstest.RequestWith("GET /second HTTP/1.1"), "requested /second  true, answered 429  , failed: handshake: too many new connections from your address"},
		{wstest.RequestWith("GET /third HTTP/1.1", "Sec-WebSocket-Version: 99"), "answered 429  , failed: handshake: too many new connections from your address"},
	} {
		p := wstest.DialRaw(t, url)
		p.WriteRaw([]byte(c.request))
		p.ReadResponse()
		for _, want := range strings.Split(c.want, ", ") {
			if got := wstest.Receive(t, lines); !strings.HasPrefix(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		p.Close()
	}
}

// TestAnsweredFields checks that Answered gets the fields as they were sent.
func TestAnsweredFields(t *testing.T) {
	var mu sync.Mutex
	var got handshake.Header
	srv := &airsocket.Server{Options: &airsocket.Options{
		Header: http.Header{"X-Colons": {"a: b: c"}, "X-Empty": {""}},
		Hooks: &airsocket.Hooks{Answered: func(_ *airsocket.Socket, _ int, header handshake.Header) {
			mu.Lock()
			defer mu.Unlock()
			got = slices.Clone(header)
		}},
	}}
	opened := make(chan bool, 1)
	srv.OnConnect(func(s *airsocket.Socket) { s.OnOpen(func(*airsocket.OpenEvent) { opened <- true }) })
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	head := wstest.ReadHead(t, p.Reader)
	wstest.Receive(t, opened)
	mu.Lock()
	defer mu.Unlock()
	text := "HTTP/1.1 101 Switching Protocols\r\n"
	for _, f := range got {
		text += f.Name + ": " + f.Value + "\r\n"
	}
	if text+"\r\n" != head || len(got) != 5 {
		t.Errorf("%q, sent was %q", text, head)
	}
}

// TestRequestWhileItIsAsked checks that a Socket whose request has just been read can be used
// in Requested as in every other state.
func TestRequestWhileItIsAsked(t *testing.T) {
	done := make(chan string, 1)
	srv := &airsocket.Server{Options: &airsocket.Options{Hooks: &airsocket.Hooks{
		Requested: func(s *airsocket.Socket) { s.Send("early"); s.Close(1000, "") },
		HandshakeFailed: func(s *airsocket.Socket, err error) {
			done <- fmt.Sprint(s.Request() != nil, " ", err)
		},
	}}}
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.WriteRaw([]byte(wstest.UpgradeRequest))
	p.SkipToEnd()
	if got, want := wstest.Receive(t, done), fmt.Sprint("true ", airsocket.ErrAborted); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
