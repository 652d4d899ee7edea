package serving

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A webHost is a net/http server with TLS whose handler upgrades every request to a Socket
// that echoes. The tls.Conns of the Sockets are made by net/http.
type webHost struct {
	t       testing.TB
	addr    string
	client  *tls.Config
	sockets chan *airsocket.Socket
	closed  chan error // the error before each close event
}

func newWebHost(t testing.TB, opts *airsocket.Options) *webHost {
	root := wstest.NewAuthority(t, nil)
	h := &webHost{t: t, client: root.ClientConfig(), sockets: make(chan *airsocket.Socket, most), closed: make(chan error, most)}
	h.client.ServerName = "localhost"
	opts.Dispatcher = new(airsocket.Dispatcher)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := airsocket.NewSocket(opts)
		var failure error
		s.OnError(func(e *airsocket.ErrorEvent) { failure = e.Err })
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		s.OnClose(func(*airsocket.CloseEvent) { h.closed <- failure })
		if err := s.Upgrade(w, r); err != nil {
			t.Error(err)
		}
		h.sockets <- s
	}))
	web.TLS = &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	web.StartTLS()
	t.Cleanup(web.Close)
	h.addr = web.Listener.Addr().String()
	return h
}

// A slowConn is the connection under the peer's TLS. It keeps the end of what is written
// back while short is set.
type slowConn struct {
	net.Conn
	short bool
	rest  []byte
}

func (c *slowConn) Write(p []byte) (int, error) {
	if !c.short {
		return c.Conn.Write(p)
	}
	n := len(p) - 3
	c.rest = append(c.rest, p[n:]...)
	m, err := c.Conn.Write(p[:n])
	return m + len(p) - n, err
}

func (c *slowConn) finish() {
	c.short = false
	c.Conn.Write(c.rest)
	c.rest = nil
}

// connect opens a WebSocket.
func (h *webHost) connect() (*wstest.RawPeer, *slowConn, *airsocket.Socket) {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(wstest.Patience))
	below := &slowConn{Conn: conn}
	p := wstest.NewRawPeer(h.t, tls.Client(below, h.client), true)
	p.Open()
	return p, below, wstest.Receive(h.t, h.sockets)
}

func exchange(p *wstest.RawPeer, text string) {
	p.T.Helper()
	p.Send(wstest.OpText, text)
	p.Want(wstest.OpText, text)
}

// TestForeignTLSTakesNoGoroutine checks that connections whose tls.Conn was made by
// net/http have goroutines only while a record is incomplete, and that such peers hold up
// nobody.
func TestForeignTLSTakesNoGoroutine(t *testing.T) {
	const conns = 300
	h := newWebHost(t, &airsocket.Options{})
	first, _, _ := h.connect()
	before := runtime.NumGoroutine()
	more := 0
	idle := func() {
		t.Helper()
		if !haveWorkers {
			return
		}
		wstest.Eventually(t, func() bool {
			more = runtime.NumGoroutine() - before
			return more <= conns/10
		}, func() string { return fmt.Sprintf("%d connections have %d goroutines", conns, more) })
	}
	peers, belows, sockets := make([]*wstest.RawPeer, conns), make([]*slowConn, conns), make([]*airsocket.Socket, conns)
	for i := range conns {
		peers[i], belows[i], sockets[i] = h.connect()
	}
	idle()
	for i, p := range peers {
		exchange(p, strings.Repeat("x", 100*i)) // in one record or several
	}
	idle()
	for _, s := range sockets {
		s.Pause()
	}
	for _, p := range peers {
		p.Send(wstest.OpText, "later")
	}
	idle()
	for i, p := range peers {
		sockets[i].Resume()
		p.Want(wstest.OpText, "later")
	}
	idle()
	for i, p := range peers {
		belows[i].short = true
		p.Send(wstest.OpText, "half")
		exchange(first, "on")
	}
	for i, p := range peers {
		belows[i].finish()
		p.Want(wstest.OpText, "half")
	}
	idle()
}

