package airsocket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
)

// StartServer acts as the server on a connection whose opening handshake has not
// been answered yet, and returns at once (AIR's startServer). From then on the
// connection belongs to the Socket, which clears the connection's deadlines.
// StartServer returns [ErrArgument] if conn is nil, and [ErrInvalidState] if the
// socket has been started and is not closed.
func (s *Socket) StartServer(conn net.Conn) error {
	if conn == nil {
		return ErrArgument
	}
	if !s.start(wire.Server, s.preset()) {
		return startedAlready("StartServer", s.ReadyState())
	}
	conn.SetDeadline(time.Time{})
	s.attach(conn)
	go newServerHandshake(s, nil, isTLS(conn)).serve()
	return nil
}

// A serverHandshake is the server's side of an opening handshake. It runs in stages
// that leave their results here, one after another instead of nested, so that the stack
// stays at 2 KiB; see ARCHITECTURE.md.
type serverHandshake struct {
	s        *Socket
	srv      *Server // nil if the program has started s itself
	hs       handshake.Server
	read     []byte // what net/http had received
	full     bool   // the Server already has MaxConns sockets
	offered  bool   // hs already has the request, from net/http
	accept   handshake.Accept
	sessions []extensions.Session
	rest     []byte // received after the request
	deadline transport.Deadline
	opening
	buf [requestSize]byte
}

// requestSize is the number of bytes of a request that are read at a time.
const requestSize = 1 << 10

// serverHandshakes are reused, so that memory that is needed only for a handshake is
// not scattered among memory that is needed as long as a connection lasts.
var serverHandshakes = sync.Pool{New: func() any { return new(serverHandshake) }}

func newServerHandshake(s *Socket, srv *Server, secure bool) *serverHandshake {
	a := serverHandshakes.Get().(*serverHandshake)
	a.s, a.srv = s, srv
	a.hs.Versions, a.hs.MaxHead, a.hs.MaxLines, a.hs.Secure = s.opts.versions, s.opts.MaxHead, s.opts.MaxHeadLines, secure
	return a
}

// recycle returns a to the pool, unless something may still refer to it.
func (a *serverHandshake) recycle() {
	if a.letGoOf && !a.keep {
		*a = serverHandshake{}
		serverHandshakes.Put(a)
	}
}

// serve performs the handshake and then serves the connection, if there is one.
func (a *serverHandshake) serve() {
	s := a.s
	if a.run() {
		s.serve()
	}
}

// run performs the handshake, and opens or rejects the connection. It reports whether
// the calling goroutine is to serve the connection. If its stack has grown meanwhile,
// for instance in a handler, run starts another goroutine for that and returns false.
//
//go:noinline
func (a *serverHandshake) run() (serve bool) {
	s := a.s
	mark := transport.StackMark()
	conn := &s.sender.conn
	s.opts.deadlines.Set(&a.deadline, conn, s.opts.handshakeTimeout)
	err := a.negotiate()
	if !s.opts.deadlines.Clear(&a.deadline, conn, s.opts.handshakeTimeout) && err == nil {
		err = os.ErrDeadlineExceeded
	}
	switch {
	case err != nil:
		a.reject(err)
	case a.established():
	case transport.StackMark() == mark:
		return true
	default:
		go s.serve()
	}
	return false
}

// established opens the connection when the request has been accepted and answered. It
// reports whether the connection has already ended.
//
//go:noinline
func (a *serverHandshake) established() (over bool) {
	over = a.s.becomeOpen(agreement{version: a.hs.Request().Version, sessions: a.sessions}, a.rest)
	a.recycle()
	return over
}

// negotiate reads a request, decides on it and, if it is accepted, answers it.
//
//go:noinline
func (a *serverHandshake) negotiate() error {
	s := a.s
	if err := a.readRequest(); err != nil {
		return err
	}
	if a.full {
		return errFull
	}
	if err := a.decide(); err != nil {
		return err
	}
	if a.srv != nil && a.srv.onConnect != nil {
		a.doOpening(connectTurn, func() { a.srv.connected(s) })
		if err := s.life.failure(); err != nil {
			return internalError(err)
		}
	}
	return a.answer()
}

