package wstest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// Serve lets srv serve on loopback until the end of the test, and returns its URL. The
// listener is one of airsocket.Listen; see ServeWay for others.
func Serve(t testing.TB, srv *airsocket.Server) string {
	t.Helper()
	return ServeWay(t, srv, ByListen)
}

// ServeUntilEnd calls start in a goroutine and shuts srv down at the end of the
// test. start must let srv serve until then.
func ServeUntilEnd(t testing.TB, srv *airsocket.Server, start func() error) {
	srv.Options = OwnDispatcher(srv.Options)
	done := make(chan error, 1)
	go func() { done <- start() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
			srv.Close()
		}
		if err := <-done; err != airsocket.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
}

// Echoing makes srv send every message back, and returns srv.
func Echoing(srv *airsocket.Server) *airsocket.Server {
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
	})
	return srv
}

// ServeEcho starts an echo server on loopback and returns its URL. The test fails
// if an echo cannot be sent.
func ServeEcho(t testing.TB, opts *airsocket.Options) string {
	t.Helper()
	srv := &airsocket.Server{Options: opts}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if err := s.SendMessage(e.Kind(), e.Bytes()); err != nil {
				t.Errorf("echo: %v", err)
			}
		})
	})
	return Serve(t, srv)
}

// ServeTLS starts an echo server with the certificate on loopback and returns its
// URL.
func ServeTLS(t testing.TB, cert tls.Certificate) string {
	t.Helper()
	srv := Echoing(&airsocket.Server{TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}})
	return strings.Replace(Serve(t, srv), "ws:", "wss:", 1)
}

// Upgrading returns a handler that calls Upgrade for every request and echoes
// messages. If wrap is not nil, Upgrade gets the ResponseWriter that it
// returns.
func Upgrading(t testing.TB, opts *airsocket.Options, wrap func(http.ResponseWriter) http.ResponseWriter) http.Handler {
	opts = OwnDispatcher(opts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wrap != nil {
			w = wrap(w)
		}
		s := airsocket.NewSocket(opts)
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		err := s.Upgrade(w, r)
		if he, ok := errors.AsType[*handshake.Error](err); err != nil && (!ok || he.Status < 400) {
			t.Errorf("Upgrade: %v", err)
		}
	})
}

// ServeHandler lets net/http serve h until the end of the test, and returns its ws
// URL.
func ServeHandler(t testing.TB, h http.Handler) string {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return "ws" + strings.TrimPrefix(srv.URL, "http")
}

// ServeBy runs an echo server for all versions on loopback until the end of the
// test, and returns the address. by names what accepts the connections: "Server", a
// Server in one of the Ways, "Upgrade", or "StartServer", which accepts only one. If
// config is not nil, the server uses TLS.
func ServeBy(t testing.TB, by string, config *tls.Config) string {
	opts := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Versions: wire.AllVersions()}
	switch by {
	case "Server":
		by = ByListen
		fallthrough
	case ByListen, ByNetListen, ByOther:
		srv := Echoing(&airsocket.Server{Options: opts, TLSConfig: config})
		return HostOf(ServeWay(t, srv, by))
	case "Upgrade":
		srv := httptest.NewUnstartedServer(Upgrading(t, opts, nil))
		if srv.TLS = config; config != nil {
			srv.StartTLS()
		} else {
			srv.Start()
		}
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if config != nil {
			conn = tls.Server(conn, config)
		}
		s := airsocket.NewSocket(opts)
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		s.StartServer(conn)
	}()
	return l.Addr().String()
}
