package airsocket

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/forwarded"
)

// Which address a connection counts for is known at different times: when it is accepted,
// or when a proxy has told it, in a header of the PROXY protocol or in X-Forwarded-For.

// limitsAddresses reports whether there is a limit for each address.
func (srv *Server) limitsAddresses() bool {
	_, some := srv.limitsByAddress()
	return some
}

// admit counts a connection from addr, unless that is a trusted proxy, which tells later
// whose request it is, or no IP address.
func (srv *Server) admit(addr netip.Addr) (from *address, refused *handshake.Error) {
	l, some := srv.limitsByAddress()
	if !some || !addr.IsValid() || forwarded.Among(srv.TrustedProxies, addr) {
		return nil, nil
	}
	return srv.addresses.enter(keyOf(addr), l, now())
}

// turnAway closes a connection that is not even told why it is refused.
func (srv *Server) turnAway(conn net.Conn, why error) {
	set := srv.Options.settings()
	hooks := set.Hooks
	if set.Logger != nil {
		srv.logRefusal(set.log, why, conn.RemoteAddr())
	}
	if hooks == nil || hooks.HandshakeFailed == nil {
		conn.Close()
		return
	}
	s := NewSocket(srv.Options)
	s.server = srv
	s.attach(conn)
	defer s.sender.conn.Close()
	hooks.refused(s, why)
}

// admitProxied counts the connection for the client of which a PROXY header tells.
func (a *serverHandshake) admitProxied(client net.Addr) error {
	from, refused := a.srv.admit(addrOf(client))
	a.s.setAddress(from)
	switch {
	case refused == nil:
	case from == nil:
		return refused.Err // the client is not told
	default: // in place of errFull, which does not hold for Handler
		a.refused = refused
	}
	return nil
}

// admitForwarded counts the connection for the client of which a trusted proxy tells in the
// head of the request.
func (a *serverHandshake) admitForwarded(req *handshake.Request) error {
	srv := a.srv
	if srv == nil || a.web != nil || len(srv.TrustedProxies) == 0 || !srv.limitsAddresses() {
		return nil
	}
	addr := addrOf(a.s.RemoteAddr())
	if !forwarded.Among(srv.TrustedProxies, addr) {
		return nil
	}
	return a.s.admitHead(srv, forwarded.Client(addr, req.Header.Values("X-Forwarded-For"), srv.TrustedProxies))
}

// admitHead is admit for a request whose head has been read, so that it costs nothing to
// answer it.
func (s *Socket) admitHead(srv *Server, addr netip.Addr) error {
	from, refused := srv.admit(addr)
	s.setAddress(from)
	if refused != nil {
		return refused
	}
	return nil
}

// admitRequest counts a request of net/http. given is the connection if the Server itself has
// passed it to net/http, and nil otherwise.
func (s *Socket) admitRequest(srv *Server, r *http.Request, given *givenConn) error {
	l, some := srv.limitsByAddress()
	if r == nil || !some {
		return nil
	}
	if given != nil {
		if from := given.from.Load(); from != nil {
			if refused := srv.addresses.visit(from.key, l, now()); refused != nil {
				return refused
			}
			return nil // takeOver passes on what counts the connection
		}
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return nil
	}
	addr := forwarded.Client(at.Addr().Unmap(), r.Header.Values("X-Forwarded-For"), srv.TrustedProxies)
	return s.admitHead(srv, addr)
}

// setAddress makes from count s, until leaveAddress or takeAddress is called.
func (s *Socket) setAddress(from *address) {
	if from == nil {
		return
	}
	if !s.makeLimits().from.CompareAndSwap(nil, from) {
		from.leave()
	}
}

// isCounted reports whether there is an address that counts s.
func (s *Socket) isCounted() bool { return s.limits().from.Load() != nil }

// takeAddress returns what counts s, which it takes from s, or nil.
func (s *Socket) takeAddress() *address {
	l := s.limits()
	if l.from.Load() == nil {
		return nil
	}
	return l.from.Swap(nil)
}

func (s *Socket) leaveAddress() { s.takeAddress().leave() }
