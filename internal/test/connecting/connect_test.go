package connecting

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// names has a Dial that knows the addresses of hosts.
type names struct{ addresses map[string]string } // of "host:port"

func (n *names) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, ok := n.addresses[address]
	if !ok {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("no such host: " + address)}
	}
	return new(net.Dialer).DialContext(ctx, network, to)
}

func TestConnectRefusesURLs(t *testing.T) {
	for _, url := range []string{
		"", "example.com", "ftp://example.com/", "ws:example.com", "ws:///path", "ws://:80/", "ws://example.com/#fragment",
		"ws://example.com/#", "ws://example.com:port/", "ws://example.com:65536/", "ws://exa mple.com/", "ws://[::1/",
		"ws://\u0301a/", "ws://\u00ad\u00ad/", "ws+unix:", "ws+unix://host/run/socket:/", "ws+unix:///run/socket:path", "ws+unix:relative",
		"ftp+unix:///run/socket",
	} {
		s := airsocket.NewSocket(nil)
		if err := s.Connect(url); !errors.Is(err, airsocket.ErrURL) {
			t.Errorf("Connect(%q): %v, want ErrURL", url, err)
		}
		if s.ReadyState() != airsocket.StateInit {
			t.Errorf("Connect(%q) started the socket in spite of its error", url)
		}
	}
}

func TestConnectDoesNotShowThePassword(t *testing.T) {
	err := airsocket.NewSocket(nil).Connect("ftp://user:secret@example.com/")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error is %v", err)
	}
}

func TestConnectRefusesWhatCannotBeSent(t *testing.T) {
	for _, c := range []struct {
		opts      *airsocket.Options
		protocols []string
		want      error
	}{
		{&airsocket.Options{Header: http.Header{"Host": {"other"}}}, nil, handshake.ErrBadField},
		{&airsocket.Options{Header: http.Header{"X-A": {"1\r\nX-B: 2"}}}, nil, handshake.ErrBadField},
		{nil, []string{"a", "a"}, airsocket.ErrProtocol},
		{nil, []string{"a b"}, airsocket.ErrProtocol},
		{nil, []string{""}, airsocket.ErrProtocol},
		{&airsocket.Options{Version: wire.Hixie75}, []string{"a", "b"}, airsocket.ErrProtocol},
	} {
		if err := airsocket.NewSocket(c.opts).Connect("ws://example.com/", c.protocols...); !errors.Is(err, c.want) {
			t.Errorf("Connect: %v, want %v", err, c.want)
		}
	}
}

// TestConnectDials checks which address is dialed for a URL.
func TestConnectDials(t *testing.T) {
	for _, c := range []struct{ url, network, address string }{
		{"ws://example.com", "tcp", "example.com:80"},
		{"wss://example.com/x", "tcp", "example.com:443"},
		{"http://example.com:/", "tcp", "example.com:80"},
		{"https://example.com/", "tcp", "example.com:443"},
		{"WS://EXAMPLE.com:8080/", "tcp", "example.com:8080"},
		{"ws://[::1]/", "tcp", "[::1]:80"},
		{"ws://[FE80::1%25Eth0]:81/", "tcp", "[FE80::1%Eth0]:81"},
		{"ws://b\u00fccher.example/", "tcp", "xn--bcher-kva.example:80"},
		{"ws://b%C3%BCcher.example:81/", "tcp", "xn--bcher-kva.example:81"},
		{"ws://fa\u00df.example/", "tcp", "xn--fa-hia.example:80"},
		{"ws+unix:///run/chat.sock:/room?id=1", "unix", "/run/chat.sock"},
		{"wss+unix:/run/chat.sock", "unix", "/run/chat.sock"},
		{"ws+unix:///run/a%3Ab%20c:/", "unix", "/run/a:b c"},
	} {
		var network, address string
		stop := errors.New("stop")
		a := wstest.Try(t, &airsocket.Options{Dial: func(_ context.Context, n, a string) (net.Conn, error) {
			network, address = n, a
			return nil, stop
		}}, c.url)
		if network != c.network || address != c.address {
			t.Errorf("%s dials %s %s, want %s %s", c.url, network, address, c.network, c.address)
		}
		if !errors.Is(a.Err.Err, stop) {
			t.Errorf("%s: %v, want the error of Dial", c.url, a.Err.Err)
		}
	}
}

