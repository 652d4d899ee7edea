package airsocket_test

import (
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A comingFrom is a connection from an address that a test has made up.
type comingFrom struct {
	net.Conn
	remote net.Addr
}

func (c comingFrom) RemoteAddr() net.Addr { return c.remote }

// TestTrustedAddresses checks which addresses are among the prefixes of ProxyProtocol, and
// of TrustedProxies, where IPv4 and IPv6 meet and with zones.
func TestTrustedAddresses(t *testing.T) {
	for _, c := range []struct {
		prefix, addr string
		trusted      bool
	}{
		{"127.0.0.0/8", "::ffff:127.0.0.1", true}, // of a listener for both
		{"127.0.0.0/8", "::ffff:128.0.0.1", false},
		{"::ffff:127.0.0.0/104", "127.0.0.1", true},
		{"::ffff:127.0.0.0/104", "::ffff:127.0.0.1", true},
		{"::ffff:127.0.0.0/104", "128.0.0.1", false},
		{"::ffff:0.0.0.0/96", "128.0.0.1", true},
		{"::/0", "127.0.0.1", false},
		{"::ffff:0.0.0.0/0", "127.0.0.1", false},
		{"0.0.0.0/0", "::1", false},
		{"fe80::/10", "fe80::1%eth0", true},
		{"fe80::1/128", "fe80::2%eth0", false},
	} {
		prefixes := []netip.Prefix{netip.MustParsePrefix(c.prefix)}
		srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil), ProxyProtocol: prefixes, TrustedProxies: prefixes}
		told, forwarded := "", ""
		srv.OnRequest(func(r *airsocket.Request) {
			told, forwarded = r.Socket().RemoteAddr().String(), r.RemoteIP().String()
			r.Accept("")
		})
		l := newPipeListener()
		wstest.ServeUntilEnd(t, srv, func() error { return srv.Serve(l) })
		remote := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.addr), 1234))
		dial := func(head string) int {
			here, there := net.Pipe()
			l.conns <- comingFrom{there, remote}
			p := wstest.NewRawPeer(t, here, true)
			go p.Write([]byte(head))
			defer p.Close()
			return p.ReadResponse().StatusCode
		}
		if status := dial(proxyLine + wstest.UpgradeRequest); (status == http.StatusSwitchingProtocols) != c.trusted || c.trusted && told != proxyClient {
			t.Errorf("ProxyProtocol %s, from %s: status %d, remote %s", c.prefix, c.addr, status, told)
		}
		srv.ProxyProtocol = nil
		dial(wstest.RequestWith("GET / HTTP/1.1", "X-Forwarded-For: 192.0.2.9"))
		if (forwarded == "192.0.2.9") != c.trusted {
			t.Errorf("TrustedProxies %s, from %s: remote IP %s", c.prefix, c.addr, forwarded)
		}
	}
}

// TestProxyProtocolCounts checks that a connection counts for MaxConns before its header has
// come as a whole.
func TestProxyProtocolCounts(t *testing.T) {
	wstest.EachWay(t, func(t *testing.T, way string) {
		srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil), ProxyProtocol: loopback, MaxConns: 1}
		url := wstest.ServeWay(t, srv, way)
		first := wstest.DialRaw(t, url)
		first.TCP().Write([]byte(proxyLine[:20]))
		second := dialAsProxy(t, url, proxyLine, false)
		second.WriteRaw([]byte(wstest.UpgradeRequest))
		if status := second.ReadResponse().StatusCode; status != http.StatusServiceUnavailable {
			t.Errorf("status %d", status)
		}
	})
}