// errFull is the response of a Server that already has MaxConns sockets.
var errFull = &handshake.Error{Status: http.StatusServiceUnavailable, Reason: "too many connections"}

// readRequest reads the client's request, unless net/http has read it.
func (a *serverHandshake) readRequest() error {
	if a.offered {
		return nil
	}
	for p := a.read; ; {
		if len(p) > 0 {
			rest, done, err := a.hs.Feed(p)
			if err != nil || done {
				a.rest = rest
				return err
			}
		}
		n, err := a.s.sender.conn.Read(a.buf[:])
		if n == 0 && (err == nil || err == io.EOF) {
			return handshake.ErrUnexpected
		}
		if n == 0 {
			return err
		}
		p = a.buf[:n]
	}
}

// internalError returns the error for a failure that is not the client's fault.
func internalError(err error) error {
	return &handshake.Error{Status: http.StatusInternalServerError, Reason: "internal error", Err: err}
}

// decide decides whether to accept a valid request, and with which subprotocol and
// extensions.
func (a *serverHandshake) decide() error {
	s := a.s
	req := a.hs.Request()
	if !origin.Allowed(req, a.hs.Secure, s.opts.Origins) {
		return &handshake.Error{Status: http.StatusForbidden, Reason: "requests from this origin are not accepted"}
	}
	s.life.mu.Lock()
	if s.opening == nil {
		s.opening = &a.opening
	}
	s.opening.request = req
	a.accept.Protocol = a.chooseProtocol(req.Protocols)
	s.life.on(requestRead)
	s.life.mu.Unlock()
	header := s.opts.Header
	if a.srv != nil && a.srv.onRequest != nil {
		r, err := a.ask()
		if err != nil {
			return err
		}
		a.accept.Protocol, header = r.protocol, joinHeaders(header, r.ResponseHeader)
	}
	a.accept.Header = wireHeader(header)
	a.accept.Extensions, a.sessions = extensions.Answer(s.opts.extensionsFor(req.Version), req.Extensions)
	s.life.mu.Lock()
	s.opening.refuse, s.opening.cancel = nil, nil
	s.opening.protocol = a.accept.Protocol
	s.opening.extensions = string(handshake.AppendExtensions(nil, a.accept.Extensions))
	s.life.mu.Unlock()
	return nil
}

// ask calls the function that OnRequest has set, and waits until the request is
// accepted or rejected. The handshake timeout does not run meanwhile, and starts again
// afterwards.
func (a *serverHandshake) ask() (*Request, error) {
	s := a.s
	limit, conn := s.opts.handshakeTimeout, &s.sender.conn
	if !s.opts.deadlines.Clear(&a.deadline, conn, limit) {
		return nil, os.ErrDeadlineExceeded
	}
	defer s.opts.deadlines.Set(&a.deadline, conn, limit)
	srv := a.srv
	r := &Request{Request: a.hs.Request(), socket: s, trusted: srv.TrustedProxies, answered: make(chan struct{})}
	s.life.mu.Lock()
	s.opening.refuse, s.opening.keep = func() bool { return r.refuse(errGoingAway) }, true
	s.opening.cancel = func() { r.refuse(errGoingAway) }
	over := s.life.at() != stageAccepting
	s.life.mu.Unlock()
	if over || srv.sockets.isClosing() {
		r.refuse(errGoingAway)
	}
	var timeout <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		timeout = timer.C
	}
	a.doOpening(requestTurn, func() { srv.requested(r) })
	select {
	case <-r.answered:
	case <-timeout:
		r.refuse(&handshake.Error{Status: http.StatusNotFound, Reason: "the server did not answer the request"})
		<-r.answered
	}
	if r.refused != nil {
		return nil, r.refused
	}
	return r, nil
}

