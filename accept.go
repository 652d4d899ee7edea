package airsocket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

// serverHandshake is a server's part of an opening handshake, which goes on in stages
// that leave their results here. They follow each other rather than call each
// other, so that the stack keeps the 2 KiB that it begins with; see readable.
type serverHandshake struct {
	hs       handshake.Server
	read     []byte // received before, by net/http
	full     bool   // the Server has as many sockets as it may
	offered  bool   // hs has the request already, from net/http
	accept   handshake.Accept
	sessions []extensions.Session
	rest     []byte // received behind the handshake
	timeout  handshakeDeadline
	reading
	opening
}

// reading is a read of the request inside a call of RawConn.Read. It is kept with
// its function value, as is rawWrite.
type reading struct {
	fill func(fd uintptr) (done bool)
	n    int
	err  error
	buf  [requestSize]byte
}

// requestSize is what is read of a request at a time.
const requestSize = 1 << 10

// acceptances are used again, so that what lasts only for a handshake does not
// lie scattered between what lasts as long as a connection.
var acceptances = sync.Pool{New: func() any {
	a := new(serverHandshake)
	r := &a.reading
	r.fill = func(fd uintptr) bool {
		r.n, r.err = readFD(int(fd), r.buf[:])
		return r.err != errWouldBlock
	}
	return a
}}

func (st *settings) newAcceptance(secure bool) *serverHandshake {
	a := acceptances.Get().(*serverHandshake)
	a.hs.Versions, a.hs.MaxHead, a.hs.MaxLines, a.hs.Secure = st.versions, st.MaxHead, st.MaxHeadLines, secure
	return a
}

// recycle is for the end of an opening handshake.
func (a *serverHandshake) recycle() {
	if a.forgotten && !a.keep {
		*a = serverHandshake{reading: reading{fill: a.fill}}
		acceptances.Put(a)
	}
}

// serveClient is the goroutine of a server's Socket.
func (s *Socket) serveClient(a *serverHandshake) {
	if s.runHandshake(a) {
		s.serve()
	}
}

// runHandshake is the opening handshake and what comes with it. It reports whether
// this goroutine is to serve the connection: if the stack has grown meanwhile,
// as a handler may have made it, another does that.
//
//go:noinline
func (s *Socket) runHandshake(a *serverHandshake) (serve bool) {
	mark := stackMark()
	s.startTimeout(a)
	err := s.negotiate(a)
	if !s.inTime(a) && err == nil {
		err = os.ErrDeadlineExceeded
	}
	switch {
	case err != nil:
		s.reject(a, err)
	case s.established(a):
	case stackMark() == mark:
		return true
	default:
		go s.serve()
	}
	return false
}

// established is for a client whose request has been answered.
//
//go:noinline
func (s *Socket) established(a *serverHandshake) (over bool) {
	over = s.opened(agreement{version: a.hs.Request().Version, sessions: a.sessions}, a.rest)
	a.recycle()
	return over
}

// negotiate is the opening handshake.
//
//go:noinline
func (s *Socket) negotiate(a *serverHandshake) error {
	if err := s.readRequest(a); err != nil {
		return err
	}
	if a.full {
		return errFull
	}
	if err := s.decide(a); err != nil {
		return err
	}
	if s.server != nil && s.server.onConnect != nil {
		s.doOpening(connectTurn, func() { s.server.connected(s) })
		if err := s.cause(); err != nil {
			return internalError(err)
		}
	}
	return s.answer(a)
}

// reject is for a connection that will not be a WebSocket.
//
//go:noinline
func (s *Socket) reject(a *serverHandshake, err error) {
	s.sender.conn.SetDeadline(time.Now().Add(lingerTime))
	switch srv := s.server; {
	case srv != nil && srv.http != nil && errors.Is(err, handshake.ErrNotUpgrade):
		s.endQuietly()
		srv.http.give(s.sender.conn, a.hs.Buffered())
	case srv != nil && srv.FlashPolicy != nil && errors.Is(err, handshake.ErrFlashPolicyRequest):
		s.sender.conn.Write(srv.FlashPolicy.AppendTo(nil))
		s.endQuietly()
		s.sender.conn.Close()
	default:
		s.refuse(a, err)
	}
}

// endQuietly ends a Socket of a Server that OnConnect has not been told of.
func (s *Socket) endQuietly() {
	s.state.Store(uint32(StateClosed))
	s.server.forget(s)
	s.opts.dispatcher.release()
}

// errFull is what a Server with MaxConns sockets answers.
var errFull = &handshake.Error{Status: http.StatusServiceUnavailable, Reason: "too many connections"}

