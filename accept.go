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
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
)

// StartServer acts as the server on a connection whose opening handshake has not
// been answered yet, and returns at once (AIR's startServer). From then on the
// connection belongs to the Socket, which clears the connection's deadlines; use
// [Socket.Conn] instead of conn.
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
	s.attach(transport.Adopt(conn))
	newArrival(s, nil, isTLS(conn)).start()
	return nil
}

// A serverHandshake is the server's side of an opening handshake. It goes on as far as what
// has arrived allows, and leaves its results here.
type serverHandshake struct {
	*arrival
	hs       handshake.Server
	web      *http.Request // that net/http has read, or nil
	waited   chan struct{} // closed when web is decided on; nil if nobody waits for that
	read     []byte        // what net/http had received
	begun    bool          // hs has a part of the request
	offered  bool          // hs has the whole request
	asked    *Request      // what OnRequest was asked; nil if it was not
	accept   handshake.Accept
	sessions []extensions.Session
	rest     []byte // received after the request
	unsent   []byte // of the response
	opening
	under unopened // what opening refers to
}

// serverHandshakes are reused, so that memory that is needed only for a handshake is
// not scattered among memory that is needed as long as a connection lasts.
var serverHandshakes = sync.Pool{New: func() any { return new(serverHandshake) }}

// recycle returns a to the pool, unless something may still refer to it.
func (a *serverHandshake) recycle() {
	if a.letGoOf && !a.keep {
		a.arrival.recycle()
		a.release()
	}
}

func (a *serverHandshake) release() {
	*a = serverHandshake{}
	serverHandshakes.Put(a)
}

// errUndecided is returned by the steps of a handshake that cannot go on yet.
var errUndecided = errors.New("airsocket: not decided yet")

// goOn is Readable of the arrival, which is not used any more when the handshake is done.
func (a *serverHandshake) goOn() transport.Next {
	err := a.negotiate()
	switch {
	case err == transport.ErrWouldBlock:
		if !a.begun {
			a.shaking = nil // until something arrives
			a.release()
		}
		return transport.Wait
	case err == errUndecided:
		return transport.Hold
	}
	a.stopWait()
	s := a.s
	if !s.opts.deadlines.Clear(&a.deadline, &s.sender.conn, s.opts.handshakeTimeout) && err == nil {
		err = os.ErrDeadlineExceeded
	}
	if err != nil {
		return a.reject(err)
	}
	return a.established()
}

// stopWait lets [Server.ServeHTTP] return.
func (a *serverHandshake) stopWait() {
	if a.waited != nil {
		close(a.waited)
		a.waited = nil
	}
}

// established opens the connection when the request has been accepted and answered.
//
//go:noinline
func (a *serverHandshake) established() transport.Next {
	s := a.s
	r := (*connReader)(s)
	s.sender.conn.Become(r)
	over := s.becomeOpen(agreement{version: a.hs.Request().Version, sessions: a.sessions, chosen: a.accept.Extensions, unsent: a.unsent}, a.rest)
	a.recycle()
	if over {
		return transport.Over
	}
	return r.Readable()
}

// negotiate reads a request, decides on it and, if it is accepted, answers it. It
// returns transport.ErrWouldBlock or errUndecided if that is not done yet.
//
//go:noinline
func (a *serverHandshake) negotiate() error {
	s := a.s
	if a.proxied != nil {
		if err := a.readProxyHeader(); err != nil {
			return err
		}
	}
	known := a.offered
	err := a.readRequest()
	if err == nil && !known {
		a.requested()
	}
	if a.refused != nil && (err == nil || a.refused.Err != nil && errors.Is(err, handshake.ErrNotUpgrade)) {
		return a.refused // MaxConns, which wraps no error, does not count the requests of Handler
	}
	if err != nil {
		return err
	}
	if err := a.decide(); err != nil {
		return err
	}
	if a.srv != nil && a.srv.onConnect != nil {
		s.do(connectTurn, func() { a.srv.connected(s) })
		if err := s.life.failure(); err != nil {
			return internalError(err)
		}
	}
	a.stopWait()
	return a.answer()
}

// requested makes the request known to the program, before anything is decided on it.
func (a *serverHandshake) requested() {
	s := a.s
	s.life.mu.Lock()
	if s.opening == nil {
		s.opening = &a.opening
	}
	s.opening.request, s.opening.web = a.hs.Request(), a.web
	s.life.mu.Unlock()
	s.opts.Hooks.requested(s)
}

// errFull is the response of a Server that already has MaxConns sockets.
var errFull = &handshake.Error{Status: http.StatusServiceUnavailable, Reason: "too many connections"}