func TestConnectDialOfNothing(t *testing.T) {
	opts := &airsocket.Options{Dial: func(context.Context, string, string) (net.Conn, error) { return nil, nil }}
	if a := wstest.Try(t, opts, "ws://example.com/"); !errors.Is(a.Err.Err, airsocket.ErrArgument) {
		t.Errorf("error event: %v", a.Err.Err)
	}
	opts = &airsocket.Options{Dial: opts.Dial, Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy"})}
	if e := wstest.Fails[*airsocket.ProxyError](t, wstest.Try(t, opts, "ws://example.com/")); !errors.Is(e, airsocket.ErrArgument) {
		t.Errorf("with a proxy, error event: %v", e)
	}
}

// Conn returns the connection during the opening handshake, and after the
// handshake has failed.
func TestConnWhileConnecting(t *testing.T) {
	var s *airsocket.Socket
	attach := func(started *airsocket.Socket) {
		s = started
		airsocket.AddEventListener(s, airsocket.EventError, func(*airsocket.ErrorEvent) {
			if s.Conn() == nil {
				t.Error("Conn is nil in the error event")
			}
		})
	}
	j := wstest.StartClient(t, nil, attach, func(p *wstest.RawPeer) {
		p.ReadRequest()
		if s.Conn() == nil || s.RemoteAddr().String() != p.LocalAddr().String() || s.ReadyState() != airsocket.StateConnecting {
			t.Errorf("Conn is %v and RemoteAddr %v in state %d", s.Conn(), s.RemoteAddr(), s.ReadyState())
		}
		p.WriteRaw([]byte("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
	})
	j.Want("error", `close 1006 "" unclean`)
}

// TestConnectSends checks the request that is sent for a URL.
func TestConnectSends(t *testing.T) {
	for _, c := range []struct{ url, host, target, authorization string }{
		{"ws://example.com", "example.com", "/", ""},
		{"ws://example.com?a=b", "example.com", "/?a=b", ""},
		{"ws://example.com:80/", "example.com", "/", ""},
		{"ws://example.com:443/", "example.com:443", "/", ""},
		{"ws://[::1]:8080/", "[::1]:8080", "/", ""},
		{"ws://[fe80::1%25eth0]/", "[fe80::1]", "/", ""},
		{"ws://b\u00fccher.example:81/\u00fc", "xn--bcher-kva.example:81", "/%C3%BC", ""},
		{"ws://example.com/a b?c d=\u00fc&e='\"<>%20", "example.com", "/a%20b?c%20d=%C3%BC&e=%27%22%3C%3E%20", ""},
		{"ws://user:pass%3Aword@example.com/", "example.com", "/", "Basic dXNlcjpwYXNzOndvcmQ="},
		{"ws://user@example.com/", "example.com", "/", "Basic dXNlcjo="},
		{"ws+unix:///run/chat.sock:/room?id=1", "localhost", "/room?id=1", ""},
		{"ws+unix://user:pass@/run/chat.sock", "localhost", "/", "Basic dXNlcjpwYXNz"},
	} {
		ours, theirs := net.Pipe()
		asked := make(chan *http.Request, 1)
		go func() {
			defer theirs.Close()
			asked <- wstest.NewRawPeer(t, theirs, false).ReadRequest()
		}()
		wstest.Try(t, &airsocket.Options{Dial: wstest.DialTo(ours)}, c.url)
		r := <-asked
		if r.Host != c.host || r.RequestURI != c.target || r.Header.Get("Authorization") != c.authorization {
			t.Errorf("%s sends Host %s, target %s, Authorization %q", c.url, r.Host, r.RequestURI, r.Header.Get("Authorization"))
		}
	}
}

func TestConnectHeaderHasItsOwnAuthorization(t *testing.T) {
	ours, theirs := net.Pipe()
	asked := make(chan *http.Request, 1)
	go func() {
		defer theirs.Close()
		asked <- wstest.NewRawPeer(t, theirs, false).ReadRequest()
	}()
	opts := &airsocket.Options{Dial: wstest.DialTo(ours), Header: http.Header{"authorization": {"Bearer token"}}}
	wstest.Try(t, opts, "ws://user:password@example.com/")
	if got := (<-asked).Header["Authorization"]; len(got) != 1 || got[0] != "Bearer token" {
		t.Errorf("Authorization: %q", got)
	}
}
