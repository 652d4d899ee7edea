package airsocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// ask sends an opening handshake with additional header lines and returns the
// response.
func ask(t *testing.T, url, path string, lines ...string) *http.Response {
	t.Helper()
	addr := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/")
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		path, addr, strings.Join(append(lines, ""), "\r\n"))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRequestAccept(t *testing.T) {
	srv := &airsocket.Server{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}}
	srv.OnRequest(func(r *airsocket.Request) {
		if got := r.URL().Query().Get("room"); got != "7" {
			t.Errorf("room %q", got)
		}
		if c := r.Cookies(); len(c) != 1 || c[0].Name != "sid" || c[0].Value != "42" {
			t.Errorf("cookies %v", c)
		}
		if got := r.RemoteIP().String(); got != "192.0.2.9" {
			t.Errorf("remote address %s", got)
		}
		if _, err := r.Accept("none of them"); err == nil {
			t.Error("accepted a subprotocol that was not asked for")
		}
		r.SetCookie(&http.Cookie{Name: "seen", Value: "yes", HttpOnly: true})
		s, err := r.Accept("b")
		if err != nil || s != r.Socket() {
			t.Errorf("Accept: %v", err)
		}
		if _, err := r.Accept("b"); !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("second Accept: %v", err)
		}
		if err := r.Reject(403, ""); !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("Reject after Accept: %v", err)
		}
	})
	res := ask(t, wstest.Serve(t, srv), "/chat?room=7", "Sec-WebSocket-Protocol: a, b", "Cookie: sid=42", "X-Forwarded-For: 203.0.113.1, 192.0.2.9, 10.1.2.3")
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Protocol") != "b" || res.Header.Get("Set-Cookie") != "seen=yes; HttpOnly" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

func TestRequestReject(t *testing.T) {
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) {
		r.ResponseHeader = http.Header{"Www-Authenticate": {"Basic"}}
		if err := r.Reject(200, "fine"); err != airsocket.ErrArgument {
			t.Errorf("Reject with 200: %v", err)
		}
		r.Reject(401, "who are you?")
	})
	res := ask(t, wstest.Serve(t, srv), "/")
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != "Basic" || !strings.Contains(string(body), "who are you?") {
		t.Errorf("%d %v %q", res.StatusCode, res.Header, body)
	}
}

func TestRequestAcceptedLater(t *testing.T) {
	d := new(airsocket.Dispatcher)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
	srv.OnRequest(func(r *airsocket.Request) {
		d.Post(func() {
			s, _ := r.Accept("")
			s.Send("first")
			s.Close(1000, "that was all")
		})
	})
	url := wstest.Serve(t, srv)
	var got []string
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		s.OnMessage(func(e *airsocket.MessageEvent) { got = append(got, e.Text()) })
		s.OnClose(func(e *airsocket.CloseEvent) {
			got = append(got, fmt.Sprint(e.Code, e.Reason, e.WasClean))
			srv.Close()
		})
		s.Connect(url)
	})
	if want := "[first 1000that was alltrue]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestRequestNobodyAnswers(t *testing.T) {
	for name, end := range map[string]func(*airsocket.Server){
		"404": func(*airsocket.Server) { time.Sleep(31 * time.Second) }, // longer than HandshakeTimeout by default
		"503": func(srv *airsocket.Server) { go srv.Shutdown(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := new(airsocket.Dispatcher)
				srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
				srv.OnRequest(func(*airsocket.Request) {})
				l := newPipeListener()
				go srv.Serve(l)
				conn := l.dial()
				go io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
				synctest.Wait()
				end(srv)
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || fmt.Sprint(res.StatusCode) != name {
					t.Errorf("%v %v", res, err)
				}
				conn.Close()
				srv.Shutdown(context.Background())
			})
		})
	}
}

// A pipeListener is a net.Listener without a network.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pipeListener) dial() net.Conn {
	a, b := net.Pipe()
	l.conns <- b
	return a
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestRouter(t *testing.T) {
	var router airsocket.Router
	accept := func(name string) func(*airsocket.Request) {
		return func(r *airsocket.Request) {
			r.ResponseHeader = http.Header{"X-Mount": {name}}
			r.Accept(r.Protocol)
		}
	}
	mount := func(path, protocol string) {
		if err := router.Mount(path, protocol, accept(path+"|"+protocol)); err != nil {
			t.Fatal(err)
		}
	}
	mount("/echo", "echo")
	mount("/echo", "")
	mount("/room/*", "*")
	mount("*", "mirror")
	if err := router.Mount("/echo", "echo", accept("")); err != airsocket.ErrArgument {
		t.Errorf("the same mount twice: %v", err)
	}
	srv := new(airsocket.Server)
	srv.OnRequest(router.Route)
	url := wstest.Serve(t, srv)
	for _, c := range []struct{ path, protocols, mount, protocol string }{
		{"/echo", "echo", "/echo|echo", "echo"},
		{"/echo?x=1", "other, echo", "/echo|echo", "echo"},
		{"/echo", "", "/echo|", ""},
		{"/echo", "other", "", ""},
		{"/room/12", "x, y", "/room/*|*", "x"},
		{"/room/12", "", "/room/*|*", ""},
		{"/room/12/13", "", "", ""},
		{"/anything/at/all", "mirror", "*|mirror", "mirror"},
		{"/nowhere", "", "", ""},
	} {
		var lines []string
		if c.protocols != "" {
			lines = append(lines, "Sec-WebSocket-Protocol: "+c.protocols)
		}
		res := ask(t, url, c.path, lines...)
		status := 101
		if c.mount == "" {
			status = 404
		}
		if res.StatusCode != status || res.Header.Get("X-Mount") != c.mount || res.Header.Get("Sec-WebSocket-Protocol") != c.protocol {
			t.Errorf("%s %q: %d, %q, %q", c.path, c.protocols, res.StatusCode, res.Header.Get("X-Mount"), res.Header.Get("Sec-WebSocket-Protocol"))
		}
	}
	if !router.Unmount("/echo", "echo") || router.Unmount("/echo", "echo") {
		t.Error("Unmount did not return true once and then false")
	}
	if res := ask(t, url, "/echo", "Sec-WebSocket-Protocol: echo"); res.StatusCode != 404 {
		t.Errorf("status %d after Unmount", res.StatusCode)
	}
}

