package airsocket_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A lockedText is a text to which goroutines write.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns what was written since the last call.
func (l *lockedText) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSuffix(l.text.String(), "\n")
	if l.text.Reset(); text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// TestRefusalsAreLoggedSeldom checks, for each limit and each way to refuse, that of thousands
// of connections that are refused one in ten seconds is logged, with the number of the others,
// while the hook is called for each.
func TestRefusalsAreLoggedSeldom(t *testing.T) {
	for name, c := range map[string]struct {
		srv  func(*airsocket.Server)
		want string
	}{
		"MaxConns":        {func(srv *airsocket.Server) { srv.MaxConns = 1 }, `"handshake: too many connections"`},
		"MaxConnsPerIP":   {func(srv *airsocket.Server) { srv.MaxConnsPerIP = 1 }, "too many connections from your address"},
		"HandshakesPerIP": {func(srv *airsocket.Server) { srv.HandshakesPerIP, srv.HandshakeBurst = 1e-6, 1 }, "too many new connections from your address"},
	} {
		for _, by := range []string{"Serve", "Serve, with requests", "ServeHTTP"} {
			if name == "MaxConns" && by == "ServeHTTP" {
				continue // the connections of the first 128 would have to be taken over
			}
			t.Run(name+" by "+by, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var log lockedText
					refused := 0
					var mu sync.Mutex
					srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{
						Logger: slog.New(slog.NewTextHandler(&log, nil)),
						Hooks: &airsocket.Hooks{HandshakeFailed: func(*airsocket.Socket, error) {
							mu.Lock()
							defer mu.Unlock()
							refused++
						}},
					})}
					c.srv(srv)
					l := newPipeListener()
					go srv.Serve(l)
					connect := func() *wstest.RawPeer {
						here, there := net.Pipe()
						l.conns <- comingFrom{there, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}}
						return wstest.NewRawPeer(t, here, true)
					}
					first := connect()
					first.Open()
					synctest.Wait()
					log.lines()
					var conns []*wstest.RawPeer
					refuse := func() {
						switch by {
						case "ServeHTTP":
							r := httptest.NewRequest("GET", "/", nil)
							r.RemoteAddr = "192.0.2.1:6"
							r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}
							srv.ServeHTTP(httptest.NewRecorder(), r)
							return
						case "Serve":
							conns = append(conns, connect()) // so that others are closed at once
						default:
							p := connect()
							p.Write([]byte(wstest.UpgradeRequest)) // may be closed already
							p.Close()
						}
						synctest.Wait()
					}
					var got []string
					for range 2 {
						for range 300 {
							refuse()
						}
						synctest.Wait()
						got = append(got, log.lines()...)
						time.Sleep(11 * time.Second) // longer than logRefusalsEvery
					}
					mu.Lock()
					n := refused
					mu.Unlock()
					if len(got) != 2 || n < 400 {
						t.Fatalf("%d lines of %d refusals: %q", len(got), n, got)
					}
					for _, line := range got {
						if !strings.Contains(line, "websocket refused") || !strings.Contains(line, c.want) || !strings.Contains(line, "192.0.2.1") {
							t.Errorf("%s", line)
						}
					}
					if strings.Contains(got[1], "more=0") {
						t.Errorf("%s", got[1])
					}
					for _, p := range append(conns, first) {
						p.Close()
					}
					srv.Close()
					synctest.Wait()
				})
			})
		}
	}
}

// A slowLog counts the records that it is given, and keeps each until it is released.
type slowLog struct {
	slog.Handler
	begun   atomic.Int32
	release chan struct{}
}

func (l *slowLog) Handle(context.Context, slog.Record) error {
	l.begun.Add(1)
	<-l.release
	return nil
}

// TestRefusalsWaitForTheLog checks that a Logger which blocks costs a single goroutine.
func TestRefusalsWaitForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowLog{Handler: slog.NewTextHandler(io.Discard, nil), release: make(chan struct{})}
		srv := &airsocket.Server{
			Options:         wstest.OwnDispatcher(&airsocket.Options{Logger: slog.New(log)}),
			HandshakesPerIP: 1e-9, HandshakeBurst: 1,
		}
		refuse := func(want int32) {
			t.Helper()
			for range 3 {
				r := httptest.NewRequest("GET", "/", nil)
				r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}
				w := httptest.NewRecorder()
				srv.ServeHTTP(w, r)
				if w.Code != http.StatusTooManyRequests {
					t.Fatalf("status %d", w.Code)
				}
				time.Sleep(11 * time.Second) // longer than logRefusalsEvery
			}
			if n := log.begun.Load(); n != want {
				t.Errorf("the log was called %d times, want %d", n, want)
			}
		}
		first := httptest.NewRequest("GET", "/", nil)
		first.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
		srv.ServeHTTP(httptest.NewRecorder(), first)
		refuse(1)
		log.release <- struct{}{}
		synctest.Wait()
		refuse(2)
		log.release <- struct{}{}
	})
}
