package airsocket

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/forwarded"
)

// A Request is a client's request to open a connection. The function that
// [Server.OnRequest] has set accepts or rejects it, at once or later (WebSocket-Node's
// WebSocketRequest). If it is not answered within Options.HandshakeTimeout it is
// rejected with status 404, and with status 503 when the Server shuts down or its
// Socket is dropped. These responses do not have the ResponseHeader.
type Request struct {
	*handshake.Request

	// Protocol is the subprotocol for which a Router has chosen the handler. It is
	// empty if the client asked for none, or without a Router.
	Protocol string

	// ResponseHeader is sent with the response, whether the request is accepted
	// or rejected.
	ResponseHeader http.Header

	socket  *Socket
	trusted []netip.Prefix

	decided func() // called once, by Accept or Reject

	mu       sync.Mutex
	answered bool
	refused  *handshake.Error
	protocol string
	timer    *time.Timer // rejects the request when it is too late
}

// Socket returns the Socket that Accept will return. It is still connecting.
func (r *Request) Socket() *Socket { return r.socket }

// URL returns the parsed target of the request, a path and perhaps a query
// (WebSocket-Node's resourceURL). It never returns nil.
func (r *Request) URL() *url.URL {
	u, err := url.ParseRequestURI(r.Target)
	if err != nil {
		return &url.URL{Path: r.Target}
	}
	return u
}

// Cookies returns the client's cookies. Malformed ones are left out.
func (r *Request) Cookies() []*http.Cookie {
	return (&http.Request{Header: http.Header{"Cookie": r.Header.Values("Cookie")}}).Cookies()
}

// SetCookie adds a cookie to the response. A cookie that is not valid is left out.
func (r *Request) SetCookie(c *http.Cookie) {
	if v := c.String(); v != "" {
		if r.ResponseHeader == nil {
			r.ResponseHeader = make(http.Header)
		}
		r.ResponseHeader.Add("Set-Cookie", v)
	}
}

// RemoteIP returns the IP address of the client: that of [Socket.RemoteAddr] or, if this is
// one of Server.TrustedProxies, the last address in X-Forwarded-For that is not itself
// such a proxy (WebSocket-Node's remoteAddress). An address there may have a port, and
// brackets. RemoteIP returns the zero Addr if the
// connection has no IP address.
func (r *Request) RemoteIP() netip.Addr {
	return forwarded.Client(addrOf(r.socket.RemoteAddr()), r.Header.Values("X-Forwarded-For"), r.trusted)
}

// addrOf returns the IP address of a, IPv4 in IPv6 as IPv4, or the zero Addr.
func addrOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// Accept accepts the request with one of the subprotocols that the client asked
// for, or with none if protocol is empty. Attach handlers to the returned Socket in
// the handler that calls Accept; the open event follows. Accept returns
// [ErrProtocol] for a subprotocol that was not asked for, and [ErrInvalidState] if
// the request has already been answered.
func (r *Request) Accept(protocol string) (*Socket, error) {
	if protocol != "" && !slices.Contains(r.Protocols, protocol) {
		return nil, fmt.Errorf("%w: the client did not ask for %q", ErrProtocol, protocol)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return nil, answeredAlready("Accept")
	}
	r.answered, r.protocol = true, protocol
	r.decided()
	return r.socket, nil
}

// Reject answers the request with an HTTP status from 300 to 599 and a reason,
// which becomes the body. It returns [ErrArgument] for another status, and
// [ErrInvalidState] if the request has already been answered.
func (r *Request) Reject(status int, reason string) error {
	if status < 300 || status > 599 {
		return ErrArgument
	}
	if !r.refuse(&handshake.Error{Status: status, Reason: reason, Header: wireHeader(r.ResponseHeader)}) {
		return answeredAlready("Reject")
	}
	return nil
}

// refuse rejects the request, unless it has been answered. It does not touch
// ResponseHeader, which the program may be changing.
func (r *Request) refuse(err *handshake.Error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return false
	}
	r.answered, r.refused = true, err
	r.decided()
	return true
}

func answeredAlready(call string) error {
	return &stateError{call, "the request has already been answered"}
}

// answer reports whether the request was accepted or rejected, and how it was rejected.
func (r *Request) answer() (answered bool, refused *handshake.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered, r.refused
}

// startTimer has the request rejected after the given time, if it is not answered by
// then. 0 means never.
func (r *Request) startTimer(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after > 0 && !r.answered {
		r.timer = time.AfterFunc(after, func() { r.refuse(errNotAnswered) })
	}
}

func (r *Request) stopTimer() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.timer != nil {
		r.timer.Stop()
	}
}

// errNotAnswered is the response to a request that OnRequest has not decided on in time.
var errNotAnswered = &handshake.Error{Status: http.StatusNotFound, Reason: "the server did not answer the request"}