// readRequest reads the client's request, unless net/http has read it.
//
//go:noinline
func (a *serverHandshake) readRequest() error {
	if a.offered {
		return nil
	}
	if p := a.read; len(p) > 0 {
		a.read = nil
		if err := a.feed(p); err != nil || a.offered {
			return err
		}
	}
	in := readInputs.Get().(*readInput)
	defer in.release()
	for !a.offered {
		n, _, err := a.s.sender.conn.TryRead(in.buf[:])
		if err == io.EOF {
			err = handshake.ErrUnexpected
		}
		if err == nil {
			err = a.feed(in.buf[:n])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// feed passes p to the handshake, and keeps what follows the request.
func (a *serverHandshake) feed(p []byte) error {
	a.begun = true
	rest, done, err := a.hs.Feed(p)
	if a.offered = done; len(rest) > 0 {
		a.rest = append([]byte(nil), rest...)
	}
	return err
}

// internalError returns the error for a failure that is not the client's fault.
func internalError(err error) error {
	return &handshake.Error{Status: http.StatusInternalServerError, Reason: "internal error", Err: err}
}

// decide decides whether to accept a valid request, and with which subprotocol and
// extensions.
//
//go:noinline
func (a *serverHandshake) decide() error {
	s := a.s
	req := a.hs.Request()
	header := s.opts.Header
	if r := a.asked; r == nil {
		if err := a.consider(req); err != nil {
			return err
		}
	}
	if r := a.asked; r != nil {
		if err := a.decided(r); err != nil {
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

// consider checks the origin of the request, chooses a subprotocol, and asks the
// function that OnRequest has set, if there is one.
func (a *serverHandshake) consider(req *handshake.Request) error {
	s := a.s
	if err := a.admitForwarded(req); err != nil {
		return err
	}
	if !origin.Allowed(req, a.hs.Secure, s.opts.Origins) {
		return &handshake.Error{Status: http.StatusForbidden, Reason: "requests from this origin are not accepted"}
	}
	s.life.mu.Lock()
	a.accept.Protocol = a.chooseProtocol(req.Protocols)
	s.life.on(requestRead)
	s.life.mu.Unlock()
	if a.srv != nil && a.srv.onRequest != nil {
		return a.ask()
	}
	return nil
}

// ask calls the function that OnRequest has set. Until the request is accepted or
// rejected the handshake timeout does not run; it starts again afterwards.
func (a *serverHandshake) ask() error {
	s := a.s
	limit, conn := s.opts.handshakeTimeout, &s.sender.conn
	if !s.opts.deadlines.Clear(&a.deadline, conn, limit) {
		return os.ErrDeadlineExceeded
	}
	srv := a.srv
	r := &Request{Request: a.hs.Request(), socket: s, trusted: srv.TrustedProxies, decided: s.sender.wake}
	a.asked = r
	s.life.mu.Lock()
	s.opening.refuse, s.opening.keep = func() bool { return r.refuse(errGoingAway) }, true
	s.opening.cancel = func() { r.refuse(errGoingAway) }
	over := s.life.at() != stageAccepting
	s.life.mu.Unlock()
	if over || srv.sockets.isClosing() {
		r.refuse(errGoingAway)
	}
	r.startTimer(limit)
	s.do(requestTurn, func() { srv.requested(r) })
	return nil
}

// decided returns errUndecided if the request has not been accepted or rejected yet, and
// the response of a request that was rejected.
func (a *serverHandshake) decided(r *Request) error {
	answered, refused := r.answer()
	if !answered {
		return errUndecided
	}
	r.stopTimer()
	a.s.opts.deadlines.Set(&a.deadline, &a.s.sender.conn, a.s.opts.handshakeTimeout)
	if refused != nil {
		return refused
	}
	return nil
}

// answer sends the response that opens the connection. What the system does not take at
// once is sent before the first message.
func (a *serverHandshake) answer() error {
	b := buffers.Get(512)
	defer buffers.Put(b)
	out, err := a.hs.AppendAccept(b.B, a.accept)
	if err != nil {
		return internalError(err)
	}
	n, err := a.s.sender.conn.Write(out)
	if err == io.ErrShortWrite {
		a.unsent, err = slices.Clone(out[n:]), nil
	}
	if err == nil {
		a.s.opts.Hooks.answered(a.s, http.StatusSwitchingProtocols, out)
	}
	return err
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
func (a *serverHandshake) reject(err error) transport.Next {
	s := a.s
	conn := &s.sender.conn
	switch srv := a.srv; {
	case srv != nil && srv.http != nil && errors.Is(err, handshake.ErrNotUpgrade):
		given := &givenConn{PrefixConn: dial.PrefixConn{Conn: conn.Detach(), Prefix: a.hs.Buffered()}, told: s.told()}
		given.from.Store(s.takeAddress())
		a.endQuietly()
		srv.http.give(given)
		return transport.Gone
	case srv != nil && srv.FlashPolicy != nil && errors.Is(err, handshake.ErrFlashPolicyRequest):
		conn.GiveTime(&a.deadline)
		conn.Write(srv.FlashPolicy.AppendTo(nil))
		return conn.EndWith(&a.deadline, func() {
			a.endQuietly() // before the client can see the end and connect again
			conn.Close()
		})
	default:
		return a.refuse(err)
	}
}

// endQuietly ends the Socket without events. OnConnect has not been called for it.
func (a *serverHandshake) endQuietly() {
	s := a.s
	s.server.leave(s)
	s.withdraw()
}

// refuse answers a request that is not accepted, and finishes the Socket.
func (a *serverHandshake) refuse(err error) transport.Next {
	s := a.s
	conn := &s.sender.conn
	over := func() { s.failOpening(err) }
	conn.GiveTime(&a.deadline)
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		s.life.fails(err) // even if the Server closes before the client has the answer
		b := buffers.Get(512)
		out := a.hs.AppendReject(b.B, he)
		conn.Write(out)
		s.opts.Hooks.answered(s, he.Status, out)
		buffers.Put(b)
		return conn.Linger(&a.deadline, over)
	}
	answerPlain(err)
	return conn.EndWith(&a.deadline, over)
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
