package airsocket

import (
	"errors"
	"net"
	"unicode/utf8"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// Close starts the closing handshake. Messages that were sent before go out first, then
// the close frame. The close event follows when the peer has answered and the
// connection has ended, or when Options.CloseTimeout has passed. Messages that arrive
// in between are dropped, as in the browser. If code is 0 the close frame has neither
// code nor reason.
//
// If the socket is connecting, Close ends the attempt, and error and close events
// follow. On a server that has already received the request, as in the function set by
// OnConnect, the connection is first opened and then closed. If the socket is closing
// or closed, Close does nothing except that Options.Reconnect will not connect it
// again.
//
// Close returns [ErrCode] or [ErrReason] if code or reason may not be sent, and
// [ErrInvalidState] if the socket has not been started.
func (s *Socket) Close(code StatusCode, reason string) error {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if code == 0 && s.life.at() != stageNew && !s.opts.Rules.allowsNoCode(s.life.role) {
		return ErrCode
	}
	return s.closeLocked(code, reason)
}

// closeLocked is Close for all codes that can be sent, and 0 for none.
func (s *Socket) closeLocked(code StatusCode, reason string) error {
	if err := s.checkCloseLocked("Close", code, reason, s.life.role); err != nil {
		return err
	}
	switch s.life.at() {
	case stageConnecting:
		s.abortLocked(ErrAborted)
	case stageAccepting:
		// What was sent before goes out first.
		if s.opening.early.close == nil {
			s.opening.early.close = func() { s.Close(code, reason) }
		}
	case stageOpen, stageUnwritable:
		s.life.on(closeCalled)
		if s.opts.SilentClose {
			s.life.theEnd().silent = true
		}
		s.resumeLocked() // otherwise the answer would not be read
		s.sendCloseLocked(closeFrame(code, reason), false)
	}
	return nil
}

// closeFrame returns the close frame for the arguments of Close or Drop.
func closeFrame(code StatusCode, reason string) wire.Event {
	if code == 0 {
		code = StatusNoStatusReceived
	}
	return wire.Event{Kind: wire.Close, Code: code, Data: []byte(reason)}
}

// sendCloseLocked sends the close frame ev and starts the time that the peer has to
// answer. If fin is true the sending direction is ended after the frame.
func (s *Socket) sendCloseLocked(ev wire.Event, fin bool) {
	s.withClock().startClosing(s.opts.closeTimeout)
	s.writeFailedLocked(s.sender.sendClose(ev, fin))
}

// Drop ends the connection without waiting for the peer (WebSocket-Node's drop).
// Messages that were sent before go out as far as the system takes them at once,
// followed by a close frame with code and reason. Options.Reconnect will not connect
// the socket again.
//
// The close event has the same code and reason and is not clean, and no error event
// comes before it. But if the peer's close frame or a broken rule came first, the code
// and the reason are those of that close frame or rule. If a failed write, a timeout or
// Server.Close has ended the connection before, or if the socket is still connecting,
// an error event and a close event with code 1006 follow. If the socket is closed, Drop
// does nothing.
//
// Drop returns the same errors as Close, but allows clients the codes that servers may
// send.
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

// checkCloseLocked checks the arguments of Close and Drop, and prevents the socket from
// connecting again. If role is Client only the codes that the browser allows are
// accepted.
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

// fail ends the connection because of ev: a rule was broken, or a handler panicked. It must
// be called in a turn. It reports false if the connection is already ending for another
// reason.
func (s *Socket) fail(ev lifeEvent, code StatusCode, reason string, err error) bool {
	s.life.mu.Lock()
	failed := s.failLocked(ev, code, reason)
	waits := s.opts.Rules.waitsAfterFailure()
	if failed && !waits {
		s.life.because(err)
		s.cutSentLocked()
	}
	s.life.mu.Unlock()
	if failed {
		s.endContext(err)
	}
	if failed && waits {
		s.emitError(err)
	}
	return failed
}

// failLocked makes the transition for ev, and sends a close frame.
func (s *Socket) failLocked(ev lifeEvent, code StatusCode, reason string) bool {
	reported, why := s.opts.Rules.failure(code, reason)
	if !s.life.ends(ev, reported, why) {
		return false
	}
	s.sendCloseLocked(closeFrame(code, reason), true)
	return true
}

// cutSentLocked closes the connection once what was sent is written as far as the system
// takes it at once.
func (s *Socket) cutSentLocked() {
	s.writeFailedLocked(s.sender.flushNow())
	s.cutLocked()
}

// abort ends the connection without a close frame. err is the cause.
func (s *Socket) abort(err error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	s.abortLocked(err)
}

func (s *Socket) abortLocked(err error) {
	s.life.because(err)
	if s.life.on(aborted) {
		s.life.theEnd().failed = err != ErrCloseTimeout
	}
	s.cutLocked()
}

// cutLocked closes the connection, or ends the attempt to open it. The goroutine that
// serves the connection, or opens it, then finishes the Socket.
func (s *Socket) cutLocked() {
	if o := s.opening; o != nil && o.unopened != nil && o.cancel != nil {
		o.cancel()
	}
	s.reader.stop()
	s.sender.abandon()
}

// writeFailed ends the connection because writing has failed with err. It does nothing
// if the socket has another connection by now.
func (s *Socket) writeFailed(number uint16, err error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.sender.number == number { // number changes only while both locks are held
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

// emitError emits an error event for err, unless err is nil or the connection has
// already had one.
func (s *Socket) emitError(err error) {
	s.life.mu.Lock()
	tells := s.life.tells(err)
	s.life.mu.Unlock()
	if tells {
		s.logCause(err)
		if hasHandler(s, s.handlers.err) {
			emit(s, s.handlers.err, s.newErrorEvent(err))
		}
	}
}

// logCause logs err, unless it is a refusal that is only counted.
func (s *Socket) logCause(err error) {
	if s.opts.Logger != nil && (s.server == nil || !s.server.logRefusal(s.opts.log, err, s.RemoteAddr())) {
		s.logError(err)
	}
}

// newErrorEvent returns the event for err. If the server has refused the handshake, the
// event contains its response.
func (s *Socket) newErrorEvent(err error) *ErrorEvent {
	e := &ErrorEvent{target: target{s}, Err: err}
	if h, ok := errors.AsType[*handshake.Error](err); ok && s.life.role == wire.Client {
		e.Status, e.Header, e.Body = h.Status, dial.HTTPHeader(h.Header), h.Body
	}
	return e
}

// withClock returns s.clock, which it creates if it is nil.
func (s *Socket) withClock() *clock {
	if c := s.clock.Load(); c != nil {
		return c
	}
	s.clock.CompareAndSwap(nil, &clock{socket: s})
	return s.clock.Load()
}

// tick does what is due. by is nil outside of bubbles.
func (s *Socket) tick(c *clock, by *bubbleTimer) {
	switch s.whatIsDue(c, by) {
	case pingDue:
		if s.sender.sendPing() == nil && s.opts.Hooks != nil {
			go s.opts.Hooks.sent(s, wire.Ping, 0) // which may take its time
		}
	case idleDue, messageDue, writeDue, pongDue, closeDue:
		s.endContext(nil) // now, because a handler may be waiting for it
	}
}

// whatIsDue ends the connection if its time has run out, and returns what is due.
func (s *Socket) whatIsDue(c *clock, by *bubbleTimer) dueAct {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if c != s.clock.Load() {
		s.goOnLocked(c, by)
		return nothingDue // or there is another connection by now
	}
	if c.looksAtWriting(by) {
		if unsent, known, writing := s.sender.progress(); writing && c.isStuck(s.opts.writeTimeout, unsent, known) {
			s.abortLocked(ErrWriteTimeout)
			return writeDue
		}
	}
	what := c.due(by, s.reader.isReading(), s.opts)
	switch what {
	case idleDue:
		s.timeOutLocked(StatusGoingAway, "nothing was received for too long", ErrIdleTimeout)
	case messageDue:
		s.timeOutLocked(StatusPolicyViolation, "a message took too long", ErrMessageTimeout)
	case closeDue:
		s.abortLocked(ErrCloseTimeout)
	case pongDue:
		s.abortLocked(ErrPongTimeout)
	}
	return what
}

// timeOutLocked fails the connection because the peer is too slow, but is able to learn of
// it. There is no turn, so the error event comes with the close event.
func (s *Socket) timeOutLocked(code StatusCode, reason string, err error) {
	if !s.failLocked(ruleBroken, code, reason) {
		return
	}
	s.life.because(err)
	if s.opts.Rules.waitsAfterFailure() {
		s.writeFailedLocked(s.sender.flushNow()) // a turn, of whatever socket, may last
	} else {
		s.cutSentLocked()
	}
}

// finish ends a connection and emits the close event. Only the goroutine that serves
// the connection, or would have served it, calls it.
func (s *Socket) finish() {
	conn := s.disconnect()
	s.endContext(nil)
	if s.server != nil {
		defer s.server.leave(s)
	}
	defer s.leaveAddress()
	defer s.opts.dispatcher.release()
	s.lastTurn(conn)
}

// stopClockLocked clears all times.
func (s *Socket) stopClockLocked() {
	if c := s.clock.Load(); c != nil {
		c.stop()
	}
}

// disconnect closes the connection. It returns the connection, or nil if there was
// none.
func (s *Socket) disconnect() net.Conn {
	s.life.mu.Lock()
	s.stopClockLocked()
	s.endPaceLocked()
	s.life.mu.Unlock()
	conn := s.sender.connection()
	s.reader.dequeued()
	s.sender.end()
	if s.sender.config() != nil {
		s.reader.end()
	}
	s.endShare()
	return conn
}

// lastTurn runs the turn of the close event.
//
//go:noinline
func (s *Socket) lastTurn(conn net.Conn) {
	defer s.leave(s.enter(), closeTurn, false)
	s.life.mu.Lock()
	// In the turn, because the state must not change while another handler runs.
	s.life.on(disconnected)
	s.stopClockLocked()
	s.life.mu.Unlock()
	s.endContext(nil) // for who has asked for it since finish
	wasOpen := s.sender.config() != nil
	clean, cause := s.howItEnded()
	// Deferred, because the handler of the error event may end this goroutine.
	defer s.emitEnd(conn, wasOpen, clean, cause)
	if !clean && !s.opts.Rules.tellsClosed() {
		s.emitError(cause)
	}
}

// emitEnd emits the close event, and makes the socket ready for another connection. The
// caller has the turn.
//
//go:noinline
func (s *Socket) emitEnd(conn net.Conn, wasOpen, clean bool, cause error) {
	e, isSilent := s.closeEvent(clean)
	told := s.told()
	s.life.mu.Lock()
	untold := !clean && s.life.tells(cause) // only if it is told when the socket is closed
	tells := untold && s.opts.Rules.tells(s.life.end, wasOpen)
	before := s.opening
	again := before != nil && before.retries.plan(s.opts.Reconnect, e, wasOpen, cause)
	s.life.on(finished) // from now on another goroutine may start s again
	s.life.mu.Unlock()
	if untold {
		s.logCause(cause)
	}
	s.opts.Hooks.ended(s, wasOpen, e, cause)
	if s.opts.Logger != nil && (wasOpen || s.server == nil || limitOf(cause) < 0) {
		e.log(s.opts.log, told.remote(conn))
	}
	defer func() {
		if !isSilent {
			emitEnded(s, s.handlers.close, e) // a handler may start s again too
		}
		if again {
			before.retries.again(e, before)
		}
	}()
	if tells {
		emitEnded(s, s.handlers.err, s.newErrorEvent(cause))
	}
}

// howItEnded reports whether the connection was closed cleanly, and why it ended. If
// messages that Send accepted were not sent, cause says how many bytes.
func (s *Socket) howItEnded() (clean bool, cause error) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	end := s.life.theEnd()
	n, closeFrame, failure := s.sender.unsent()
	clean = end.clean && n == 0 && !closeFrame
	if end.stream && !clean {
		end.code = StatusAbnormalClosure // the peer cannot have answered
	}
	if cause = end.cause; n > 0 && !end.dropped {
		if cause == nil {
			cause = failure
		}
		cause = &unsentError{n, cause}
	}
	return clean, cause
}

// closeEvent returns the close event, and whether Options.SilentClose omits it.
func (s *Socket) closeEvent(clean bool) (e *CloseEvent, isSilent bool) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	end := s.life.theEnd()
	return &CloseEvent{target: target{s}, Code: end.code, Reason: end.reason, WasClean: clean}, end.silent
}

// emitEnded is emit for events of a socket that is closed. If a handler panics the socket may
// already have another connection, which must not fail for it, so the panic is only logged.
func emitEnded[E Event](s *Socket, on func(E), e E) {
	if s.opts.Recover {
		defer func() {
			if v := recover(); v != nil {
				s.logError(newPanicError(v))
			}
		}()
	}
	callHandlers(s, on, e)
}

// emit calls on, the handler that an On method has set, and the listeners for e. With
// Options.Recover a panic fails the connection.
func emit[E Event](s *Socket, on func(E), e E) {
	if s.opts.Recover {
		defer s.recoverHandler()
	}
	callHandlers(s, on, e)
}

// recoverHandler is deferred around handlers if Options.Recover is set. A panic that no
// event can report any more is only logged.
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
