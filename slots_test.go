package airsocket_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

const (
	hixie75Request = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://h\r\n\r\n"
	hixie76Request = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://h\r\n" +
		"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U"
	plainRequest = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
)

// countedServer returns a Server that has all that may take a connection.
func countedServer() *airsocket.Server {
	srv := &airsocket.Server{
		Options:       wstest.OwnDispatcher(&airsocket.Options{Versions: wire.AllVersions(), Recover: true}),
		MaxConnsPerIP: 8,
		Handler:       http.NotFoundHandler(),
		FlashPolicy:   &handshake.FlashPolicy{Domains: []string{"*"}, Ports: []string{"*"}},
	}
	srv.OnRequest(func(r *airsocket.Request) {
		switch r.URL().Path {
		case "/reject":
			r.Reject(http.StatusForbidden, "")
		case "/panic":
			panic("by the test")
		case "/later":
			go r.Accept("")
		default:
			r.Accept("")
		}
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		switch s.Request().Target {
		case "/panic-later":
			panic("by the test")
		case "/drop":
			s.Drop(1000, "")
		}
	})
	return srv
}

// TestConnsPerIPAreGivenBack breaks connections at random, in every way of serving and with
// every way to tell an address, and checks that none counts at the end. In the middle there
// are more than the limit allows.
func TestConnsPerIPAreGivenBack(t *testing.T) {
	acts := []string{
		"", "x", "GET / HT", plainRequest, plainRequest + plainRequest, plainRequest + wstest.UpgradeRequest,
		wstest.UpgradeRequest, hixie75Request, hixie76Request, policyRequest, policyRequest[:5],
		wstest.RequestWith("GET /reject HTTP/1.1"), wstest.RequestWith("GET /panic HTTP/1.1"), wstest.RequestWith("GET /later HTTP/1.1"),
		wstest.RequestWith("GET /panic-later HTTP/1.1"), wstest.RequestWith("GET /drop HTTP/1.1"),
		wstest.RequestWith("GET / HTTP/1.1", "Origin: http://elsewhere.example"), wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Key:"),
		wstest.UpgradeRequest + string(wstest.Frame(true, wstest.OpClose, "")), wstest.UpgradeRequest + "\xFF\xFF",
	}
	wstest.EachWay(t, func(t *testing.T, way string) {
		for _, told := range []string{"by the connection", "by PROXY", "by X-Forwarded-For"} {
			srv := countedServer()
			switch told {
			case "by PROXY":
				srv.ProxyProtocol = loopback
			case "by X-Forwarded-For":
				srv.TrustedProxies = loopback
			}
			url := wstest.ServeWay(t, srv, way)
			seed := rand.Uint64()
			var all sync.WaitGroup
			for i := range 8 {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				all.Go(func() {
					for range 15 {
						act, client := acts[r.IntN(len(acts))], fmt.Sprintf("192.0.2.%d", r.IntN(3))
						header := ""
						switch told {
						case "by PROXY":
							header = "PROXY TCP4 " + client + " 198.51.100.2 5 443\r\n"
							if r.IntN(4) == 0 {
								header = header[:r.IntN(len(header))]
							}
						case "by X-Forwarded-For":
							act = strings.ReplaceAll(act, "Host: ", "X-Forwarded-For: "+client+"\r\nHost: ")
						}
						below := wstest.DialRaw(t, url).TCP()
						var p net.Conn = &prefixing{below, header, false}
						if way == wstest.ByTLS {
							p = tls.Client(p, &tls.Config{InsecureSkipVerify: true})
						}
						io.WriteString(p, act)
						switch r.IntN(3) {
						case 0:
							below.SetLinger(0)
						case 1:
							if act != "" && header == "" {
								below.CloseWrite()
								io.Copy(io.Discard, p)
							}
						}
						below.Close()
					}
				})
			}
			all.Wait()
			wstest.Eventually(t, func() bool { n, _ := srv.Counted(); return n == 0 }, func() string {
				n, addresses := srv.Counted()
				return fmt.Sprintf("%s, seed %d: %d connections of %d addresses still count", told, seed, n, addresses)
			})
		}
	})
}