// answer sends the response that opens the connection.
func (a *serverHandshake) answer() error {
	b := buffers.Get(512)
	defer buffers.Put(b)
	out, err := a.hs.AppendAccept(b.B, a.accept)
	if err != nil {
		return internalError(err)
	}
	_, err = a.s.sender.conn.Write(out)
	return err
}

// doOpening runs a handler in a turn before the connection is open. If the handler ends
// the goroutine, as a failing test does, doOpening finishes the Socket.
func (a *serverHandshake) doOpening(kind turnKind, fn func()) {
	s := a.s
	returned := false
	defer func() {
		if !returned {
			s.finish()
		}
	}()
	s.do(kind, fn)
	returned = true
}

// joinHeaders returns the fields of a and b. It changes neither.
func joinHeaders(a, b http.Header) http.Header {
	if len(a) == 0 || len(b) == 0 {
		if len(b) > 0 {
			return b
		}
		return a
	}
	a = a.Clone()
	for name, values := range b {
		a[name] = append(a[name], values...)
	}
	return a
}

// chooseProtocol returns the subprotocol for the response, or an empty string for none.
// If SetProtocol has set one, it is used if the client asked for it. Otherwise it is
// the first of the client's subprotocols that is among Options.Protocols.
func (a *serverHandshake) chooseProtocol(asked []string) string {
	s := a.s
	if p := s.opening.protocol; p != "" {
		if slices.Contains(asked, p) {
			return p
		}
		return ""
	}
	for _, p := range asked {
		if slices.Contains(s.opts.Protocols, p) {
			return p
		}
	}
	return ""
}

func isTLS(conn net.Conn) bool {
	_, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok
}

// reject ends a handshake that does not lead to a WebSocket: the connection is passed
// to net/http, a Flash client gets its policy, or the client is refused.
//
//go:noinline
func (a *serverHandshake) reject(err error) {
	s := a.s
	s.sender.conn.GiveTime()
	switch srv := a.srv; {
	case srv != nil && srv.http != nil && errors.Is(err, handshake.ErrNotUpgrade):
		a.endQuietly()
		srv.http.give(s.sender.conn.NetConn(), a.hs.Buffered())
	case srv != nil && srv.FlashPolicy != nil && errors.Is(err, handshake.ErrFlashPolicyRequest):
		s.sender.conn.Write(srv.FlashPolicy.AppendTo(nil))
		a.endQuietly()
		s.sender.conn.Close()
	default:
		a.refuse(err)
	}
}

// endQuietly ends the Socket without events. OnConnect has not been called for it.
func (a *serverHandshake) endQuietly() {
	s := a.s
	s.roster.remove(s)
	s.withdraw()
}

// refuse answers a request that is not accepted, and finishes the Socket.
func (a *serverHandshake) refuse(err error) {
	s := a.s
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		b := buffers.Get(512)
		s.sender.conn.Write(a.hs.AppendReject(b.B, he))
		buffers.Put(b)
		s.sender.conn.Linger()
	} else {
		answerPlain(err)
	}
	s.failOpening(err)
}

// errPlain is the response to a request without TLS on a port that requires TLS, as in
// net/http.
var errPlain = &handshake.Error{Status: http.StatusBadRequest, Reason: "this port speaks TLS: use wss instead of ws, or https instead of http"}

// answerPlain answers a client that has made a request without TLS, if that is what err
// says. A short request has been read as a whole. If a part of a longer one is left
// unread, closing the connection may reset it, and the client may not get the answer.
//
//go:noinline
func answerPlain(err error) {
	plain, ok := errors.AsType[tls.RecordHeaderError](err)
	if ok && plain.Conn != nil && bytes.Equal(plain.RecordHeader[:], []byte("GET /")) {
		var hs handshake.Server
		plain.Conn.Write(hs.AppendReject(nil, errPlain))
	}
}
