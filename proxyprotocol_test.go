package airsocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

const (
	proxyLine   = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x11\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb\x04\x00\x02zz"
	proxyLocal  = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	proxyClient = "192.0.2.1:56324"
	proxyServer = "198.51.100.2:443"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// A prefixing is a connection that sends some bytes before the first others.
type prefixing struct {
	net.Conn
	before string
	pieces bool // send each byte by itself
}

func (c *prefixing) Write(p []byte) (int, error) {
	all := append([]byte(c.before), p...)
	c.before = ""
	size := len(all)
	if c.pieces {
		size = 1
	}
	for ; len(all) > 0; all = all[min(size, len(all)):] {
		if _, err := c.Conn.Write(all[:min(size, len(all))]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// dialAsProxy connects to a server as a proxy that sends header, in one write with what
// follows, or byte by byte.
func dialAsProxy(t *testing.T, url, header string, pieces bool) *wstest.RawPeer {
	t.Helper()
	p := wstest.DialRaw(t, url)
	below := &prefixing{wstest.Below(p.Conn), header, pieces}
	if _, ok := p.Conn.(*tls.Conn); ok {
		return wstest.NewRawPeer(t, tls.Client(below, &tls.Config{InsecureSkipVerify: true}), true)
	}
	return wstest.NewRawPeer(t, below, true)
}

// seenAddrs makes srv send each client the addresses that it has seen.
func seenAddrs(srv *airsocket.Server) {
	var ip netip.Addr
	srv.OnRequest(func(r *airsocket.Request) {
		ip = r.RemoteIP()
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Send(fmt.Sprint(s.RemoteAddr(), " ", s.LocalAddr(), " ", s.HTTPRequest().RemoteAddr, " ", ip, ", from ", s.Conn().RemoteAddr()))
		})
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	})
}

// TestProxyProtocol checks which addresses a program sees behind a proxy, on all kinds of
// listeners, and that nothing is lost of what follows the header.
func TestProxyProtocol(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{ProxyProtocol: loopback}
		seenAddrs(srv)
		url := wstest.ServeWay(t, srv, way)
		told := proxyClient + " " + proxyServer + " " + proxyClient + " 192.0.2.1"
		for name, c := range map[string]struct{ header, want string }{
			"version 1": {proxyLine, told},
			"version 2": {proxyBinary, told},
			"IPv6":      {"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1 [::1]:2 [2001:db8::1]:1 2001:db8::1"},
			"UNKNOWN":   {"PROXY UNKNOWN\r\n", ""},
			"LOCAL":     {proxyLocal, ""},
		} {
			for _, pieces := range []bool{false, true} {
				p := dialAsProxy(t, url, c.header, pieces)
				want, own := c.want, p.LocalAddr().String()
				if want == "" {
					want = fmt.Sprint(own, " ", wstest.HostOf(url), " ", own, " 127.0.0.1")
				}
				p.Open()
				p.Want(0x81, want+", from "+own)
				p.Send(0x81, "hello")
				p.Want(0x81, "hello")
				if t.Failed() {
					t.Fatalf("%s, byte by byte: %t", name, pieces)
				}
				p.Close()
			}
		}
	})
}

// TestProxyProtocolRefuses checks that a connection from a trusted address without a valid
// header is ended, and that the program learns why.
func TestProxyProtocolRefuses(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		failures := make(chan error, 1)
		srv := &airsocket.Server{ProxyProtocol: loopback, Options: &airsocket.Options{Hooks: &airsocket.Hooks{
			HandshakeFailed: func(_ *airsocket.Socket, err error) { failures <- err },
		}}}
		srv.OnConnect(func(*airsocket.Socket) { t.Error("a connection was accepted") })
		url := wstest.ServeWay(t, srv, way)
		for _, header := range []string{"", "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n", "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x00"} {
			p := dialAsProxy(t, url, header, false)
			p.Write([]byte(wstest.UpgradeRequest)) // fails over TLS
			if err := <-failures; !errors.Is(err, airsocket.ErrProxyHeader) {
				t.Errorf("%q: %v", header, err)
			}
			wstest.NewRawPeer(t, p.Conn, true).SkipToEnd()
		}
	})
}

