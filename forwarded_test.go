package airsocket_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestForwardedFor checks which address RemoteIP finds in X-Forwarded-For, and that the same
// one counts for HandshakesPerIP: the last that is not trusted, or none if that is not known.
func TestForwardedFor(t *testing.T) {
	trusted := append([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}, loopback...)
	for _, c := range []struct{ fields, want string }{
		{"192.0.2.1", "192.0.2.1"},
		{"203.0.113.9, 192.0.2.1", "192.0.2.1"},
		{" 203.0.113.9 ,192.0.2.1\t", "192.0.2.1"},
		{"203.0.113.9, 192.0.2.1, 10.1.1.1, 10.2.2.2", "192.0.2.1"},
		{"203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.1.1.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"192.0.2.1, ::ffff:10.0.0.1", "192.0.2.1"},
		{"192.0.2.1:4711", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"[2001:db8::1]:4711", "2001:db8::1"},
		{"[::ffff:192.0.2.1]:4711, [fd00::1]:80", "192.0.2.1"},
		{"fe80::1%eth0", "fe80::1"},
		// What comes before something that is no address is not trusted.
		{"192.0.2.1, unknown", ""},
		{"192.0.2.1, unknown, 10.0.0.1", ""},
		{"192.0.2.1, _hidden", ""},
		{"192.0.2.1,", ""},
		{"192.0.2.1, 192.0.2.256", ""},
		{"192.0.2.1, 192.0.2.2:99999", ""},
		{"192.0.2.1 192.0.2.2", ""},
		{"", ""},
		{"10.0.0.1, 127.0.0.1", ""}, // all are proxies
	} {
		var remote netip.Addr
		srv := &airsocket.Server{Options: wstest.OwnDispatcher(nil), TrustedProxies: trusted, HandshakesPerIP: 1e-6, HandshakeBurst: 1}
		srv.OnRequest(func(r *airsocket.Request) { remote = r.RemoteIP(); r.Accept("") })
		url := wstest.Serve(t, srv)
		request := wstest.RequestWith("GET / HTTP/1.1", "X-Forwarded-For: "+c.fields)
		if status := statusOf(wstest.DialRaw(t, url), request); status != http.StatusSwitchingProtocols {
			t.Fatalf("%q: status %d", c.fields, status)
		}
		isProxy := false
		for _, p := range trusted {
			isProxy = isProxy || p.Contains(remote)
		}
		if fmt.Sprint(remote) != c.want && (c.want != "" || !isProxy) {
			t.Errorf("%q: %v, want %v", c.fields, remote, c.want)
		}
		want := http.StatusSwitchingProtocols
		if c.want != "" {
			want = http.StatusTooManyRequests
		}
		if status := statusOf(wstest.DialRaw(t, url), request); status != want {
			t.Errorf("%q: the second has status %d, want %d", c.fields, status, want)
		}
	}
}
