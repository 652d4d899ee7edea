package airsocket

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/internal/origin"
)

// IsWebSocket reports whether a request is an opening handshake of any version,
// which [Socket.Upgrade] can answer (Faye's isWebSocket).
func IsWebSocket(r *http.Request) bool { return handshake.IsUpgrade(r.Method, r.Header) }

// upgrade takes over the connection of r and starts the handshake.
func (s *Socket) upgrade(w http.ResponseWriter, r *http.Request) error {
	a := newServerHandshake(s, r.TLS != nil)
	done, err := a.hs.Offer(r.Method, r.RequestURI, r.Proto, r.Host, r.Header)
	if err == nil && done && !origin.Allowed(a.hs.Request(), a.hs.Secure, s.opts.Origins) {
		err = &handshake.Error{Status: http.StatusForbidden, Reason: "requests from this origin are not accepted"}
	}
	if err != nil {
		writeError(w, err)
		return err
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		writeError(w, internalError(err))
		return cannotHijack(w, err)
	}
	a.read, _ = rw.Reader.Peek(rw.Reader.Buffered())
	if c, ok := conn.(*dial.PrefixConn); ok && len(c.Prefix) == 0 {
		conn = c.Conn // whose descriptor can be used
	}
	conn.SetDeadline(time.Time{}) // removes the deadlines of net/http
	s.attach(conn)
	if s.server != nil {
		var ok bool
		if a.full, ok = s.server.remember(s); !ok {
			conn.Close()
			return errGoingAway
		}
	}
	if a.offered = done; done {
		a.rest = a.read
	}
	go a.serve()
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

// writeError answers a refused request through net/http.
func writeError(w http.ResponseWriter, err error) {
	status, reason := http.StatusBadRequest, err.Error()
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		status, reason = he.Status, he.Reason
		for _, f := range he.Header {
			w.Header().Add(f.Name, f.Value)
		}
	}
	if status == http.StatusUpgradeRequired { // RFC 9110, section 15.5.22
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	}
	http.Error(w, reason, status)
}
