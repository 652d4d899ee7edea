package airsocket

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/transport"
)

// A FlashPolicyServer answers the socket policy requests that Flash clients such as
// web-socket-js and AS3WebSocket make before they open a socket: first on port 843,
// where a FlashPolicyServer listens, and then on the WebSocket port itself, for which
// see Server.FlashPolicy. If a client sends anything else, its connection is closed
// without an answer.
type FlashPolicyServer struct {
	Policy   handshake.FlashPolicy // the answer to all requests
	Timeout  time.Duration         // for a request and its answer; zero means 10 s
	MaxConns int                   // at a time, others are closed at once; zero means 1,000

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]struct{}
}

// ListenAndServe listens on the TCP address addr, or on ":843" if addr is empty,
// and serves until Close is called. The error is never nil: after Close it is
// [ErrServerClosed].
func (p *FlashPolicyServer) ListenAndServe(addr string) error {
	if addr == "" {
		addr = ":843"
	}
	if err := unlistenable(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return p.Serve(l)
}

// Serve accepts connections from l and answers their requests until Close is
// called, and then closes l. The error is never nil: after Close it is
// [ErrServerClosed].
func (p *FlashPolicyServer) Serve(l net.Listener) error {
	defer l.Close()
	if !track(p, &p.listeners, l, 0) {
		return ErrServerClosed
	}
	defer untrack(p, p.listeners, l)
	a := &accepting{closing: p.isClosed}
	return a.result(transport.AcceptAll(l, func(conn net.Conn) {
		a.wait = 0
		limit := p.MaxConns
		if limit == 0 {
			limit = 1000
		}
		if !track(p, &p.conns, conn, limit) {
			conn.Close()
			return
		}
		go p.serveConn(conn)
	}, a.retry))
}

// Close closes all listeners, so that Serve returns, and all connections.
func (p *FlashPolicyServer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for l := range p.listeners {
		l.Close()
	}
	for c := range p.conns {
		c.Close()
	}
	return nil
}

func (p *FlashPolicyServer) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// track adds v to set. It reports false if p is closed or set already has limit
// members; a limit of 0 means none.
func track[T comparable](p *FlashPolicyServer, set *map[T]struct{}, v T, limit int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || limit > 0 && len(*set) >= limit {
		return false
	}
	if *set == nil {
		*set = make(map[T]struct{})
	}
	(*set)[v] = struct{}{}
	return true
}

// untrack removes v from set.
func untrack[T comparable](p *FlashPolicyServer, set map[T]struct{}, v T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(set, v)
}

func (p *FlashPolicyServer) serveConn(conn net.Conn) {
	defer conn.Close()
	defer untrack(p, p.conns, conn) // before the client can see the end and connect again
	timeout := p.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	conn.SetDeadline(time.Now().Add(timeout))
	request := make([]byte, len(handshake.FlashPolicyRequest))
	for n := 0; n < len(request); {
		m, err := conn.Read(request[n:])
		n += m
		if m == 0 && err != nil || !strings.HasPrefix(handshake.FlashPolicyRequest, string(request[:n])) {
			return
		}
	}
	conn.Write(p.Policy.AppendTo(nil))
}

// FlashPolicyFor returns the policy that lets pages of the domains use the WebSocket
// servers on the addresses, and nothing else. Addresses that are not TCP addresses
// are ignored.
func FlashPolicyFor(domains []string, addresses ...net.Addr) handshake.FlashPolicy {
	policy := handshake.FlashPolicy{Domains: domains}
	for _, a := range addresses {
		if tcp, ok := a.(*net.TCPAddr); ok {
			policy.Ports = append(policy.Ports, strconv.Itoa(tcp.Port))
		}
	}
	return policy
}
