package airsocket

import (
	"errors"
	"net"
	"unicode/utf8"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// Close starts the closing handshake: messages sent before go out first, then the
// close frame, and the close event comes when the peer has answered or
// Options.CloseTimeout has passed. Messages that arrive in between are dropped, as
// in the browser. A code of 0 sends a close frame without code and reason. While
// the socket is connecting Close ends the attempt: error and close events follow; a
// server that has the request, as in OnConnect, opens the connection first. Close on
// a socket that is closing or closed does nothing, except that Options.Reconnect will
// not connect it again.
//
// Close returns [ErrCode] or [ErrReason] if the arguments may not be sent, and
// [ErrInvalidState] if the socket has not been started.
func (s *Socket) Close(code StatusCode, reason string) error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if err := s.checkCloseLocked("Close", code, reason, s.life.role); err != nil {
		return err
	}
	switch s.life.at() {
	case stageConnecting:
		s.abortLocked(ErrAborted)
	case stageAccepting:
		s.opening.early.close = func() { s.Close(code, reason) } // what was sent before goes out first
	case stageOpen, stageUnwritable:
		s.life.on(closeCalled)
		if s.opts.SilentClose {
			s.life.theEnd().silent = true
		}
		s.reader.resume() // or the answer would not be read
		s.sendCloseLocked(closeFrame(code, reason), false)
	}
	return nil
}

// closeFrame returns the close frame of Close and Drop.
func closeFrame(code StatusCode, reason string) wire.Event {
	if code == 0 {
		code = StatusNoStatusReceived
	}
	return wire.Event{Kind: wire.Close, Code: code, Data: []byte(reason)}
}

// sendCloseLocked sends the close frame and gives the peer its time to answer.
func (s *Socket) sendCloseLocked(ev wire.Event, fin bool) {
	s.startClosing(s.opts.closeTimeout)
	s.writeFailedLocked(s.sender.sendClose(ev, fin))
}

// Drop ends the connection without waiting for the peer. Messages sent before go
// out as far as the system takes them at once, and then a close frame with code and
// reason (WebSocket-Node's drop). The close event has the same code and reason, and
// is not clean. Drop returns the same errors as Close, but allows clients the codes
// that servers may send.
func (s *Socket) Drop(code StatusCode, reason string) error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if err := s.checkCloseLocked("Drop", code, reason, wire.Server); err != nil {
		return err
	}
	frame := closeFrame(code, reason)
	if !s.life.drop(frame.Code, reason, ErrAborted) {
		return nil
	}
	s.sender.sendClose(frame, false)
	s.sender.flushNow()
	s.cutLocked()
	return nil
}

// checkCloseLocked checks the arguments of Close and Drop, and prevents that the socket
// connects again. Clients have only the codes that the browser has.
func (s *Socket) checkCloseLocked(call string, code StatusCode, reason string, role wire.Role) error {
	isNew := s.life.at() == stageNew
	switch {
	case code == 0 && reason != "", code != 0 && !code.Sendable(),
		!isNew && role == wire.Client && code != 0 && code != StatusNormalClosure && code < 3000:
		return ErrCode
	case len(reason) > maxReason || !utf8.ValidString(reason):
		return ErrReason
	case isNew:
		return notStarted(call)
	}
	if s.opening != nil {
		s.opening.retries.stop()
	}
	return nil
}

// fail ends the connection because of ev: a rule is broken, or a handler has panicked. It
// is called in a turn. It reports false if the connection ends for another reason
// already.
func (s *Socket) fail(ev lifeEvent, code StatusCode, reason string, err error) bool {
	s.life.mu.Lock()
	failed := s.life.ends(ev, code, reason)
	if failed {
		s.sendCloseLocked(wire.Event{Kind: wire.Close, Code: code, Data: []byte(reason)}, true)
	}
	s.life.mu.Unlock()
	if failed {
		s.emitError(err)
	}
	return failed
}

// abort ends the connection without another word, for the reason err.
func (s *Socket) abort(err error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.abortLocked(err)
}

func (s *Socket) abortLocked(err error) {
	s.life.because(err)
	s.life.on(aborted)
	s.cutLocked()
}

// cutLocked closes the connection, or ends the attempt to open it. Who serves the
// connection finds out.
func (s *Socket) cutLocked() {
	if s.opening != nil && s.opening.cancel != nil {
		s.opening.cancel()
	}
	s.reader.stop()
	s.sender.abandon()
}

// writeFailed ends the connection for what the sender has found out, unless there
// is another connection by now.
func (s *Socket) writeFailed(number uint16, err error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.sender.number == number { // which changes under both locks
		s.writeFailedLocked(err)
	}
}

