package transport_test

import (
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/internal/transport"
)

// A kind is a kind of connection.
type kind struct {
	name string
	raw  bool // where it has a descriptor, on systems that have those
	half bool // one direction can be ended
	pair func(*testing.T) (ours, theirs net.Conn)
}

var kinds = []kind{
	{"TCP", true, true, func(t *testing.T) (net.Conn, net.Conn) { return wstest.TCPPair(t) }},
	{"unix", true, true, unixPair},
	{"TLS", false, true, tlsPair},
	{"wrapped TLS", false, true, func(t *testing.T) (net.Conn, net.Conn) {
		ours, theirs := tlsPair(t)
		return struct{ *tls.Conn }{ours.(*tls.Conn)}, theirs
	}},
	{"pipe", false, false, func(*testing.T) (net.Conn, net.Conn) { return net.Pipe() }},
	{"wrapped", false, false, func(t *testing.T) (net.Conn, net.Conn) {
		ours, theirs := wstest.TCPPair(t)
		return struct{ net.Conn }{ours}, theirs
	}},
}

// hasDescriptors says that the descriptors of connections can be used.
var hasDescriptors = runtime.GOOS == "linux" || runtime.GOOS == "darwin"

// eachKind runs fn for each kind of connection. The peer's end does not wait for ever.
func eachKind(t *testing.T, fn func(t *testing.T, k kind, c *transport.Conn, peer net.Conn)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			ours, theirs := k.pair(t)
			t.Cleanup(func() {
				ours.Close()
				theirs.Close()
			})
			theirs.SetDeadline(time.Now().Add(wstest.Patience))
			fn(t, k, transport.New(ours), theirs)
		})
	}
}

// unixPair returns the two ends of a new connection of a unix socket.
func unixPair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	l, err := transport.Listen("unix:" + filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Skip("no unix sockets on this system: ", err)
	}
	defer l.Close()
	dialed, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return accepted, dialed
}

// tlsPair returns the two ends of a new TLS connection, the server's first, after the
// handshake.
func tlsPair(t *testing.T) (net.Conn, net.Conn) {
	t.Helper()
	root := wstest.NewAuthority(t, nil)
	cert := root.Issue(t, wstest.ServerCertificate())
	a, b := wstest.TCPPair(t)
	config := root.ClientConfig()
	config.ServerName = "localhost"
	server, client := tls.Server(a, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}), tls.Client(b, config)
	done := make(chan error, 1)
	go func() { done <- client.Handshake() }()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return server, client
}

// noise returns n bytes, each of which has something to do with its place.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

// readAll reads from conn up to its end.
func readAll(t *testing.T, conn io.Reader) []byte {
	t.Helper()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return got
}
