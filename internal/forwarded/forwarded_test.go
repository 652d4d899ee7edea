package forwarded_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/forwarded"
)

// FuzzClient checks that a client cannot choose its address: what it sends in
// X-Forwarded-For counts neither without a trusted proxy nor before what that has added.
func FuzzClient(f *testing.F) {
	const proxy, client = "10.0.0.1", "203.0.113.9"
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::ffff:192.168.0.0/112")}
	for _, s := range []string{"", client, "1.2.3.4, 10.0.0.2", "::ffff:10.0.0.3", "192.168.0.1,192.168.0.2", "fd00::1%eth0, ::1", "unknown", `"[fd00::1]:80"`, ",", "[fd00::1]:80", "10.0.0.2:1", "[fd00::2]", "[10.0.0.2", "[10.0.0.2]", "[fd00::1%9d\t\xbb\n(i]:80"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, sent, more string) {
		for _, values := range [][]string{{sent}, {sent, more}, {sent + "," + more}} {
			added := append(append([]string(nil), values[1:]...), values[0]+", "+client)
			own := append(values[:len(values):len(values)], client)
			for _, values := range [][]string{added, own} {
				if got := forwarded.Client(netip.MustParseAddr(proxy), values, trusted); got.String() != client {
					t.Errorf("%q is from %v", values, got)
				}
			}
			if got := forwarded.Client(netip.MustParseAddr(client), values, trusted); got.String() != client {
				t.Errorf("without a proxy %q is from %v", values, got)
			}
			got := forwarded.Client(netip.MustParseAddr(proxy), values, trusted)
			if !got.IsValid() || got.Is4In6() || got.Zone() != "" {
				t.Errorf("%q is from %v", values, got)
			}
			if got.String() != proxy && !isSaid(got, values) {
				t.Errorf("%q is from %v, which nobody has said", values, got)
			}
		}
	})
}

var withPort = regexp.MustCompile(`(?s)^\[(.*:.*)\](?::\d+)?$|^([\d.]+):\d+$`)

// isSaid reports whether addr is in the list, with or without a port.
func isSaid(addr netip.Addr, values []string) bool {
	for text := range strings.SplitSeq(strings.Join(values, ","), ",") {
		text = strings.TrimSpace(text)
		if m := withPort.FindStringSubmatch(text); m != nil {
			text = m[1] + m[2]
		}
		if a, err := netip.ParseAddr(text); err == nil && a.Unmap().WithZone("") == addr {
			return true
		}
	}
	return false
}
