package airsocket_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMaxHeadOfHandler checks that MaxHead also limits the requests that follow another one on
// a connection that Handler has. Package net/http allows 8 KiB more.
func TestMaxHeadOfHandler(t *testing.T) {
	for name, c := range map[string]struct {
		opts *airsocket.Options
		good int
		long int
	}{
		"default": {nil, 16 << 10, 25 << 10},
		"4 KiB":   {&airsocket.Options{MaxHead: 4 << 10}, 4 << 10, 13 << 10},
		"none":    {&airsocket.Options{MaxHead: -1}, 64 << 10, 0},
	} {
		for _, request := range []string{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", wstest.UpgradeRequest} {
			padded := func(n int) []byte {
				return []byte(strings.TrimSuffix(request, "\r\n") + "X: " + strings.Repeat("x", n-len(request)-len("X: \r\n")) + "\r\n\r\n")
			}
			for n, want := range map[int]int{c.good: http.StatusNotFound, c.long: http.StatusRequestHeaderFieldsTooLarge} {
				if n == 0 {
					continue
				}
				if n == c.good && request == wstest.UpgradeRequest {
					want = http.StatusSwitchingProtocols
				}
				srv := &airsocket.Server{Options: c.opts, Handler: http.NotFoundHandler()}
				p := wstest.DialRaw(t, wstest.Serve(t, srv))
				p.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
				p.ReadResponse()
				p.WriteRaw(padded(n))
				if head := wstest.ReadHead(t, p.Reader); !strings.HasPrefix(head, fmt.Sprintf("HTTP/1.1 %d ", want)) {
					t.Errorf("%s: %.10q of %d bytes: %.40q, want %d", name, request, n, head, want)
				}
				p.Close()
			}
		}
	}
}

// TestRefusalsEndTheConnection checks that a connection ends after an upgrade that was refused,
// also in net/http. A proxy that takes it for a tunnel, because the client has asked for one,
// would otherwise let the client send requests that the proxy does not see.
func TestRefusalsEndTheConnection(t *testing.T) {
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil), MaxConns: 1}
	web := http.NewServeMux()
	web.Handle("/ws", srv)
	web.Handle("/upgrade", wstest.Upgrading(t, nil, nil))
	web.HandleFunc("/hidden", func(w http.ResponseWriter, _ *http.Request) { t.Error("a request has come through the tunnel") })
	t.Cleanup(func() { srv.Close() })
	for where, url := range map[string]string{
		"net/http": wstest.ServeHandler(t, web),
		"Handler":  wstest.Serve(t, &airsocket.Server{Handler: web, Options: wstest.OwnDispatcher(nil)}),
	} {
		for _, path := range []string{"/ws", "/upgrade"} {
			for name, fields := range map[string][]string{
				"origin":  {"Origin: http://elsewhere.example"},
				"version": {"Sec-WebSocket-Version: 777"},
				"key":     {"Sec-WebSocket-Key: short"},
				"upgrade": {"Upgrade: other"},
			} {
				p := wstest.DialRaw(t, url)
				if where == "Handler" { // whose connection net/http has from now on
					p.WriteRaw([]byte("GET /ws HTTP/1.1\r\nHost: example.com\r\n\r\n"))
					p.ReadResponse()
				}
				p.WriteRaw([]byte(wstest.RequestWith("GET "+path+" HTTP/1.1", fields...)))
				head := wstest.ReadHead(t, p.Reader)
				if !strings.HasPrefix(head, "HTTP/1.1 4") || !strings.Contains(head, "\r\nConnection: close\r\n") {
					t.Errorf("%s%s, %s: %q", where, path, name, head)
				}
				if strings.Contains(head, "\r\nConnection: Upgrade\r\n") != strings.HasPrefix(head, "HTTP/1.1 426") {
					t.Errorf("%s%s, %s: %q", where, path, name, head)
				}
				p.Write([]byte("GET /hidden HTTP/1.1\r\nHost: example.com\r\n\r\n"))
				p.SkipToEnd()
			}
		}
	}
}

// TestTimesOfHandler checks how long a connection that Handler has may be silent between
// requests, and how long the head of a request may take.
func TestTimesOfHandler(t *testing.T) {
	for name, c := range map[string]struct {
		send string
		want time.Duration
	}{
		"nothing":                {"", 2 * time.Minute},
		"a head a byte a second": {"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 200), 30*time.Second + 3*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newPipeListener()
			srv := &airsocket.Server{Handler: http.NotFoundHandler(), Options: wstest.OwnDispatcher(nil)}
			go srv.Serve(l)
			p := wstest.NewRawPeer(t, l.dial(), true)
			p.WriteRaw([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
			p.ReadResponse()
			var wg sync.WaitGroup
			wg.Go(func() { slowly(p, []byte(c.send)) })
			begin := time.Now()
			p.SkipToEnd()
			if took := time.Since(begin); took > c.want+time.Second || took < c.want-4*time.Second {
				t.Errorf("%s: it took %v, want %v", name, took, c.want)
			}
			p.Close()
			wg.Wait()
			srv.Close()
			synctest.Wait()
		})
	}
}

// TestBodiesInNetHTTP checks that an opening handshake with a body is refused in net/http too,
// which takes the field that announces chunks out of the header: a proxy would take for the
// body what the server takes for frames.
func TestBodiesInNetHTTP(t *testing.T) {
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil)}
	srv.OnConnect(func(s *airsocket.Socket) { t.Error("a request with a body has opened a connection") })
	t.Cleanup(func() { srv.Close() })
	web := http.NewServeMux()
	web.Handle("/ws", srv)
	web.Handle("/upgrade", wstest.Upgrading(t, nil, nil))
	url := wstest.ServeHandler(t, web)
	for _, path := range []string{"/ws", "/upgrade"} {
		for _, field := range []string{"Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 0\r\nTransfer-Encoding: chunked"} {
			p := wstest.DialRaw(t, url)
			p.WriteRaw([]byte(wstest.RequestWith("GET "+path+" HTTP/1.1", field) + "0\r\n\r\n"))
			if got := p.ReadResponse().StatusCode; got != http.StatusBadRequest {
				t.Errorf("%s with %q: status %d", path, field, got)
			}
			p.Close()
		}
	}
}
