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

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
)

// serverHandshake is a server's part of an opening handshake, which goes on in stages
// that leave their results here. They follow each other rather than call each
// other, so that the stack keeps the 2 KiB that it begins with; see ARCHITECTURE.md.
type serverHandshake struct {
	s        *Socket
	hs       handshake.Server
	read     []byte // received before, by net/http
	full     bool   // the Server has as many sockets as it may
	offered  bool   // hs has the request already, from net/http
	accept   handshake.Accept
	sessions []extensions.Session
	rest     []byte // received behind the handshake
	deadline transport.Deadline
	opening
	buf [requestSize]byte
}

// requestSize is what is read of a request at a time.
const requestSize = 1 << 10

// serverHandshakes are used again, so that what lasts only for a handshake does not
// lie scattered between what lasts as long as a connection.
var serverHandshakes = sync.Pool{New: func() any { return new(serverHandshake) }}

func newServerHandshake(s *Socket, secure bool) *serverHandshake {
	a := serverHandshakes.Get().(*serverHandshake)
	a.s = s
	a.hs.Versions, a.hs.MaxHead, a.hs.MaxLines, a.hs.Secure = s.opts.versions, s.opts.MaxHead, s.opts.MaxHeadLines, secure
	return a
}

// recycle lets a be used again, if nobody refers to it.
func (a *serverHandshake) recycle() {
	if a.letGoOf && !a.keep {
		*a = serverHandshake{}
		serverHandshakes.Put(a)
	}
}

// serve does the handshake, and serves the connection that it leads to.
func (a *serverHandshake) serve() {
	s := a.s
	if a.run() {
		s.serve()
	}
}

// run does the handshake, and what it leads to. It reports whether this goroutine is to
// serve the connection: if the stack has grown meanwhile, as a handler may have made
// it, another does that.
//
//go:noinline
func (a *serverHandshake) run() (serve bool) {
	s := a.s
	mark := transport.StackMark()
	conn := s.sender.conn
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

// established opens the connection of a client whose request has been answered.
//
//go:noinline
func (a *serverHandshake) established() (over bool) {
	over = a.s.becomeOpen(agreement{version: a.hs.Request().Version, sessions: a.sessions}, a.rest)
	a.recycle()
	return over
}

// negotiate is the opening handshake.
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
	if s.server != nil && s.server.onConnect != nil {
		a.doOpening(connectTurn, func() { s.server.connected(s) })
		if err := s.life.failure(); err != nil {
			return internalError(err)
		}
	}
	return a.answer()
}

// errFull is what a Server with MaxConns sockets answers.
var errFull = &handshake.Error{Status: http.StatusServiceUnavailable, Reason: "too many connections"}

// readRequest reads the client's request.
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

// internalError is for what is not the client's fault.
func internalError(err error) error {
	return &handshake.Error{Status: http.StatusInternalServerError, Reason: "internal error", Err: err}
}

// decide decides on a good request.
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
	if s.server != nil && s.server.onRequest != nil {
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

// ask has the Server's handler decide on a request, and waits for the decision.
// Afterwards the time for the handshake starts again.
func (a *serverHandshake) ask() (*Request, error) {
	s := a.s
	limit, conn := s.opts.handshakeTimeout, s.sender.conn
	if !s.opts.deadlines.Clear(&a.deadline, conn, limit) {
		return nil, os.ErrDeadlineExceeded
	}
	defer s.opts.deadlines.Set(&a.deadline, conn, limit)
	srv := s.server
	r := &Request{Request: a.hs.Request(), socket: s, trusted: srv.TrustedProxies, answered: make(chan struct{})}
	s.life.mu.Lock()
	s.opening.refuse, s.opening.keep = func() bool { return r.refuse(errGoingAway) }, true
	s.opening.cancel = func() { r.refuse(errGoingAway) }
	over := s.life.at() != stageAccepting
	s.life.mu.Unlock()
	if over || srv.isClosing() {
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

// goingAway ends an opening handshake for a Server that is shutting down: it rejects
// a request that is not decided on yet, and closes the connection of one that has
// been accepted as soon as it is open.
func (s *Socket) goingAway() {
	s.life.mu.Lock()
	var refuse func() bool
	accepted := s.ReadyState() != StateConnecting // by now
	if o := s.opening; o != nil {
		refuse, accepted = o.refuse, accepted || o.request != nil
	}
	s.life.mu.Unlock()
	switch {
	case refuse != nil && refuse():
	case accepted:
		s.Close(StatusGoingAway, "")
	default:
		s.abort(ErrServerClosed)
	}
}

// answer sends the answer that opens the connection.
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

// doOpening runs a handler in a turn before the connection is open. If that ends
// the goroutine, as a failing test does, the Socket ends with it.
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

// chooseProtocol is the one that SetProtocol has set, if the client asked for
// it, or the first of the client's that is among Options.Protocols.
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

// reject is for a connection that will not be a WebSocket.
//
//go:noinline
func (a *serverHandshake) reject(err error) {
	s := a.s
	s.sender.conn.GiveTime()
	switch srv := s.server; {
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

// endQuietly ends a Socket of a Server that OnConnect has not been told of.
func (a *serverHandshake) endQuietly() {
	s := a.s
	s.server.forget(s)
	s.withdraw()
}

// refuse answers a request that is not accepted, and ends the Socket.
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

// errPlain is the response to a request without TLS on a connection that requires
// it, as in net/http.
var errPlain = &handshake.Error{Status: http.StatusBadRequest, Reason: "this port speaks TLS: use wss instead of ws, or https instead of http"}

// answerPlain answers a client that has made a request without TLS, if that is what
// err says. The rest of a short request has been read together with its beginning:
// what is left unread of a longer one may reset the connection, and the answer with
// it.
//
//go:noinline
func answerPlain(err error) {
	plain, ok := errors.AsType[tls.RecordHeaderError](err)
	if ok && plain.Conn != nil && bytes.Equal(plain.RecordHeader[:], []byte("GET /")) {
		var hs handshake.Server
		plain.Conn.Write(hs.AppendReject(nil, errPlain))
	}
}
