package airsocket

import (
	"net"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// BufferedAmount returns how many bytes wait to be given to the system: frames with
// their headers, compressed where that was agreed on (WHATWG bufferedAmount, which
// counts payloads). What a handler sends waits for the end of its turn, but a
// message of 32 KiB or more, and all that waits once it is 64 KiB, is written at
// once. What Options.QueueBeforeOpen keeps does not count, and when the socket is
// closed nothing waits any more.
//
// Over TLS, and on other connections than TCP and unix sockets, the up to 16 KiB
// that are being written do not count: they may have arrived by now.
func (s *Socket) BufferedAmount() int {
	return s.sender.buffered()
}

// ReadyState is the state of the socket.
func (s *Socket) ReadyState() ReadyState { return ReadyState(s.state.Load()) }

// Version is the version of the protocol that is spoken, 0 before it is known.
func (s *Socket) Version() wire.Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg == nil {
		return 0
	}
	return s.cfg.Version
}

// Protocol is the subprotocol that was agreed on, or empty (WHATWG protocol).
func (s *Socket) Protocol() string { return s.known(func(o *opening) string { return o.protocol }) }

// Extensions are the extensions that were agreed on, as the header field of
// the server's answer says them (WHATWG extensions).
func (s *Socket) Extensions() string { return s.known(func(o *opening) string { return o.extensions }) }

// URL is what Connect was given, or empty on a server (WHATWG url).
func (s *Socket) URL() string { return s.known(func(o *opening) string { return o.url }) }

func (s *Socket) known(get func(*opening) string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening == nil {
		return ""
	}
	return get(s.opening)
}

// CloseReason is the Code and the Reason of the close event, once the socket is
// Closed, and also where Options.SilentClose has kept that event back (AIR's
// closeReason, which is the code; WebSocket-Node's closeReasonCode and
// closeDescription). The code is 0 before.
func (s *Socket) CloseReason() (StatusCode, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ReadyState() != StateClosed || s.outcome == nil {
		return 0, ""
	}
	return s.outcome.Code, s.outcome.Reason // which nothing changes any more
}

// Response is the status and the header of the server's answer to Connect (Faye's
// status and headers): 101 once the connection is open, and 0 before. What a
// server that refused has answered is in the ErrorEvent.
func (s *Socket) Response() (status int, header http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening == nil || s.opening.answer == nil {
		return 0, nil
	}
	return s.opening.status, dial.HTTPHeader(s.opening.answer)
}

// Request is the client's request, on a server. It must be asked for in a
// handler given to OnConnect or in an open handler at the latest: a Socket of
// which nobody has asked lets it go, to be small, and returns nil later, as it
// does on a client.
func (s *Socket) Request() *handshake.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opening == nil || s.opening.request == nil {
		return nil
	}
	s.opening.keep = true
	return s.opening.request
}

// Conn is the connection below, or nil before there is one. Reading it, writing
// it or closing it disturbs the Socket.
func (s *Socket) Conn() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sender.connection()
}

// RemoteAddr is the address of the peer, or nil before there is a connection.
func (s *Socket) RemoteAddr() net.Addr {
	if c := s.Conn(); c != nil {
		return c.RemoteAddr()
	}
	return nil
}

// LocalAddr is the address of this end, or nil before there is a connection.
func (s *Socket) LocalAddr() net.Addr {
	if c := s.Conn(); c != nil {
		return c.LocalAddr()
	}
	return nil
}
