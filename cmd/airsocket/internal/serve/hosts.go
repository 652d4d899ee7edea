package serve

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
)

// hostCheck returns a function that rejects a request, and reports that, if its page may only
// seem to be one of this server: a page of evil.example whose name leads to this machine for
// a moment (DNS rebinding). An address and localhost cannot be given to another machine, nor
// can names to which the server listens, and TLS shows who has a name.
func hostCheck(srv *airsocket.Server, listen []string) func(*airsocket.Request) (rejected bool) {
	patterns := srv.Options.Origins
	return func(r *airsocket.Request) bool {
		if srv.TLSConfig != nil || r.Origin == "" || isSafe(r.Host, listen) ||
			origin.Allowed(&handshake.Request{Origin: r.Origin}, false, patterns) { // whatever its host
			return false
		}
		r.Reject(http.StatusForbidden, "pages of hosts that the server does not know are not accepted; see -origin")
		return true
	}
}

// isSafe reports whether a Host field has an address, localhost, or one of the hosts of the
// listen addresses.
func isSafe(field string, listen []string) bool {
	host := hostOf(field)
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return slices.ContainsFunc(listen, func(addr string) bool { return host != "" && hostOf(addr) == host })
}

// hostOf returns the host in host:port, or in a host without a port, in lower case.
func hostOf(field string) string {
	u := url.URL{Host: field}
	return strings.ToLower(u.Hostname())
}
