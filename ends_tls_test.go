package airsocket_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// wantEndOfTCP waits for the end of TLS and then for the end of TCP below it, the
// only one that some peers notice.
func wantEndOfTCP(t *testing.T, secure *tls.Conn) {
	t.Helper()
	if n, err := secure.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes and %v, want the end of TLS", n, err)
	}
	if n, err := secure.NetConn().Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes and %v, want the end of TCP", n, err)
	}
}

// TestServerEndsTCPBelowTLS checks that a server ends not only TLS but TCP when the
// closing handshake is done (RFC 6455, section 7.1.1).
func TestServerEndsTCPBelowTLS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	theirs, ours := wstest.TCPPair(t)
	cert := root.Issue(t, wstest.ServerCertificate("127.0.0.1"))
	secure := tls.Client(theirs, &tls.Config{RootCAs: root.Pool(), ServerName: "127.0.0.1"})
	start := func(s *airsocket.Socket) error {
		return s.StartServer(tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{cert}}))
	}
	j := wstest.Converse(t, new(airsocket.Options), nil, nil, start, wstest.NewRawPeer(t, secure, true), func(p *wstest.RawPeer) {
		p.Open()
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, "bye"))
		wantEndOfTCP(t, secure)
		theirs.Close()
	})
	j.Want("open", `close 1000 "bye" clean`)
}

// TestHixie75EndsOverTLS checks that in hixie-75, which has no closing handshake,
// the end of the connection after Close is clean, even if TLS ends without
// close_notify.
func TestHixie75EndsOverTLS(t *testing.T) {
	for name, end := range map[string]func(secure *tls.Conn, tcp *net.TCPConn){
		"TLS and TCP": func(secure *tls.Conn, _ *net.TCPConn) { secure.Close() },
		"TCP":         func(_ *tls.Conn, tcp *net.TCPConn) { tcp.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			root := wstest.NewAuthority(t, nil)
			cert := root.Issue(t, wstest.ServerCertificate("127.0.0.1"))
			theirs, ours := wstest.TCPPair(t)
			secure := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{cert}})
			opts := &airsocket.Options{Dial: wstest.DialTo(ours), TLS: root.ClientConfig(), Version: wire.Hixie75, Origin: "http://example.com"}
			start := func(s *airsocket.Socket) error { return s.Connect("wss://127.0.0.1/") }
			j := wstest.Converse(t, opts, nil, wstest.CloseAt(airsocket.EventOpen, 1000, ""), start, wstest.NewRawPeer(t, secure, false), func(p *wstest.RawPeer) {
				secure.SetDeadline(time.Now().Add(wstest.Patience))
				if _, err := http.ReadRequest(bufio.NewReader(secure)); err != nil {
					t.Error(err)
				}
				io.WriteString(secure, "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"+
					"WebSocket-Origin: http://example.com\r\nWebSocket-Location: wss://127.0.0.1/\r\n\r\n")
				wantEndOfTCP(t, secure)
				end(secure, theirs)
			})
			j.Want("open", `close 1005 "" clean`)
		})
	}
}

// TestTruncatedTLS checks that a connection is not closed cleanly if TLS ends
// without close_notify and there was no closing handshake.
func TestTruncatedTLS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	theirs, ours := wstest.TCPPair(t)
	cert := root.Issue(t, wstest.ServerCertificate("127.0.0.1"))
	secure := tls.Client(theirs, &tls.Config{RootCAs: root.Pool(), ServerName: "127.0.0.1"})
	start := func(s *airsocket.Socket) error {
		return s.StartServer(tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{cert}}))
	}
	j := wstest.Converse(t, new(airsocket.Options), nil, nil, start, wstest.NewRawPeer(t, secure, true), func(p *wstest.RawPeer) {
		p.Open()
		theirs.Close()
	})
	j.Want("open", "error", `close 1006 "" unclean`)
	j.WantError(wire.ErrUnexpectedEnd)
	j.WantError(io.ErrUnexpectedEOF)
}
