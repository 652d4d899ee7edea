package airsocket

import (
	"errors"
	"os"
	"strings"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// becomeOpen makes the socket open, emits the open event and delivers the events in
// rest, which was received together with the handshake. It reports whether the
// connection has already ended.
func (s *Socket) becomeOpen(a agreement, rest []byte) (over bool) {
	isOpen := s.becomeOpenTurn(&a)
	switch {
	case isOpen && len(rest) > 0:
		s.receive(rest)
	case isOpen && s.opts.notesReads:
		s.noteDelivered(wire.None)
	}
	return !isOpen
}

// receive delivers the events in rest. What is left when the socket is paused is
// delivered by Readable.
func (s *Socket) receive(rest []byte) {
	in := readInputs.Get().(*readInput)
	in.message.kind = wire.None
	s.reader.feed(append(in.buf[:0], rest...), false)
	s.chargeBytes(len(rest))
	held := s.deliver(in, false)
	if s.opts.notesReads {
		s.noteDelivered(in.message.kind)
	}
	if held {
		s.reader.keep(in)
	} else {
		in.release()
	}
	s.noteReceived()
}

// becomeOpenTurn runs the turn of the open event. It reports false if the connection
// was ended at the last moment, in which case it has never been open.
func (s *Socket) becomeOpenTurn(a *agreement) bool {
	defer s.leave(s.enter(), openTurn, false)
	early, ok := s.becomeOpenState(a)
	if !ok {
		return false
	}
	if s.opts.Logger != nil {
		s.logOpen()
	}
	s.opts.Hooks.opened(s)
	for _, ev := range early.events {
		s.opts.Hooks.sent(s, ev.Kind, len(ev.Data))
	}
	if hasHandler(s, s.handlers.open) {
		emit(s, s.handlers.open, &OpenEvent{target{s}})
	}
	s.forgetOpening()
	if early.close != nil {
		early.close()
	}
	return true
}

// becomeOpenState changes the state, and sends what was queued before. It returns what
// it has sent, and the Close that follows, if any.
//
//go:noinline
func (s *Socket) becomeOpenState(a *agreement) (early earlyQueue, ok bool) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	exts, stream := a.split()
	if s.life.cause() != nil || !s.life.allows(opened) {
		if stream != nil {
			stream.Close()
		}
		return early, false
	}
	cfg := s.opts.config(s.life.role, a.version, exts)
	s.reader.begin(cfg, stream)
	s.ahead, s.slotless = decodesAhead(cfg, stream), decodesItself(s.opts.extensionsFor(a.version), a.chosen)
	o := s.opening
	if a.answer != nil {
		o.protocol, o.response = strings.Clone(a.answer.Protocol), packed(a.answer.Header)
		o.extensions = string(handshake.AppendExtensions(nil, a.answer.Extensions))
	}
	early, o.early = o.early, earlyQueue{}
	var failed error
	early.events, failed = s.sender.begin(cfg, stream, a.unsent, early.events)
	if o.retries != nil {
		o.retries.begun()
	}
	if s.opts.pingInterval > 0 && cfg.Version.Can(wire.Ping) {
		s.reader.delivers() // nothing is read before the open event
		s.withClock().startPinging(s.opts.pingInterval)
	}
	if s.opts.idleTimeout > 0 {
		s.withClock().startIdle(s.opts.idleTimeout)
	}
	s.life.on(opened) // now, because others send without the lock from then on
	s.writeFailedLocked(failed)
	return early, true
}

// forgetOpening releases what is no longer needed after the open event.
func (s *Socket) forgetOpening() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	o := s.opening
	if !o.keep {
		o.request, o.web = nil, nil
	}
	switch {
	case s.life.role == wire.Client:
		o.unopened = nil
	case o.protocol == "" && o.extensions == "" && o.request == nil:
		s.opening, o.letGoOf = nil, true
	default:
		// Keep it without the rest of the serverHandshake.
		s.opening, o.letGoOf = &opening{negotiated: o.negotiated}, true
	}
}

// failOpening finishes a Socket whose connection could not be opened.
func (s *Socket) failOpening(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrHandshakeTimeout
	}
	s.life.fails(err)
	s.finish()
}