// TestProxyProtocolOfOthers checks that a header from another address counts as the
// beginning of the request, which it breaks, and that other requests are served.
func TestProxyProtocolOfOthers(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{ProxyProtocol: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}}
		seenAddrs(srv)
		url := wstest.ServeWay(t, srv, way)
		p := wstest.ConnectRaw(t, url)
		own := p.LocalAddr().String()
		p.Want(0x81, fmt.Sprint(own, " ", wstest.HostOf(url), " ", own, " 127.0.0.1, from ", own))
		p = wstest.DialRaw(t, url)
		p.WriteRaw([]byte(proxyLine + wstest.UpgradeRequest))
		if status := p.ReadResponse().StatusCode; status != http.StatusBadRequest {
			t.Errorf("a header was answered with %d", status)
		}
	})
}

// TestProxyProtocolTimeout checks that the handshake timeout includes the header.
func TestProxyProtocolTimeout(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		failures := make(chan error, 1)
		srv := &airsocket.Server{ProxyProtocol: loopback, Options: &airsocket.Options{
			HandshakeTimeout: 20 * time.Millisecond,
			Hooks:            &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { failures <- err }},
		}}
		url := wstest.ServeWay(t, srv, way)
		for _, header := range []string{"", proxyLine[:20], proxyBinary[:20], proxyLine} {
			p := wstest.DialRaw(t, url)
			p.TCP().Write([]byte(header))
			if err := <-failures; !errors.Is(err, airsocket.ErrHandshakeTimeout) {
				t.Errorf("%q: %v", header, err)
			}
			wstest.NewRawPeer(t, p.TCP(), true).SkipToEnd()
		}
	})
}

// TestProxyProtocolShutdown checks that a Server can shut down while headers have not come,
// and that a client that leaves before its header is reported.
func TestProxyProtocolShutdown(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		failures := make(chan error, 1)
		srv := &airsocket.Server{ProxyProtocol: loopback, Options: wstest.OwnDispatcher(&airsocket.Options{
			HandshakeTimeout: -1,
			Hooks:            &airsocket.Hooks{HandshakeFailed: func(_ *airsocket.Socket, err error) { failures <- err }},
		})}
		url := wstest.ServeWay(t, srv, way)
		p := wstest.DialRaw(t, url)
		p.TCP().Write([]byte(proxyLine[:20]))
		p.TCP().Close()
		if err := <-failures; err == nil || errors.Is(err, airsocket.ErrServerClosed) {
			t.Errorf("a client that leaves: %v", err)
		}
		p = wstest.DialRaw(t, url)
		p.TCP().Write([]byte(proxyLine[:20]))
		// When a later connection is served, this one has been accepted.
		later := dialAsProxy(t, url, proxyLine, false)
		later.Open()
		later.Close()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-failures; !errors.Is(err, airsocket.ErrServerClosed) {
			t.Errorf("at Shutdown: %v", err)
		}
	})
}

// TestProxyProtocolForHandler checks that net/http too sees the client's address, and that
// it stays that of an opening handshake that follows on the same connection.
func TestProxyProtocolForHandler(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{ProxyProtocol: loopback, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
			fmt.Fprint(w, r.RemoteAddr, " ", local)
		})}
		seenAddrs(srv)
		p := dialAsProxy(t, wstest.ServeWay(t, srv, way), proxyLine, false)
		p.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"))
		res, err := http.ReadResponse(p.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(res.Body); string(body) != proxyClient+" "+proxyServer {
			t.Errorf("net/http sees %s", body)
		}
		p.Open()
		p.Want(0x81, proxyClient+" "+proxyServer+" "+proxyClient+" 192.0.2.1, from "+p.LocalAddr().String())
	})
}

// TestProxyProtocolLog checks that the log has the client's address, at the end of a
// connection too.
func TestProxyProtocolLog(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		records := make(chan slog.Record, 10)
		srv := &airsocket.Server{ProxyProtocol: loopback, Options: &airsocket.Options{Logger: slog.New(recordHandler(records))}}
		p := dialAsProxy(t, wstest.ServeWay(t, srv, way), proxyBinary, false)
		p.Open()
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.WantClose(1000)
		p.FinishClose()
		for _, want := range []string{"websocket open", "websocket closed"} {
			r := <-records
			remote := ""
			r.Attrs(func(a slog.Attr) bool {
				if a.Key == "remote" {
					remote = a.Value.String()
				}
				return true
			})
			if r.Message != want || remote != proxyClient {
				t.Errorf("%s, remote %s", r.Message, remote)
			}
		}
	})
}

// A recordHandler passes on the records of a Logger.
type recordHandler chan slog.Record

func (h recordHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h recordHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h recordHandler) WithGroup(string) slog.Handler            { return h }

func (h recordHandler) Handle(_ context.Context, r slog.Record) error {
	h <- r
	return nil
}
