package airsocket_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// failures returns Options whose hook passes on why handshakes have failed.
func failures(n int) (*airsocket.Options, chan error) {
	failed := make(chan error, n)
	return wstest.OwnDispatcher(&airsocket.Options{Hooks: &airsocket.Hooks{
		HandshakeFailed: func(_ *airsocket.Socket, err error) { failed <- err },
	}}), failed
}

// statusOf sends a request and returns the status of the answer. If there are too many, it
// closes the connection, as the Server waits for that.
func statusOf(p *wstest.RawPeer, request string) int {
	p.WriteRaw([]byte(request))
	status := p.ReadResponse().StatusCode
	if status == http.StatusTooManyRequests {
		p.Close()
	}
	return status
}

// opensInTime opens a connection, for which the Server may first have to notice that another
// has ended.
func opensInTime(t *testing.T, dial func() *wstest.RawPeer, request string) {
	t.Helper()
	for {
		p := dial()
		p.Write([]byte(request))
		if line := make([]byte, 12); func() bool { _, err := io.ReadFull(p.Conn, line); return err == nil && string(line) == "HTTP/1.1 101" }() {
			return
		}
		p.Close()
	}
}

// TestMaxConnsPerIP checks the limit in every way of serving: one client is told, others that
// come at once are closed, and there is room again when a connection has ended.
func TestMaxConnsPerIP(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		opts, failed := failures(1000)
		srv := &airsocket.Server{Options: opts, MaxConnsPerIP: 2, Handler: http.NotFoundHandler()}
		url := wstest.ServeWay(t, srv, way)
		dial := func() *wstest.RawPeer { return wstest.DialRaw(t, url) }
		a, b := wstest.ConnectRaw(t, url), dial()
		if status := statusOf(b, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); status != http.StatusNotFound {
			t.Fatalf("Handler: status %d", status)
		}
		if status := statusOf(dial(), wstest.UpgradeRequest); status != http.StatusTooManyRequests {
			t.Errorf("status %d", status)
		}
		if err := wstest.Receive(t, failed); !errors.Is(err, airsocket.ErrConnsPerIP) {
			t.Errorf("the hook was told %v", err)
		}
		a.Send(wstest.OpPing, "still here")
		a.Want(wstest.OpPong, "still here")
		b.Close() // which Handler has
		opensInTime(t, dial, wstest.UpgradeRequest)
	})
}

// TestMaxConnsPerIPHoldsNothing checks that clients above the limit that send nothing hold no
// connections.
func TestMaxConnsPerIPHoldsNothing(t *testing.T) {
	opts, failed := failures(100)
	srv := &airsocket.Server{Options: opts, MaxConnsPerIP: 1}
	url := wstest.Serve(t, srv)
	wstest.ConnectRaw(t, url)
	wstest.DialRaw(t, url) // is counted, to be told
	for range 20 {
		p := wstest.DialRaw(t, url)
		p.WantEnd()
		if err := wstest.Receive(t, failed); !errors.Is(err, airsocket.ErrConnsPerIP) {
			t.Errorf("the hook was told %v", err)
		}
	}
}

// TestMaxConnsPerIPByNetHTTP checks the limit for requests of net/http, those that Handler
// has passed on, and sockets that a Handler has made itself.
func TestMaxConnsPerIPByNetHTTP(t *testing.T) {
	for _, by := range []string{"ServeHTTP", "Handler", "Upgrade in Handler"} {
		t.Run(by, func(t *testing.T) {
			opts, failed := failures(1000)
			srv := &airsocket.Server{Options: opts, MaxConnsPerIP: 1}
			first := wstest.UpgradeRequest
			var url string
			switch by {
			case "ServeHTTP":
				url = wstest.ServeHandler(t, srv)
				t.Cleanup(func() { srv.Close() })
			case "Handler":
				srv.Handler = http.NotFoundHandler()
				url = wstest.Serve(t, srv)
			default:
				srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Header.Set("Upgrade", "websocket")
					r.Header.Set("Connection", "Upgrade")
					airsocket.NewSocket(wstest.OwnDispatcher(nil)).Upgrade(w, r)
				})
				first = wstest.RequestWith("GET / HTTP/1.1", "Upgrade:", "Connection:")
				url = wstest.Serve(t, srv)
			}
			dial := func() *wstest.RawPeer { return wstest.DialRaw(t, url) }
			a := dial()
			if by == "Handler" {
				if status := statusOf(a, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); status != http.StatusNotFound {
					t.Fatalf("status %d", status)
				}
			}
			if status := statusOf(a, first); status != http.StatusSwitchingProtocols {
				t.Fatalf("status %d", status)
			}
			if status := statusOf(dial(), wstest.UpgradeRequest); status != http.StatusTooManyRequests {
				t.Errorf("status %d", status)
			}
			if err := wstest.Receive(t, failed); !errors.Is(err, airsocket.ErrConnsPerIP) {
				t.Errorf("the hook was told %v", err)
			}
			a.Send(wstest.OpClose, "")
			a.Want(wstest.OpClose, "")
			a.Close()
			opensInTime(t, dial, wstest.UpgradeRequest)
		})
	}
}

