package airsocket

import (
	"io"
	"net"
	"slices"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/forwarded"
	"github.com/airsocket/airsocket/internal/proxyproto"
)

// toldAddrs are the addresses in a header of the PROXY protocol: that of the client, and
// the one to which the client has connected.
type toldAddrs struct{ client, server net.Addr }

// remote returns the address of the peer of conn, which may be nil, as t may.
func (t *toldAddrs) remote(conn net.Conn) net.Addr {
	switch {
	case conn == nil:
		return nil
	case t != nil:
		return t.client
	}
	return conn.RemoteAddr()
}

// told returns what a proxy has told about the connection of s, or nil.
func (s *Socket) told() *toldAddrs {
	l := s.limits()
	if l == &notLimited {
		return nil
	}
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	return l.told
}

func (s *Socket) setTold(told *toldAddrs) {
	if told == nil {
		return
	}
	l := s.makeLimits()
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	l.told = told
}

// expectsProxyHeader returns a Parser for the header with which conn begins, or nil if it
// comes from no address of ProxyProtocol.
func (srv *Server) expectsProxyHeader(conn net.Conn) *proxyproto.Parser {
	if len(srv.ProxyProtocol) == 0 || !forwarded.Among(srv.ProxyProtocol, addrOf(conn.RemoteAddr())) {
		return nil
	}
	return new(proxyproto.Parser)
}

// readProxyHeader reads the header that a proxy sends first. Before TLS, what reads for TLS
// has read it if the client has sent anything.
func (a *serverHandshake) readProxyHeader() error {
	p := a.proxied
	if a.srv.TLSConfig == nil {
		if err := a.feedProxyHeader(p); err != nil {
			return err
		}
	}
	if p.Done() {
		a.proxied = nil
		if client, server := p.Addresses(); client != nil {
			a.s.setTold(&toldAddrs{client, server})
			return a.admitProxied(client)
		}
	}
	return nil
}

func (a *serverHandshake) feedProxyHeader(p *proxyproto.Parser) error {
	in := readInputs.Get().(*readInput)
	defer in.release()
	for !p.Done() {
		n, _, err := a.s.sender.conn.TryRead(in.buf[:])
		if err == io.EOF {
			err = handshake.ErrUnexpected
		}
		var rest []byte
		if err == nil {
			rest, _, err = p.Feed(in.buf[:n])
		}
		if err != nil {
			return err
		}
		a.read = slices.Clone(rest)
	}
	return nil
}