// startTimeout gives the handshake its time, and inTime reports whether it has
// been done within that, as far as is known: there are connections that have no
// deadlines.
func (s *Socket) startTimeout(a *serverHandshake) {
	switch after := s.opts.handshakeTimeout; {
	case after == 0:
	case s.sender.raw != nil && bubbleID() == 0:
		s.opts.timeouts.set(&a.timeout, s.sender.conn, after)
	default:
		s.sender.conn.SetDeadline(time.Now().Add(after))
	}
}

func (s *Socket) inTime(a *serverHandshake) bool {
	switch {
	case s.opts.handshakeTimeout == 0:
	case s.sender.raw != nil && bubbleID() == 0:
		return s.opts.timeouts.clear(&a.timeout)
	default:
		s.sender.conn.SetDeadline(time.Time{})
	}
	return true
}

// readRequest reads the client's request.
func (s *Socket) readRequest(a *serverHandshake) error {
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
		n, err := s.readTo(&a.reading)
		if n == 0 && (err == nil || err == io.EOF) {
			return handshake.ErrUnexpected
		}
		if n == 0 {
			return err
		}
		p = a.buf[:n]
	}
}

// readTo waits for something to read.
func (s *Socket) readTo(r *reading) (int, error) {
	if s.sender.raw == nil {
		return s.sender.conn.Read(r.buf[:])
	}
	if err := s.sender.raw.Read(r.fill); err != nil {
		return 0, err
	}
	return r.n, r.err
}

// internalError is for what is not the client's fault.
func internalError(err error) error {
	return &handshake.Error{Status: http.StatusInternalServerError, Reason: "internal error", Err: err}
}

// decide decides on a good request.
func (s *Socket) decide(a *serverHandshake) error {
	req := a.hs.Request()
	if !s.opts.originAllowed(req, a.hs.Secure) {
		return &handshake.Error{Status: http.StatusForbidden, Reason: "requests from this origin are not accepted"}
	}
	s.mu.Lock()
	if s.opening == nil {
		s.opening = &a.opening
	}
	s.opening.request = req
	a.accept.Protocol = s.chooseProtocol(req.Protocols)
	s.mu.Unlock()
	header := s.opts.Header
	if s.server != nil && s.server.onRequest != nil {
		r, err := s.ask(a)
		if err != nil {
			return err
		}
		a.accept.Protocol, header = r.protocol, joinHeaders(header, r.ResponseHeader)
	}
	a.accept.Header = wireHeader(header)
	a.accept.Extensions, a.sessions = extensions.Answer(s.opts.extensionsFor(req.Version), req.Extensions)
	s.mu.Lock()
	s.opening.asked = nil
	s.opening.protocol = a.accept.Protocol
	s.opening.extensions = string(handshake.AppendExtensions(nil, a.accept.Extensions))
	s.mu.Unlock()
	return nil
}

// answer sends the answer that opens the connection.
func (s *Socket) answer(a *serverHandshake) error {
	b := buffers.Get(512)
	defer buffers.Put(b)
	out, err := a.hs.AppendAccept(b.B, a.accept)
	if err != nil {
		return internalError(err)
	}
	n := 0
	if s.sender.raw != nil {
		n, err = writeNow(s.sender.raw, noFD, out, nil)
	}
	if err == nil && n < len(out) {
		_, err = s.sender.conn.Write(out[n:])
	}
	return err
}

// doOpening runs a handler in a turn before the connection is open. If that ends
// the goroutine, as a failing test does, the Socket ends with it.
func (s *Socket) doOpening(kind turnKind, fn func()) {
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
func (s *Socket) chooseProtocol(asked []string) string {
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

// refuse answers a request that is not accepted, and ends the Socket.
func (s *Socket) refuse(a *serverHandshake, err error) {
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		b := buffers.Get(512)
		s.sender.conn.Write(a.hs.AppendReject(b.B, he))
		buffers.Put(b)
		s.lingerClose()
	} else {
		answerPlain(err)
	}
	s.failOpening(err)
}

// lingerClose lets the peer read the answer before the connection is closed: a
// close with something left unread resets the connection, and the answer with
// it.
func (s *Socket) lingerClose() {
	if !closeWrite(s.sender.conn) {
		return
	}
	b := buffers.Get(4 << 10)
	defer buffers.Put(b)
	for total := 0; total < 256<<10; {
		n, err := s.sender.conn.Read(b.B[:cap(b.B)])
		total += n
		if err != nil {
			return
		}
	}
}

// lingerTime is how long a peer that has been refused has to read why.
const lingerTime = 5 * time.Second

func isTLS(conn net.Conn) bool {
	_, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok
}
