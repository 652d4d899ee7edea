package airsocket

import (
	"net"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// BufferedAmount returns how many bytes are waiting to be passed to the system: frames
// with their headers, compressed if compression was negotiated (WHATWG bufferedAmount,
// which counts payloads). What a handler sends waits for the end of its turn, with an
// exception on Unix systems, over TCP and unix sockets, on Linux with TLS too: a message
// of 32 KiB or more, and everything that waits once it is 64 KiB, is written at once, as
// far as the system takes it. What Options.QueueBeforeOpen keeps does not count. When the
// socket is closed nothing is waiting. With RulesBrowser all this is different.
//
// On all other connections, such as pipes and those whose *tls.Conn net/http has made, up
// to 16 KiB that are being written do not count, because they may already have arrived.
func (s *Socket) BufferedAmount() int {
	if s.opts.Rules.counts() {
		return s.sender.bufferedPayloads()
	}
	return s.sender.buffered()
}

// Version returns the version of the protocol that the connection uses. It is 0
// before the connection is open.
func (s *Socket) Version() wire.Version {
	if cfg := s.sender.config(); cfg != nil {
		return cfg.Version
	}
	return 0
}

// Protocol returns the subprotocol that was negotiated, or an empty string (WHATWG
// protocol).
func (s *Socket) Protocol() string { return s.known(func(n *negotiated) string { return n.protocol }) }

// Extensions returns the extensions that were negotiated, in the form of the header
// field in the server's response (WHATWG extensions).
func (s *Socket) Extensions() string {
	return s.known(func(n *negotiated) string { return n.extensions })
}

// URL returns the URL that was passed to Connect, or that Reconnect.Renew has returned
// since, or an empty string on a server (WHATWG url).
func (s *Socket) URL() string { return s.known(func(n *negotiated) string { return n.url }) }

// known returns what get returns for the opening handshake, or an empty string before
// there is one.
func (s *Socket) known(get func(*negotiated) string) string {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.opening == nil {
		return ""
	}
	return get(&s.opening.negotiated)
}

// CloseReason returns the Code and the Reason of the close event once the socket is
// closed, even if Options.SilentClose has omitted that event (AIR's closeReason,
// which is the code; WebSocket-Node's closeReasonCode and closeDescription). Before
// that the code is 0.
func (s *Socket) CloseReason() (StatusCode, string) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.ReadyState() != StateClosed || s.life.end == nil {
		return 0, ""
	}
	return s.life.end.code, s.life.end.reason
}

// Response returns the status and the header of the server's response to Connect
// (Faye's status and headers). The status is 101 once the connection is open, and 0
// before. The response of a server that refused is in the ErrorEvent.
func (s *Socket) Response() (status int, header http.Header) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.opening == nil || s.opening.response == "" {
		return 0, nil
	}
	return http.StatusSwitchingProtocols, unpacked(s.opening.response)
}

// Request returns the client's request on a server, and nil on a client. To save memory
// a Socket drops the request after the open event, and Request returns nil from then
// on. The request is kept if Server.OnRequest is set, or if Request was called by then,
// in the function set by OnConnect or in a handler of the open event.
func (s *Socket) Request() *handshake.Request {
	req, _ := s.requests()
	return req
}

// requests returns the client's request, and the request of net/http if that has read it.
func (s *Socket) requests() (*handshake.Request, *http.Request) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.opening == nil || s.opening.request == nil {
		return nil, nil
	}
	s.opening.keep = true
	return s.opening.request, s.opening.web
}

// RemoteAddr returns the address of the peer, or nil before there is a connection. With
// [Server.ProxyProtocol] it is the client's.
func (s *Socket) RemoteAddr() net.Addr {
	return s.told().remote(s.Conn())
}

// LocalAddr returns the address of this end, or nil before there is a connection. With
// [Server.ProxyProtocol] it is the proxy's address to which the client has connected.
func (s *Socket) LocalAddr() net.Addr {
	c := s.Conn()
	if c == nil {
		return nil
	}
	if told := s.told(); told != nil {
		return told.server
	}
	return c.LocalAddr()
}
