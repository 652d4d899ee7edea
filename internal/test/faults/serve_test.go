package faults

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// byHTTP is a way for servers of net/http.
const byHTTP = "net/http"

var ways = append([]string{byHTTP, byHTTP + " with TLS"}, wstest.Ways...)

// insecure is for clients, which trust every server.
var insecure = &tls.Config{InsecureSkipVerify: true}

// isSecure reports whether way has TLS.
func isSecure(way string) bool { return way == wstest.ByTLS || way == byHTTP+" with TLS" }

// serve lets srv serve in one of the ways until the end of the test, and returns its URL.
func serve(t testing.TB, srv *airsocket.Server, way string) string {
	url, end := serveUntil(t, srv, way, wstest.ServerConfig(t))
	t.Cleanup(end)
	return url
}

// serveUntil lets srv serve in one of the ways until end is called. config is for those with
// TLS.
func serveUntil(t testing.TB, srv *airsocket.Server, way string, config *tls.Config) (url string, end func()) {
	srv.Options = wstest.OwnDispatcher(srv.Options)
	shutdown := func() {
		ctx, cancel := context.WithTimeout(context.Background(), wstest.Patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	if !strings.HasPrefix(way, byHTTP) {
		if isSecure(way) {
			srv.TLSConfig = config
		}
		l := wstest.ListenBy(t, way)
		done := make(chan error, 1)
		go func() { done <- srv.Serve(l) }()
		return wstest.Prepare(t, srv, l, way), func() {
			shutdown()
			if err := <-done; err != airsocket.ErrServerClosed {
				t.Errorf("Serve: %v", err)
			}
		}
	}
	server := httptest.NewUnstartedServer(srv)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of each handshake of TLS that fails
	scheme := "ws://"
	if isSecure(way) {
		scheme, server.TLS = "wss://", config.Clone()
		server.StartTLS()
	} else {
		server.Start()
	}
	return scheme + server.Listener.Addr().String() + "/", func() {
		shutdown()
		server.Close()
	}
}
