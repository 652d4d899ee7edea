package airsocket

import (
	"errors"
	"log/slog"
	"net"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// outcome is how a connection ends, as far as it is known. It belongs to the
// turn.
type outcome struct {
	CloseEvent      // as it is going to be
	failed     bool // this endpoint has failed the connection
	told       bool // by an error event: there is one at most
	over       bool // nothing is left to read for
}

func (s *Socket) fate() *outcome {
	if s.outcome == nil {
		s.outcome = &outcome{CloseEvent: CloseEvent{target: target{s}, Code: StatusAbnormalClosure}}
	}
	return s.outcome
}

// over reports whether nothing is left to read for. It belongs to the turn.
func (s *Socket) over() bool { return s.outcome != nil && s.outcome.over }

// peerClosed is for a close frame (RFC 6455, section 7.1.4).
func (s *Socket) peerClosed(ev wire.Event) {
	o := s.fate()
	if !o.failed && !s.gaveUp() {
		o.Code, o.Reason, o.WasClean = ev.Code, string(ev.Data), true
	}
	s.closing()
}

// peerFailed is for a rule that the peer broke (RFC 6455, section 7.1.7). Once this
// end has given up, what the peer does changes nothing.
func (s *Socket) peerFailed(ev wire.Event) {
	if s.gaveUp() {
		return
	}
	o := s.fate()
	o.Code, o.failed = ev.Code, true
	if p, ok := errors.AsType[*wire.ProtocolError](ev.Err); ok {
		o.Reason = p.Reason
	}
	s.closing()
	s.emitError(ev.Err)
}

// fail is for what this endpoint cannot go on with. It is called in a turn, and
// reports false if there can be no error event for it any more.
func (s *Socket) fail(code StatusCode, reason string, err error) bool {
	if st := s.ReadyState(); st != StateOpen && st != StateClosing || s.cfg == nil {
		return false
	}
	o := s.fate()
	if o.failed || o.told {
		return false
	}
	o.Code, o.Reason, o.WasClean, o.failed = code, reason, false, true
	s.closing()
	s.reply(wire.Event{Kind: wire.Close, Code: code, Data: []byte(reason)})
	s.emitError(err)
	return true
}

func (s *Socket) closing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Store(uint32(StateClosing))
}

// ended is for the end of what the peer sends. What it is an error for, lastTurn
// says.
func (s *Socket) ended(ev wire.Event) {
	o := s.fate()
	o.over = true
	s.closing()
	expected := ev.Code != StatusAbnormalClosure
	switch {
	case expected && (o.failed || o.WasClean): // what there is to say is known
	case expected && !s.gaveUp():
		o.Code, o.WasClean = ev.Code, true
	default:
		s.setCause(ev.Err)
	}
}

// gaveUp reports whether this end has ended the connection rather than waited
// for the peer. In versions up to 8 that looks like the end that a peer of that
// time makes when it gets a close.
func (s *Socket) gaveUp() bool {
	_, dropped := s.cause().(*droppedError)
	return dropped || s.flags.has(aborted) && !s.flags.has(lost)
}

// emitError emits the one error event that a connection may have.
func (s *Socket) emitError(err error) {
	o := s.fate()
	if err == nil || o.told {
		return
	}
	if d, ok := err.(*droppedError); ok {
		o.Code, o.Reason, o.WasClean = d.code, d.reason, false
		return
	}
	o.told = true
	s.closing()
	if s.opts.Logger != nil {
		s.logError(err)
	}
	if hasHandler(s, s.on.err) {
		emit(s, s.on.err, s.newErrorEvent(err))
	}
}

// newErrorEvent has the answer of a server that has refused.
func (s *Socket) newErrorEvent(err error) *ErrorEvent {
	e := &ErrorEvent{target: target{s}, Err: err}
	if h, ok := errors.AsType[*handshake.Error](err); ok && s.role == wire.Client {
		e.Status, e.Header, e.Body = h.Status, dial.HTTPHeader(h.Header), h.Body
	}
	return e
}

//go:noinline
func (s *Socket) logError(err error) {
	s.opts.log.Warn("websocket error", slog.Any("err", err), slog.String("remote", remoteOf(s.Conn())))
}

// finish is the end of a connection. Only the reader calls it, or who would
// have become the reader.
func (s *Socket) finish() {
	conn, isSilent := s.disconnect()
	if s.server != nil {
		defer s.server.forget(s)
	}
	defer s.opts.dispatcher.release()
	s.lastTurn(conn, isSilent)
}

// disconnect closes the connection, and returns it.
func (s *Socket) disconnect() (conn net.Conn, isSilent bool) {
	s.mu.Lock()
	s.stopClock()
	s.flags.set(finished)
	isSilent = s.flags.has(silent)
	s.mu.Unlock()
	conn = s.sender.conn
	s.sender.end()
	if x := s.extra.Load(); x != nil {
		x.stream = nil
	}
	if s.cfg != nil {
		s.dec.Release()
	}
	return conn, isSilent
}

// lastTurn is the turn of the close event.
//
//go:noinline
func (s *Socket) lastTurn(conn net.Conn, isSilent bool) {
	log := s.opts.Logger
	defer s.leave(s.enter(), closeTurn, noFD)
	o := s.fate()
	err := s.withUnsent(s.cause())
	if errors.Is(err, ErrUnsent) {
		o.WasClean = false // the peer has not got all
	}
	if err != nil && !o.WasClean {
		s.emitError(err)
	}
	e := &o.CloseEvent
	again, wasOpen := s.planReconnect(e, err), s.cfg != nil
	s.state.Store(uint32(StateClosed)) // from now on another goroutine may start s again
	s.noteEnded(wasOpen, e, err)
	if log != nil {
		e.log(log, conn)
	}
	if !isSilent {
		// A handler may start s again too.
		s.emitClose(e)
	}
	if again != nil {
		s.reconnectAfter(e, again)
	}
}

//go:noinline
func (e *CloseEvent) log(log *slog.Logger, conn net.Conn) {
	log.Info("websocket closed", slog.Int("code", int(e.Code)), slog.String("reason", e.Reason), slog.Bool("clean", e.WasClean), slog.String("remote", remoteOf(conn)))
}

// setCause keeps the first reason why the connection ends from this side.
func (s *Socket) setCause(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setCauseLocked(err)
}

func (s *Socket) setCauseLocked(err error) {
	if err != nil && s.extras().why == nil {
		s.makeExtras().why = err
	}
}

func (s *Socket) cause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.extras().why
}

// abort ends the connection without another word. The reader finds out and
// reports err.
func (s *Socket) abort(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abortLocked(err)
}

func (s *Socket) abortLocked(err error) {
	s.setCauseLocked(err)
	if s.opening != nil && s.opening.cancel != nil {
		s.opening.cancel()
	}
	s.resumeLocked()
	s.flags.set(aborted)
	s.sender.abandon()
}

// remoteOf is the address of the peer, for the log.
func remoteOf(conn net.Conn) string {
	if conn == nil || conn.RemoteAddr() == nil {
		return ""
	}
	return conn.RemoteAddr().String()
}
