package wstest

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/airsocket/airsocket"
)

// The names of the ways in which a Server gets its connections. On Linux workers accept
// those of the first, and adopt the others, unless the build has the tag portable.
const (
	ByListen    = "Listen"       // a listener of airsocket.Listen
	ByNetListen = "net.Listen"   // a TCP listener of package net
	ByOther     = "own listener" // a listener of another type
	ByTLS       = "TLS"          // TLS on a listener of airsocket.Listen
)

// Ways has the names of all ways.
var Ways = []string{ByListen, ByNetListen, ByOther, ByTLS}

// ListenBy listens on loopback in the given way.
func ListenBy(t testing.TB, way string) net.Listener {
	t.Helper()
	if way == ByListen || way == ByTLS {
		l, err := airsocket.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if way == ByOther {
		return struct{ net.Listener }{l}
	}
	return l
}

// ServeWay lets srv serve on loopback in the given way until the end of the test, and
// returns its URL.
func ServeWay(t testing.TB, srv *airsocket.Server, way string) string {
	t.Helper()
	l := ListenBy(t, way)
	url := Prepare(t, srv, l, way)
	ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
	return url
}

// Prepare prepares srv for connections that come from l in the given way, and returns its
// URL.
func Prepare(t testing.TB, srv *airsocket.Server, l net.Listener, way string) string {
	t.Helper()
	if way != ByTLS {
		return "ws://" + l.Addr().String() + "/"
	}
	if srv.TLSConfig == nil {
		srv.TLSConfig = ServerConfig(t)
	}
	return "wss://" + l.Addr().String() + "/"
}

// ServerConfig returns a configuration with a certificate for loopback. Session tickets
// are disabled, since a client that closes a connection without having read them resets
// it.
func ServerConfig(t testing.TB) *tls.Config {
	t.Helper()
	cert := (*Authority)(nil).Issue(t, ServerCertificate())
	return &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}
}

// SkipTLS skips a test for which TLS is no way to serve, for the given reason.
func SkipTLS(t *testing.T, way, reason string) {
	t.Helper()
	if way == ByTLS {
		t.Skip(reason)
	}
}

// EachWay runs test in each of the ways.
func EachWay(t *testing.T, test func(t *testing.T, way string)) {
	for _, way := range Ways {
		t.Run(way, func(t *testing.T) { test(t, way) })
	}
}