// TestPerIPBehindProxies checks which addresses count behind proxies: those that they tell,
// if they are trusted.
func TestPerIPBehindProxies(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		host := 0
		nextHost := func() int { host++; return host }
		for name, c := range map[string]struct {
			proxies, trusted []netip.Prefix
			from             func(client int) (header, field string)
			refuses          bool // the second connection of each client
			alone            bool // all clients count as one
		}{
			"PROXY": {loopback, nil, func(i int) (string, string) {
				return fmt.Sprintf("PROXY TCP4 192.0.2.%d 198.51.100.2 5 443\r\n", i), ""
			}, true, false},
			"PROXY UNKNOWN":   {loopback, nil, func(int) (string, string) { return "PROXY UNKNOWN\r\n", "" }, false, false},
			"X-Forwarded-For": {nil, loopback, func(i int) (string, string) { return "", fmt.Sprintf("X-Forwarded-For: 203.0.113.9, 192.0.2.%d", i) }, true, false},
			"with a port":     {nil, loopback, func(i int) (string, string) { return "", fmt.Sprintf("X-Forwarded-For: 192.0.2.%d:%d", i, 8000+i) }, true, false},
			"IPv6 and a port": {nil, loopback, func(i int) (string, string) { return "", fmt.Sprintf("X-Forwarded-For: [2001:db8:0:%d::1]:443", i) }, true, false},
			"none of trusted": {nil, loopback, func(i int) (string, string) { return "", "X: y" }, false, false},
			"of untrusted":    {nil, nil, func(i int) (string, string) { return "", fmt.Sprintf("X-Forwarded-For: 192.0.2.%d", i) }, true, true},
			"IPv6 by 64 bits": {nil, loopback, func(i int) (string, string) {
				return "", fmt.Sprintf("X-Forwarded-For: 2001:db8:0:%d::%d", i, nextHost())
			}, true, false},
			"PROXY and its XFF": {loopback, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, func(i int) (string, string) { return proxyLine, fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i) }, true, false},
		} {
			opts, failed := failures(100)
			srv := &airsocket.Server{Options: opts, MaxConnsPerIP: 1, ProxyProtocol: c.proxies, TrustedProxies: c.trusted}
			url := wstest.ServeWay(t, srv, way)
			for client := 1; client <= 2; client++ {
				for i, want := range []int{http.StatusSwitchingProtocols, http.StatusTooManyRequests} {
					if i == 1 && !c.refuses {
						want = http.StatusSwitchingProtocols
					}
					if c.alone && client == 2 {
						break
					}
					header, field := c.from(client)
					p := dialAsProxy(t, url, header, false)
					if status := statusOf(p, wstest.RequestWith("GET / HTTP/1.1", field)); status != want {
						t.Errorf("%s: connection %d of client %d: status %d, want %d", name, i+1, client, status, want)
					}
					if want == http.StatusTooManyRequests {
						if err := wstest.Receive(t, failed); !errors.Is(err, airsocket.ErrConnsPerIP) {
							t.Errorf("%s: the hook was told %v", name, err)
						}
					}
				}
			}
		}
	})
}

// TestHandshakesPerIP checks how many connections an address may open, that there are others
// in time, and that others are not refused.
func TestHandshakesPerIP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts, failed := failures(100)
		srv := &airsocket.Server{Options: opts, HandshakesPerIP: 0.5, HandshakeBurst: 3}
		l := newPipeListener()
		go srv.Serve(l)
		dial := func(from string) (status string, res *http.Response) {
			here, there := net.Pipe()
			l.conns <- comingFrom{there, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}
			p := wstest.NewRawPeer(t, here, true)
			defer p.Close()
			if _, err := p.Write([]byte(wstest.UpgradeRequest)); err != nil {
				return "closed", nil
			}
			res = p.ReadResponse()
			return fmt.Sprint(res.StatusCode), res
		}
		want := func(from, want string) {
			t.Helper()
			if got, _ := dial(from); got != want {
				t.Errorf("from %s at %v: %s, want %s", from, time.Now(), got, want)
			}
			if want != "101" {
				if err := <-failed; !errors.Is(err, airsocket.ErrHandshakesPerIP) {
					t.Errorf("the hook was told %v", err)
				}
			}
		}
		for range 3 {
			want("192.0.2.1:1", "101")
		}
		status, res := dial("192.0.2.1:2")
		if status != "429" || res.Header.Get("Retry-After") != "2" {
			t.Errorf("%s, %v", status, res)
		}
		<-failed
		want("192.0.2.1:3", "closed")
		want("192.0.2.2:3", "101")
		time.Sleep(time.Second) // half of what a new connection takes at 0.5 a second
		want("192.0.2.1:4", "429")
		time.Sleep(time.Second) // the other half
		want("192.0.2.1:5", "101")
		want("192.0.2.1:6", "429")
		srv.Close()
		synctest.Wait()
	})
}

// TestHandshakesPerIPOfRequests checks that requests of net/http count, also those that are
// refused, and one on a connection that Handler has, for which the connection has counted.
func TestHandshakesPerIPOfRequests(t *testing.T) {
	opts, failed := failures(10)
	srv := &airsocket.Server{Options: opts, HandshakesPerIP: 1e-6, HandshakeBurst: 3, Handler: http.NotFoundHandler()}
	for i, want := range []int{426, 426, 426, 429} {
		w := httptest.NewRecorder()
		if srv.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != want {
			t.Errorf("request %d: status %d, want %d", i, w.Code, want)
		}
		if err := <-failed; errors.Is(err, airsocket.ErrHandshakesPerIP) != (want == 429) {
			t.Errorf("request %d: the hook was told %v", i, err)
		}
	}
	url := wstest.Serve(t, srv)
	bad := wstest.RequestWith("GET / HTTP/1.1", "Origin: http://elsewhere.example")
	for i, want := range []int{403, 429} { // a connection counts, and then a handshake on it
		p := wstest.DialRaw(t, url)
		for range 3 { // which do not count
			if status := statusOf(p, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); status != 404 {
				t.Errorf("connection %d: status %d", i, status)
			}
		}
		if status := statusOf(p, bad); status != want {
			t.Errorf("the handshake on connection %d: status %d, want %d", i, status, want)
		}
		if want == 403 {
			p.WantEOF()
		}
	}
}