// TestForeignTLSEnds checks that a connection whose tls.Conn was made by net/http is
// noticed to end, whoever ends it.
func TestForeignTLSEnds(t *testing.T) {
	for name, end := range map[string]func(p *wstest.RawPeer, below *slowConn, s *airsocket.Socket){
		"close_notify": func(p *wstest.RawPeer, _ *slowConn, _ *airsocket.Socket) { p.Conn.(*tls.Conn).CloseWrite() },
		"FIN":          func(_ *wstest.RawPeer, below *slowConn, _ *airsocket.Socket) { below.Conn.(*net.TCPConn).CloseWrite() },
		"RST": func(_ *wstest.RawPeer, below *slowConn, _ *airsocket.Socket) {
			below.Conn.(*net.TCPConn).SetLinger(0)
			below.Conn.Close()
		},
		"FIN within a record": func(p *wstest.RawPeer, below *slowConn, _ *airsocket.Socket) {
			below.short = true
			p.Send(wstest.OpText, "half")
			below.Conn.(*net.TCPConn).CloseWrite()
		},
		"FIN with data": func(p *wstest.RawPeer, below *slowConn, _ *airsocket.Socket) {
			p.Send(wstest.OpText, "x")
			below.Conn.(*net.TCPConn).CloseWrite()
			p.Want(wstest.OpText, "x")
		},
		"Drop": func(_ *wstest.RawPeer, _ *slowConn, s *airsocket.Socket) { s.Drop(1000, "") },
		"Drop within a record": func(p *wstest.RawPeer, below *slowConn, s *airsocket.Socket) {
			below.short = true
			p.Send(wstest.OpText, "half")
			s.Drop(1000, "")
		},
		"Drop of a paused Socket": func(p *wstest.RawPeer, _ *slowConn, s *airsocket.Socket) {
			s.Pause()
			p.Send(wstest.OpText, "x")
			s.Drop(1000, "")
		},
		"Close of the connection": func(p *wstest.RawPeer, _ *slowConn, s *airsocket.Socket) {
			s.Conn().(*tls.Conn).Close()
			if _, err := p.Read(make([]byte, 1)); err == nil {
				p.T.Error("the peer has read something")
			}
			p.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newWebHost(t, &airsocket.Options{})
			for range 3 {
				p, below, s := h.connect()
				exchange(p, "hello")
				end(p, below, s)
				wstest.Receive(t, h.closed)
			}
		})
	}
}

// TestForeignTLSPings checks that the ping of a Socket whose connection waits without a
// goroutine is sent, and that a peer that does not answer is noticed.
func TestForeignTLSPings(t *testing.T) {
	h := newWebHost(t, &airsocket.Options{PingInterval: 50 * time.Millisecond, PongTimeout: 50 * time.Millisecond})
	p, _, _ := h.connect()
	p.Want(wstest.OpPing, "")
	p.Send(wstest.OpPong, "")
	p.Want(wstest.OpPing, "")
	if err := wstest.Receive(t, h.closed); !errors.Is(err, airsocket.ErrPongTimeout) {
		t.Errorf("the error is %v", err)
	}
}

// TestForeignTLSHandshakeTimeout checks that a client that does not go on is given up,
// before and within the handshake of TLS, and within a request.
func TestForeignTLSHandshakeTimeout(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	config := &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	client := root.ClientConfig()
	client.ServerName = "localhost"
	for name, begin := range map[string]func(net.Conn){
		"nothing":       func(net.Conn) {},
		"half a record": func(conn net.Conn) { conn.Write([]byte{22, 3, 1, 2, 0, 1}) },
		"half a request": func(conn net.Conn) {
			secure := tls.Client(conn, client)
			secure.SetDeadline(time.Now().Add(wstest.Patience))
			secure.Write([]byte("GET / HTTP/1.1\r\n"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := wstest.TCPPair(t)
			failed := make(chan error, 1)
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), HandshakeTimeout: 50 * time.Millisecond})
			s.OnError(func(e *airsocket.ErrorEvent) { failed <- e.Err })
			if err := s.StartServer(tls.Server(ours, config)); err != nil {
				t.Fatal(err)
			}
			begin(theirs)
			if err := wstest.Receive(t, failed); !errors.Is(err, airsocket.ErrHandshakeTimeout) && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
