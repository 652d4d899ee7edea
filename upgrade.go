package airsocket

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/origin"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// IsWebSocket reports whether a request is an opening handshake of any version,
// which [Socket.Upgrade] can answer (Faye's isWebSocket).
func IsWebSocket(r *http.Request) bool { return handshake.IsUpgrade(r.Method, r.Header) }

// Upgrade acts as the server on the connection of a request in any net/http server
// (Faye's WebSocket.new(env)). If the request is not a valid opening handshake, or is
// not from an accepted origin, it answers with the corresponding HTTP status and
// returns a [*handshake.Error]. The ResponseWriter may be wrapped if the wrapper has an
// Unwrap method, as http.ResponseController requires. Upgrade returns [ErrArgument] if
// w or r is nil, and [ErrInvalidState] if the socket has been started and is not
// closed.
//
// net/http runs its handlers concurrently, but the handlers of sockets run one at a
// time. A slow one holds up every Socket of its [Dispatcher], which by default is every
// Socket of the process: do long work in a goroutine that calls [Post] with the result,
// or set Options.Parallel.
func (s *Socket) Upgrade(w http.ResponseWriter, r *http.Request) error {
	return s.upgrade(nil, w, r)
}

// upgrade is Upgrade for srv, or for none if srv is nil.
func (s *Socket) upgrade(srv *Server, w http.ResponseWriter, r *http.Request) error {
	if w == nil || r == nil {
		return ErrArgument
	}
	if !s.start(wire.Server, s.preset()) {
		return startedAlready("Upgrade", s.ReadyState())
	}
	taken := false
	defer func() {
		if !taken { // also if w panics, which net/http catches
			s.withdraw()
		}
	}()
	err := s.takeOver(srv, w, r)
	if taken = err == nil; !taken {
		s.opts.Hooks.refused(s, err)
	}
	return err
}

// takeOver takes over the connection of r and starts the handshake.
func (s *Socket) takeOver(srv *Server, w http.ResponseWriter, r *http.Request) error {
	a := newArrival(s, srv, r.TLS != nil).handshake()
	a.hs.PassOn = nil
	header := r.Header
	if len(r.TransferEncoding) > 0 { // which net/http has taken out of Header
		header = header.Clone()
		header["Transfer-Encoding"] = r.TransferEncoding
	}
	done, err := a.hs.Offer(r.Method, r.RequestURI, r.Proto, r.Host, header)
	a.begun = true // hixie-76 is not done yet
	if values := valuesOf(r); values != nil {
		s.life.mu.Lock()
		s.makeExtra().context = &socketContext{values: values}
		s.life.mu.Unlock()
	}
	if a.web = r; err == nil && done {
		a.requested()
	}
	if err == nil && done && !origin.Allowed(a.hs.Request(), a.hs.Secure, s.opts.Origins) {
		err = &handshake.Error{Status: http.StatusForbidden, Reason: "requests from this origin are not accepted"}
	}
	if err != nil {
		s.writeError(w, r, err)
		return err
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.writeError(w, r, internalError(err))
		return cannotHijack(w, err)
	}
	a.read, _ = rw.Reader.Peek(rw.Reader.Buffered())
	if c, ok := conn.(*givenConn); ok {
		s.setTold(c.told)
		if !s.isCounted() || c.from.Load() == nil { // else c goes on counting for its own Server
			s.setAddress(c.from.Swap(nil))
			if len(c.Prefix) == 0 {
				conn = c.Conn // whose descriptor can be used
			}
		}
	}
	conn.SetDeadline(time.Time{}) // removes the deadlines of net/http
	s.attach(transport.Adopt(conn))
	if srv != nil {
		full, err := srv.sockets.add(s, srv.MaxConns)
		if err != nil {
			s.sender.conn.Close()
			return err
		}
		if full {
			a.refused = errFull
		}
	}
	if a.offered = done; done {
		a.rest = a.read
	}
	if srv == nil {
		a.start()
		return nil
	}
	waited := make(chan struct{})
	a.waited = waited
	a.start() // from here on a may serve another connection
	<-waited
	return nil
}

// cannotHijack returns the error for err, with which net/http has refused to hand over
// the connection. It names the ResponseWriter that prevents that, which usually belongs
// to a middleware.
func cannotHijack(w http.ResponseWriter, err error) error {
	reason := "the connection cannot be taken over from net/http"
	if errors.Is(err, http.ErrNotSupported) {
		reason += fmt.Sprintf(": %T has neither a Hijack method nor an Unwrap method that returns the ResponseWriter it wraps (see http.ResponseController)", innermost(w))
	}
	return &handshake.Error{Status: http.StatusInternalServerError, Reason: reason, Err: err}
}

// innermost returns the ResponseWriter that http.ResponseController finds by unwrapping
// w.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		outer, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = outer.Unwrap()
	}
}

// writeError answers the refused request r through net/http.
func (s *Socket) writeError(w http.ResponseWriter, r *http.Request, err error) {
	status, reason := http.StatusBadRequest, err.Error()
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		status, reason = he.Status, he.Reason
		for _, f := range he.Header {
			w.Header().Add(f.Name, f.Value)
		}
	}
	if r.ProtoMajor < 2 { // in HTTP/2 these fields make a response malformed (RFC 9113, section 8.2.2)
		// A careless proxy takes the connection for a tunnel once the client has asked for an
		// upgrade, whatever the answer is. Then the client could reach what the proxy hides.
		if len(r.Header["Upgrade"]) > 0 {
			w.Header().Set("Connection", "close")
		}
		if status == http.StatusUpgradeRequired { // RFC 9110, section 15.5.22
			w.Header().Set("Upgrade", "websocket")
			w.Header().Add("Connection", "Upgrade")
		}
	}
	http.Error(w, reason, status)
	s.opts.Hooks.answeredByHTTP(s, status, w.Header())
}