// TestWhichConnectionsCount checks for each kind of connection whether it counts for
// MaxConnsPerIP while it lasts.
func TestWhichConnectionsCount(t *testing.T) {
	reads := func(p *wstest.RawPeer, request, want string) {
		t.Helper()
		p.WriteRaw([]byte(request))
		got := make([]byte, len(want))
		if _, err := io.ReadFull(p.Reader, got); err != nil || string(got) != want {
			t.Fatalf("%q, %v", got, err)
		}
	}
	for _, c := range []struct {
		name, request, answer string
		trusted               bool
		want                  int
	}{
		{"nothing is sent", "", "", false, 1},
		{"RFC 6455", wstest.UpgradeRequest, "HTTP/1.1 101", false, 1},
		{"hixie-75", hixie75Request, "HTTP/1.1 101", false, 1},
		{"hixie-76", hixie76Request, "HTTP/1.1 101", false, 1},
		{"Handler", plainRequest, "HTTP/1.1 404", false, 1},
		{"a policy, until the peer has seen the end", policyRequest, "<?xml", false, 0},
		{"a proxy that sends nothing", "", "", true, 0},
		{"a proxy that tells none", wstest.UpgradeRequest, "HTTP/1.1 101", true, 0},
		{"a proxy", wstest.RequestWith("GET / HTTP/1.1", "X-Forwarded-For: 192.0.2.1"), "HTTP/1.1 101", true, 1},
		{"Handler behind a proxy", strings.Replace(plainRequest, "Host", "X-Forwarded-For: 192.0.2.1\r\nHost", 1), "HTTP/1.1 404", true, 0},
	} {
		srv := countedServer()
		if c.trusted {
			srv.TrustedProxies = loopback
		}
		p := wstest.DialRaw(t, wstest.Serve(t, srv))
		reads(p, c.request, c.answer)
		has := func(want int) {
			t.Helper()
			wstest.Eventually(t, func() bool { n, _ := srv.Counted(); return n == want }, func() string {
				n, _ := srv.Counted()
				return fmt.Sprintf("%s: %d connections count, want %d", c.name, n, want)
			})
		}
		if c.request == "" && c.want == 0 {
			wstest.Eventually(t, func() bool { return srv.Stats().Connecting == 1 }, func() string { return "it is not accepted" })
		}
		has(c.want)
		p.Close()
		has(0)
	}

	t.Run("unix", func(t *testing.T) {
		srv := countedServer()
		srv.MaxConnsPerIP = 1
		l, err := airsocket.Listen("unix:" + filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
		for range 3 {
			conn, err := net.Dial("unix", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			reads(wstest.NewRawPeer(t, conn, true), wstest.UpgradeRequest, "HTTP/1.1 101")
		}
		if n, _ := srv.Counted(); n != 0 {
			t.Errorf("%d connections count", n)
		}
	})
}

// TestMoreAddressesThanAreRemembered sends requests from more addresses than a Server
// remembers, all of one network, and checks that an address which has as many connections as
// it may stays known, and that others are neither refused nor forgotten for the network.
func TestMoreAddressesThanAreRemembered(t *testing.T) {
	const flood = 70_000
	srv := &airsocket.Server{
		Options: wstest.OwnDispatcher(nil), TrustedProxies: loopback,
		MaxConnsPerIP: 2, HandshakesPerIP: 1e-3, HandshakeBurst: 10, // so that nothing is settled
	}
	url := wstest.ServeHandler(t, srv)
	t.Cleanup(func() { srv.Close() })
	open := func(client string, want int) {
		t.Helper()
		p := wstest.DialRaw(t, url)
		if status := statusOf(p, wstest.RequestWith("GET / HTTP/1.1", "X-Forwarded-For: "+client)); status != want {
			t.Errorf("%s: status %d, want %d", client, status, want)
		}
	}
	open("192.0.2.1", 101)
	open("192.0.2.1", 101)
	open("192.0.2.2", 101)

	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wstest.RequestWith("GET / HTTP/1.1", "Origin: http://elsewhere.example"))))
	if err != nil {
		t.Fatal(err)
	}
	request.RemoteAddr = "127.0.0.1:1"
	for i := range uint32(flood) { // of a /32
		request.Header.Set("X-Forwarded-For", fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xFFFF))
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, request)
		if w.Code != http.StatusForbidden { // because of the origin
			t.Fatalf("status %d", w.Code)
		}
	}
	if _, addresses := srv.Counted(); addresses != 65_536 {
		t.Errorf("%d addresses are known", addresses)
	}
	open("192.0.2.1", http.StatusTooManyRequests)
	open("192.0.2.2", 101)
	open("192.0.2.2", http.StatusTooManyRequests)
	open("192.0.2.3", 101)
	if n, _ := srv.Counted(); n != 5 {
		t.Errorf("%d connections count", n)
	}
}