func (s *Socket) writeFailedLocked(err error) {
	if err == nil {
		return
	}
	s.life.because(err)
	s.life.on(writeFailed)
	s.cutLocked()
}

// emitError emits the one error event that a connection may have.
func (s *Socket) emitError(err error) {
	s.life.mu.Lock()
	tells := s.life.tells(err)
	s.life.mu.Unlock()
	if !tells {
		return
	}
	if s.opts.Logger != nil {
		s.logError(err)
	}
	if hasHandler(s, s.handlers.err) {
		emit(s, s.handlers.err, s.newErrorEvent(err))
	}
}

// newErrorEvent returns the event for err. It has the response of a server that has
// refused.
func (s *Socket) newErrorEvent(err error) *ErrorEvent {
	e := &ErrorEvent{target: target{s}, Err: err}
	if h, ok := errors.AsType[*handshake.Error](err); ok && s.life.role == wire.Client {
		e.Status, e.Header, e.Body = h.Status, dial.HTTPHeader(h.Header), h.Body
	}
	return e
}

// finish is the end of a connection. Only who serves it calls it, or who would have
// served it.
func (s *Socket) finish() {
	conn := s.disconnect()
	if s.server != nil {
		defer s.server.forget(s)
	}
	defer s.opts.dispatcher.release()
	s.lastTurn(conn)
}

// disconnect closes the connection, and returns it.
func (s *Socket) disconnect() net.Conn {
	s.life.mu.Lock()
	s.stopClock()
	s.life.mu.Unlock()
	conn := s.sender.conn
	s.sender.end()
	if s.sender.config() != nil {
		s.reader.end()
	}
	if conn == nil {
		return nil
	}
	return conn.NetConn()
}

// lastTurn is the turn of the close event.
//
//go:noinline
func (s *Socket) lastTurn(conn net.Conn) {
	log := s.opts.Logger
	defer s.leave(s.enter(), closeTurn, false)
	s.life.mu.Lock()
	s.life.on(disconnected) // not before: the state stays as it is while another handler runs
	s.stopClock()
	s.life.mu.Unlock()
	wasOpen := s.sender.config() != nil
	clean, cause := s.howItEnded()
	if !clean {
		s.emitError(cause)
	}
	e, isSilent := s.closeEvent(clean)
	s.life.mu.Lock()
	before := s.opening
	again := before != nil && before.retries.plan(s.opts.Reconnect, e, wasOpen, cause)
	s.life.on(finished) // from now on another goroutine may start s again
	s.life.mu.Unlock()
	s.opts.Hooks.ended(s, wasOpen, e, cause)
	if log != nil {
		e.log(log, conn)
	}
	if !isSilent {
		s.emitClose(e) // a handler may start s again too
	}
	if again {
		s.reconnectAfter(e, before)
	}
}

// howItEnded reports whether the connection was closed cleanly, and the cause of its end
// with how much of what was accepted has not been sent.
func (s *Socket) howItEnded() (clean bool, cause error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	end := s.life.theEnd()
	n, closeFrame, failure := s.sender.unsent()
	if closeFrame && end.stream {
		end.code = StatusAbnormalClosure // it has not answered us
	}
	if cause = end.cause; n > 0 && !end.dropped {
		if cause == nil {
			cause = failure
		}
		cause = &unsentError{n, cause}
	}
	return end.clean && n == 0 && !closeFrame, cause
}

// closeEvent returns the close event, and whether Options.SilentClose omits it.
func (s *Socket) closeEvent(clean bool) (e *CloseEvent, isSilent bool) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	end := s.life.theEnd()
	return &CloseEvent{target: target{s}, Code: end.code, Reason: end.reason, WasClean: clean}, end.silent
}

// emitClose is emit for the close event. The socket may have another connection by the
// time that a handler panics, which has nothing to do with that.
func (s *Socket) emitClose(e *CloseEvent) {
	if s.opts.Recover {
		defer func() {
			if v := recover(); v != nil {
				s.logError(newPanicError(v))
			}
		}()
	}
	call(s, s.handlers.close, e)
}

// recoverHandler is deferred around handlers where Options.Recover is set. What no event
// can tell of any more is told to the Logger.
func (s *Socket) recoverHandler() {
	v := recover()
	if v == nil {
		return
	}
	err := newPanicError(v)
	switch {
	case s.ReadyState() == StateConnecting:
		s.life.fails(err) // the request is refused with 500
	case s.sender.config() == nil, !s.fail(handlerPanicked, StatusInternalError, "internal error", err):
		s.logError(err)
	}
}
