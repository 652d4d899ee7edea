package airsocket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

// acceptance is a server's part of an opening handshake. It runs in a goroutine
// of its own, so that the one that stays has a stack that has never grown.
type acceptance struct {
	hs   handshake.Server
	rest []byte // received behind the handshake
	read []byte // received before it, by net/http
	full bool   // the Server has as many sockets as it may
	opening
}

// acceptances are used again, so that what lasts only for a handshake does not
// lie scattered between what lasts as long as a connection.
var acceptances = sync.Pool{New: func() any { return new(acceptance) }}

// recycle is for the end of an opening handshake.
func (a *acceptance) recycle() {
	if a.forgotten && !a.keep {
		*a = acceptance{}
		acceptances.Put(a)
	}
}

// accept takes the server's part on s.conn. full is whether the Server has as
// many sockets as it may.
func (s *Socket) accept(full bool) {
	a := acceptances.Get().(*acceptance)
	defer a.recycle()
	a.full = full
	in := inputs.Get().(*input)
	defer inputs.Put(in)
	s.setHandshakeDeadline()
	err := s.readRequest(a, in.buf[:])
	if s.server != nil && s.server.http != nil && errors.Is(err, handshake.ErrNotUpgrade) {
		s.giveToHTTP(a)
		return
	}
	if s.server != nil && s.server.Policy != nil && errors.Is(err, handshake.ErrPolicyRequest) {
		s.conn.Write(s.server.Policy.AppendTo(nil))
		s.endQuietly()
		s.conn.Close()
		return
	}
	if err == nil && a.full {
		err = errFull
	}
	if err == nil {
		err = s.answer(a)
	}
	if err != nil {
		s.refuse(a, err)
	}
}

// giveToHTTP ends a Socket whose client wants something else, without a word.
func (s *Socket) giveToHTTP(a *acceptance) {
	s.endQuietly()
	s.server.http.give(s.conn, a.hs.Buffered())
}

// endQuietly ends a Socket of a Server that OnConnect has not been told of.
func (s *Socket) endQuietly() {
	s.state.Store(uint32(Closed))
	s.server.forget(s)
	s.disp.release()
}

// errFull is what a Server with MaxConns sockets answers.
var errFull = &handshake.Error{Status: http.StatusServiceUnavailable, Reason: "too many connections"}

func (s *Socket) setHandshakeDeadline() {
	if t := s.set.handshakeTimeout; t > 0 {
		s.conn.SetDeadline(time.Now().Add(t))
	}
}

func (st *settings) newServer(secure bool) handshake.Server {
	return handshake.Server{Versions: st.Versions, MaxHead: st.MaxHead, MaxLines: st.MaxHeadLines, Secure: secure}
}

// readRequest reads the client's request.
func (s *Socket) readRequest(a *acceptance, buf []byte) error {
	if a.read == nil {
		a.hs = s.set.newServer(isTLS(s.conn))
	}
	p := a.read
	for {
		if len(p) > 0 {
			rest, done, err := a.hs.Feed(p)
			if err != nil || done {
				a.rest = rest
				return err
			}
		}
		n, err := s.conn.Read(buf)
		if n == 0 && err == io.EOF {
			return handshake.ErrUnexpected
		}
		if n == 0 && err != nil {
			return err
		}
		p = buf[:n]
	}
}

// answer decides on a good request and answers it.
func (s *Socket) answer(a *acceptance) error {
	req := a.hs.Request()
	if !s.set.originAllowed(req) {
		return &handshake.Error{Status: http.StatusForbidden, Reason: "requests from this origin are not accepted"}
	}
	s.out.Lock()
	if s.opening == nil {
		s.opening = &a.opening
	}
	s.opening.request = req
	protocol, header := s.chooseProtocol(req.Protocols), s.set.Header
	s.out.Unlock()
	if s.server != nil && s.server.onRequest != nil {
		r, err := s.ask(req)
		if err != nil {
			return err
		}
		protocol, header = r.protocol, joinHeaders(header, r.ResponseHeader)
	}

	acc := handshake.Accept{Protocol: protocol, Header: wireHeader(header)}
	var sessions []extensions.Session
	acc.Extensions, sessions = extensions.Answer(s.set.extensionsFor(req.Version), req.Extensions)
	s.out.Lock()
	s.opening.asked = nil
	s.opening.protocol = protocol
	s.opening.extensions = string(handshake.AppendExtensions(nil, acc.Extensions))
	s.out.Unlock()
	if s.server != nil && s.server.onConnect != nil {
		s.doOpening(func() { s.server.connected(s) })
		if err := s.cause(); err != nil {
			return &handshake.Error{Status: http.StatusInternalServerError, Reason: "internal error", Err: err}
		}
	}
	b := buffers.Get(512)
	defer buffers.Put(b)
	out, err := a.hs.AppendAccept(b.B, acc)
	if err != nil {
		return &handshake.Error{Status: http.StatusInternalServerError, Reason: "internal error", Err: err}
	}
	if _, err = s.conn.Write(out); err != nil {
		return err
	}
	s.opened(req.Version, sessions, a.rest)
	return nil
}

// doOpening runs a handler in a turn before the connection is open. If that ends
// the goroutine, as a failing test does, the Socket ends with it.
func (s *Socket) doOpening(fn func()) {
	returned := false
	defer func() {
		if !returned {
			s.finish()
		}
	}()
	s.disp.do(fn)
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
		if slices.Contains(s.set.Protocols, p) {
			return p
		}
	}
	return ""
}

// refuse answers a request that is not accepted, and ends the Socket.
func (s *Socket) refuse(a *acceptance, err error) {
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		b := buffers.Get(512)
		s.conn.Write(a.hs.AppendReject(b.B, he))
		buffers.Put(b)
		s.lingerClose()
	}
	s.failOpening(err)
}

// lingerClose lets the peer read the answer before the connection is closed: a
// close with something left unread resets the connection, and the answer with
// it.
func (s *Socket) lingerClose() {
	c, ok := s.conn.(interface{ CloseWrite() error })
	if !ok || c.CloseWrite() != nil {
		return
	}
	s.conn.SetReadDeadline(time.Now().Add(lingerTime))
	b := buffers.Get(4 << 10)
	defer buffers.Put(b)
	for total := 0; total < 256<<10; {
		n, err := s.conn.Read(b.B[:cap(b.B)])
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
