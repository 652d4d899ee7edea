package airsocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

type userKey struct{}

// mounted serves srv with net/http, at /rooms/{room} and behind middleware, and returns the
// ws URL of a room.
func mounted(t *testing.T, srv *airsocket.Server) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}", srv)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, "ann")))
	}))
	t.Cleanup(func() {
		srv.Close()
		web.Close()
	})
	return "ws" + strings.TrimPrefix(web.URL, "http") + "/rooms/blue"
}

// dialPath does the opening handshake for the path of a URL.
func dialPath(t *testing.T, url string) *wstest.RawPeer {
	t.Helper()
	p := wstest.DialRaw(t, url)
	path := url[strings.Index(url[len("ws://"):], "/")+len("ws://"):]
	p.WriteRaw([]byte(strings.Replace(wstest.UpgradeRequest, "GET / ", "GET "+path+" ", 1)))
	return p
}

func wantStatus(t *testing.T, p *wstest.RawPeer, status int) {
	t.Helper()
	if got := p.ReadResponse().StatusCode; got != status {
		t.Fatalf("the handshake was answered with %d, want %d", got, status)
	}
}

// TestServerInNetHTTP checks that a Server that is mounted in net/http gives its
// functions what the mux and middleware have found out, and offers what it does on a
// listener of its own.
func TestServerInNetHTTP(t *testing.T) {
	d := new(airsocket.Dispatcher)
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: d}, MaxConns: 2}
	ended := make(chan error, 2)
	srv.OnRequest(func(r *airsocket.Request) {
		web := r.HTTP()
		if room, user := web.PathValue("room"), web.Context().Value(userKey{}); room != "blue" || user != "ann" {
			t.Errorf("OnRequest: room %q, user %v", room, user)
		}
		if _, err := r.Accept(""); err != nil {
			t.Error(err)
		}
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		web := s.HTTPRequest()
		if room, user := web.PathValue("room"), web.Context().Value(userKey{}); room != "blue" || user != "ann" {
			t.Errorf("OnConnect: room %q, user %v", room, user)
		}
		s.OnMessage(func(e *airsocket.MessageEvent) {
			s.Send(e.Text() + " " + s.Context().Value(userKey{}).(string))
			context.AfterFunc(s.Context(), func() { ended <- context.Cause(s.Context()) })
		})
	})
	url := mounted(t, srv)
	a, b := dialPath(t, url), dialPath(t, url)
	for _, p := range []*wstest.RawPeer{a, b} {
		wantStatus(t, p, http.StatusSwitchingProtocols)
		p.Send(wstest.OpText, "hello")
		p.Want(wstest.OpText, "hello ann")
	}
	wantStatus(t, dialPath(t, url), http.StatusServiceUnavailable)
	if _, err := srv.Broadcast(wire.Text, []byte("all"), nil); err != nil {
		t.Error(err)
	}
	a.Want(wstest.OpText, "all")
	b.Want(wstest.OpText, "all")
	down := make(chan error)
	go func() { down <- srv.Shutdown(context.Background()) }()
	for _, p := range []*wstest.RawPeer{a, b} {
		p.Want(wstest.OpClose, wstest.ClosePayload(1001, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1001, ""))
		p.FinishClose()
		if err := <-ended; err != net.ErrClosed {
			t.Errorf("the context has ended with %v", err)
		}
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	wantStatus(t, dialPath(t, url), http.StatusServiceUnavailable)
}

// TestServerInNetHTTPRefuses checks that a Server answers what is no opening handshake, and
// does not pass it to its Handler, which may well be the mux that has called it.
func TestServerInNetHTTPRefuses(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	mux := http.NewServeMux()
	mux.Handle("/", srv)
	srv.Handler = mux
	for _, by := range []string{"net/http", "Server"} {
		url := ""
		if by == "Server" {
			url = "http" + strings.TrimPrefix(wstest.Serve(t, srv), "ws")
		} else {
			web := httptest.NewServer(mux)
			defer web.Close()
			url = web.URL
		}
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusUpgradeRequired || res.Header.Get("Upgrade") != "websocket" {
			t.Errorf("%s: %s %v %q", by, res.Status, res.Header, body)
		}
		res.Body.Close()
	}
}

// TestHTTPRequestOfAListener checks what HTTP returns for a request that net/http has not
// read.
func TestHTTPRequestOfAListener(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	asked := make(chan *http.Request, 1)
	srv.OnRequest(func(r *airsocket.Request) {
		asked <- r.HTTP()
		r.Accept("")
	})
	p := dialPath(t, wstest.Serve(t, srv)+"a/b?c=d")
	wantStatus(t, p, http.StatusSwitchingProtocols)
	r := <-asked
	if r.Method != "GET" || r.URL.Path != "/a/b" || r.FormValue("c") != "d" || r.Host == "" || r.Header.Get("Host") != "" ||
		r.Header.Get("Upgrade") != "websocket" || r.RemoteAddr != p.LocalAddr().String() || r.TLS != nil || r.Context().Err() != nil {
		t.Errorf("%+v", r)
	}
	p.Close()
	<-r.Context().Done()
}

// TestContext checks when the context of a Socket is done, and with which cause.
func TestContext(t *testing.T) {
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
	if err := context.Cause(s.Context()); err != net.ErrClosed {
		t.Errorf("before it is started: %v", err)
	}
	opened, closed := make(chan struct{}), make(chan struct{})
	s.OnOpen(func(*airsocket.OpenEvent) { opened <- struct{}{} })
	s.OnClose(func(*airsocket.CloseEvent) {
		if s.Context().Err() == nil {
			t.Error("it is not done in the close event")
		}
		closed <- struct{}{}
	})
	for _, end := range []struct {
		by   func(p *wstest.RawPeer)
		want error
	}{
		{func(p *wstest.RawPeer) { p.Close() }, wire.ErrUnexpectedEnd},
		{func(*wstest.RawPeer) { s.Drop(1000, "") }, net.ErrClosed},
		{func(*wstest.RawPeer) { s.Conn().Close() }, nil},
		{func(p *wstest.RawPeer) {
			p.Send(15, "")
			p.Want(wstest.OpClose, wstest.ClosePayload(1002, wire.ErrUnknownOpcode.Error()[len("wire: "):]))
			p.FinishClose()
		}, wire.ErrUnknownOpcode},
	} {
		theirs, ours := wstest.TCPPair(t)
		if err := s.StartServer(ours); err != nil {
			t.Fatal(err)
		}
		ctx := s.Context()
		p := wstest.NewRawPeer(t, theirs, true)
		p.SetDeadline(time.Now().Add(wstest.Patience))
		p.Open()
		<-opened
		if ctx != s.Context() || ctx.Err() != nil {
			t.Errorf("the context has changed, or is done: %v", ctx.Err())
		}
		end.by(p)
		<-closed
		if err := context.Cause(ctx); ctx.Err() == nil || end.want != nil && !errors.Is(err, end.want) {
			t.Errorf("the cause is %v, want %v", err, end.want)
		}
		p.Close()
	}
}