func TestBroadcast(t *testing.T) {
	for _, compression := range []airsocket.Compression{airsocket.CompressionOff, airsocket.CompressionNoTakeover, airsocket.CompressionTakeover} {
		d := new(airsocket.Dispatcher)
		srv := &airsocket.Server{Options: &airsocket.Options{Compression: compression, Dispatcher: d, Versions: wire.AllVersions()}}
		open := 0
		text := strings.Repeat("the same for all ", 20)
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnOpen(func(*airsocket.OpenEvent) {
				if open++; open == 4 {
					skip := func(other *airsocket.Socket) bool { return other == s }
					for range 3 {
						if _, err := srv.Broadcast(wire.Text, []byte(text), skip); err != nil {
							t.Error(err)
						}
					}
					srv.CloseAll(1001, "done")
				}
			})
		})
		url := wstest.Serve(t, srv)
		got := 0
		wstest.Run(t, d, func() {
			left := 4
			for _, v := range []wire.Version{wire.Hybi13, wire.Hybi13, wire.Hybi07, wire.Hixie76} {
				s := airsocket.NewSocket(&airsocket.Options{Version: v, Compression: compression, Dispatcher: d})
				s.OnMessage(func(e *airsocket.MessageEvent) {
					if e.Text() != text {
						t.Errorf("%v: got %q", v, e.Text())
					}
					got++
				})
				s.OnClose(func(*airsocket.CloseEvent) {
					if left--; left == 0 {
						srv.Close()
					}
				})
				if err := s.Connect(url); err != nil {
					t.Error(err)
				}
			}
		})
		if got != 9 {
			t.Errorf("compression %d: %d messages, want 3 for each of 3 sockets", compression, got)
		}
	}
}

func TestResponse(t *testing.T) {
	d := new(airsocket.Dispatcher)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d, Header: http.Header{"X-Greeting": {"hello"}}}}
	url := wstest.Serve(t, srv)
	wstest.Run(t, d, func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		if status, header := s.Response(); status != 0 || header != nil {
			t.Errorf("before the start: %d %v", status, header)
		}
		s.OnOpen(func(*airsocket.OpenEvent) {
			if status, header := s.Response(); status != 101 || header.Get("X-Greeting") != "hello" {
				t.Errorf("%d %v", status, header)
			}
			srv.Close()
		})
		s.Connect(url)
	})
}

func TestIsWebSocket(t *testing.T) {
	r := &http.Request{Method: "GET", Header: http.Header{"Upgrade": {"WebSocket"}, "Connection": {"keep-alive, Upgrade"}}}
	if !airsocket.IsWebSocket(r) {
		t.Error("IsWebSocket is false for an opening handshake")
	}
	if r.Method = "POST"; airsocket.IsWebSocket(r) {
		t.Error("IsWebSocket is true for a POST")
	}
}

func TestOptionsClone(t *testing.T) {
	o := &airsocket.Options{MaxMessage: 7, Origins: []string{"*"}}
	airsocket.NewSocket(o) // in use from now on
	c := o.Clone()
	c.MaxMessage = 8
	if o.MaxMessage != 7 || len(c.Origins) != 1 {
		t.Errorf("%+v", c)
	}
	if (*airsocket.Options)(nil).Clone() == nil {
		t.Error("the copy of nil is nil")
	}
}

func TestQueueRefusesWhatCannotBeSent(t *testing.T) {
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), QueueBeforeOpen: true, Version: wire.Hixie76, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	s.Connect("ws://h/")
	defer s.Close(1000, "")
	if err := s.SendBytes([]byte("x")); err != wire.ErrUnsupported {
		t.Errorf("binary on hixie-76: %v", err)
	}
	if err := s.Send("\xff"); err != wire.ErrBadText {
		t.Errorf("bad text: %v", err)
	}
	if err := s.Send("good"); err != nil {
		t.Error(err)
	}
}

func TestStopListening(t *testing.T) {
	d := new(airsocket.Dispatcher)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}}
	defer srv.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	s := airsocket.NewSocket(&airsocket.Options{SilentClose: true, Dispatcher: d})
	echoed := make(chan string, 1)
	stopped := make(chan struct{})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
	s.OnOpen(func(*airsocket.OpenEvent) { close(stopped) })
	s.OnMessage(func(e *airsocket.MessageEvent) { echoed <- e.Text() })
	s.Connect("ws://" + l.Addr().String())
	<-stopped
	srv.StopListening()
	if err := <-done; err != airsocket.ErrServerClosed {
		t.Errorf("Serve: %v", err)
	}
	s.Send("still there")
	if got := <-echoed; got != "still there" {
		t.Errorf("got %q", got)
	}
	if code, _ := s.CloseReason(); code != 0 {
		t.Errorf("closed with %d already", code)
	}
	s.Close(3001, "enough")
	wstest.Run(t, d, func() {}) // until both ends are closed
	srv.Shutdown(context.Background())
	if code, reason := s.CloseReason(); code != 3001 || reason != "enough" {
		t.Errorf("closed with %d %q", code, reason)
	}
}
