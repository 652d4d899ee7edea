package airsocket

import (
	"cmp"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// connReader is a Socket in its role as the transport.Reader of its connection.
type connReader Socket

// longReading is the time after which others have their turn, so that a peer that never stops
// sending does not keep a worker. What a read brings costs from a few microseconds to a
// millisecond, so a number of reads would say little.
const longReading = 200 * time.Microsecond

// Readable reads until there is nothing left, or for longReading, and delivers the events.
func (c *connReader) Readable() transport.Next {
	s := (*Socket)(c)
	switch {
	case s.reader.ended:
		return s.passOn(s.holdUntilSent())
	case s.reader.isHeld():
		return s.passOn(transport.Hold)
	case s.disp.isCrowded() && s.waitInQueue():
		return transport.Hold
	}
	in, undelivered := s.reader.input()
	in.message.kind = wire.None // see noteDelivered
	in.since = never
	for reads := 1; undelivered || s.reader.read(&s.sender.conn, in); reads++ {
		undelivered = false
		if !in.drained && in.since == never {
			in.since = now() // and not if the first read is the last one, as it mostly is
		}
		if s.opts.notesReads {
			s.noteRead(in)
		}
		held := false
		if s.ahead { // as deliver does, with less stack
			held = s.deliverAhead(in, true)
		} else {
			held = s.deliverTurn(in, true)
		}
		if held {
			if s.opts.notesReads {
				s.noteDelivered(in.message.kind)
			}
			s.reader.keep(in)
			s.reader.again = false
			s.noteReceived()
			return transport.Hold
		}
		if s.undelivered || s.reader.dec.Collected() > 0 {
			s.noteReceived()
		}
		if in.drained {
			break
		}
		// A single read that has room left has most likely read all, and it may have been the
		// wait for the turn that took long.
		if (in.filled || reads > 1) && now().sub(in.since) > longReading {
			in.next = transport.Again
			break
		}
	}
	message, next, err := in.message.kind, in.next, in.err
	s.reader.again = next == transport.Again
	in.release()
	if next == transport.Over {
		next = s.readingEnds(err)
	} else if s.opts.notesReads {
		s.noteDelivered(message)
	}
	return s.passOn(next)
}

// waitInQueue waits for the turn in the Dispatcher's queue. It returns false if a
// goroutine must wait instead, because it serves only this connection.
//
//go:noinline
func (s *Socket) waitInQueue() bool {
	if !s.sender.conn.HasWorkers() {
		return false
	}
	if s.reader.enqueued() {
		s.holdClock(deliveryHold)
		again := s.reader.again
		s.reader.again = false // so that it is among the first if it has to wait once more
		s.disp.waitInQueue(s, again)
	}
	return true
}

// turnSoon makes a Socket a turnWaiter.
func (s *Socket) turnSoon() bool {
	waited := s.reader.dequeued()
	if waited {
		s.sender.wake()
	}
	return waited
}

// passOn returns next. If others wait in the Dispatcher's queue it calls the next one,
// since there may have been no turn at the end of which that happens.
func (s *Socket) passOn(next transport.Next) transport.Next {
	if s.disp.queued.Load() > 0 {
		s.disp.callQueued()
	}
	return next
}

// deliver delivers the events in what the reader was fed with, until none are left or
// the socket is paused. It reports whether the socket is paused. serving says that the
// call comes from a connReader.
func (s *Socket) deliver(in *readInput, serving bool) (held bool) {
	if s.ahead {
		return s.deliverAhead(in, serving)
	}
	return s.deliverTurn(in, serving)
}

// noteRead tells the clock that something was received, and counts how much.
func (s *Socket) noteRead(in *readInput) {
	if s.opts.pingInterval > 0 {
		s.reader.delivers()
	}
	if c := s.clock.Load(); c != nil {
		c.noteRead()
	}
	n := in.n
	in.n = 0
	s.chargeBytes(n)
}

// noteDelivered tells the clock that what was received is delivered, as far as it can be.
// message is the kind of a message that was delivered since the last call, or None.
//
//go:noinline
func (s *Socket) noteDelivered(message wire.Kind) {
	if s.opts.pingInterval > 0 {
		s.reader.delivered()
	}
	if !s.opts.timesReading {
		return
	}
	unfinished := s.opts.messageTimeout > 0 && s.reader.dec.Unfinished()
	if unfinished || s.clock.Load() != nil {
		s.withClock().noteDelivered(unfinished, message != wire.None, s.opts.messageTimeout)
	}
}

// Space returns the memory into which the bytes of a long payload can be read, or nil.
func (c *connReader) Space() []byte { return c.reader.space() }

// Ended finishes the Socket.
func (c *connReader) Ended() { (*Socket)(c).finish() }

// readingEnds delivers the events that follow from the end of the stream, or from the
// error of a read. TLS that ends without close_notify is reported as
// io.ErrUnexpectedEOF. That is treated like io.EOF: the frames tell whether the end was
// to be expected, as they do without TLS.
//
//go:noinline
func (s *Socket) readingEnds(err error) transport.Next {
	if s.opts.notesReads {
		// However long the turn is waited for: the peer has ended the connection, not a time.
		s.reader.delivers()
		s.holdClock(deliveryHold)
	}
	streamEnded := err == nil || err == io.ErrUnexpectedEOF
	if !streamEnded {
		s.life.fails(err)
	}
	// A connection without a direction of its own for each side, such as a pipe, is closed
	// where TCP ends its own direction.
	closedHere := errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
	s.lastEvents(streamEnded || closedHere, err)
	if !streamEnded {
		return transport.Over
	}
	s.reader.ended = true
	return s.holdUntilSent()
}

// holdUntilSent returns Hold until what was sent has been written, for a peer that has ended
// its own direction but may still read. It returns Over when the connection is aborted,
// after Options.CloseTimeout at the latest. Here a negative CloseTimeout means the
// default, because a peer that sends nothing more cannot be told from one that has gone.
func (s *Socket) holdUntilSent() transport.Next {
	if s.reader.isStopped() || !s.sender.drains() {
		return transport.Over
	}
	s.life.mu.Lock()
	s.withClock().startClosing(cmp.Or(s.opts.closeTimeout, defaultCloseTimeout))
	s.life.mu.Unlock()
	return transport.Hold
}

// deliverTurn is deliver in one turn, which decodes the events too.
func (s *Socket) deliverTurn(in *readInput, serving bool) (held bool) {
	defer s.leave(s.enter(), receiveTurn, serving)
	for {
		if s.nextEvent(in) {
			// emit would do no more here.
			s.handlers.message(&in.message)
			in.message.data = nil
		} else if in.ev.Kind == wire.None {
			return false
		} else {
			s.handle(in)
		}
		if s.reader.isHeld() {
			return true
		}
	}
}

// nextEvent takes the next event from the Decoder. It returns true if the event is a
// message that is only for the handler that OnMessage has set.
//
//go:noinline
func (s *Socket) nextEvent(in *readInput) (plain bool) {
	plain = s.opts.plainEvents && s.handlers.message != nil && s.rare().listeners == nil && s.life.at() == stageOpen
	if plain {
		if kind, data := s.reader.dec.NextMessage(); kind != wire.None {
			in.message.socket, in.message.kind, in.message.data = s, kind, data
			return true
		}
	}
	in.ev = s.reader.dec.Next()
	if k := in.ev.Kind; !plain || k != wire.Text && k != wire.Binary {
		return false
	}
	in.message.socket, in.message.kind, in.message.data = s, in.ev.Kind, notNil(in.ev.Data)
	return true
}

// deliverAhead is like deliver, but decodes the events before it takes the turns in
// which it delivers them.
func (s *Socket) deliverAhead(in *readInput, serving bool) (held bool) {
	a := &in.ahead
	a.more = a.more || !a.waits()
	for slot := (decodingSlot{}); ; {
		if a.waits() {
			if s.deliverTurnAhead(in, serving, &slot) {
				return true
			}
			a.empty()
			in.ev.Data = nil // so that it takes no memory while the next one waits
		}
		if !a.more {
			return false
		}
		slot = s.takeSlot()
		if s.reader.isStopped() { // perhaps while waiting for the slot
			slot.release()
			s.reader.discard()
			a.more = false
			return false
		}
		if a.more = a.fill(&s.reader.dec, s.reader.below); s.opts.Parallel || !a.long || !a.waits() {
			slot.release()
		}
	}
}

// deliverTurnAhead delivers the events in in.ahead in one turn.
func (s *Socket) deliverTurnAhead(in *readInput, serving bool, slot *decodingSlot) (held bool) {
	defer s.leave(s.enter(), receiveTurn, serving)
	slot.release()
	for a := &in.ahead; a.next < len(a.events); {
		in.ev = a.events[a.next]
		a.next++
		s.handle(in)
		if s.reader.isHeld() {
			return true
		}
	}
	return false
}

// takeSlot waits for a decoding slot, unless s needs none. All Parallel sockets share the
// same ones.
func (s *Socket) takeSlot() decodingSlot {
	switch {
	case s.slotless:
		return decodingSlot{}
	case s.opts.Parallel:
		return parallelDecoding.take()
	}
	return s.disp.takeSlot()
}

// lastEvents runs the turn for the events that follow from the end of the stream, or, if
// asExpected is false, from the error of a read.
func (s *Socket) lastEvents(asExpected bool, err error) {
	in := readInputs.Get().(*readInput)
	defer s.leave(s.enter(), receiveTurn, false)
	dec := &s.reader.dec
	dec.FeedEOF(s.sender.closeSent())
	for in.ev = dec.Next(); in.ev.Kind != wire.None; in.ev = dec.Next() {
		if in.ev.Kind == wire.End && !asExpected {
			// Something may be lost, so this is no answer to a close either.
			in.ev.Code, in.ev.Err = StatusAbnormalClosure, err
		}
		s.handle(in)
	}
	in.release()
}

// handle handles in.ev. It must be called in a turn.
//
//go:noinline
func (s *Socket) handle(in *readInput) {
	ev := in.ev
	if s.opts.rate != nil {
		s.chargeMessage(ev.Kind)
	}
	isOpen := s.ReadyState() == StateOpen
	switch ev.Kind {
	case wire.Text, wire.Binary:
		s.opts.Hooks.received(s, ev.Kind, len(ev.Data))
		switch {
		case !isOpen:
		case s.opts.FrameEvents:
			emit(s, s.rare().frame, &FrameEvent{target{s}, ev.Kind, ev.Data, ev.Cont, ev.More})
		default:
			in.message = MessageEvent{target{s}, ev.Kind, notNil(ev.Data)}
			emit(s, s.handlers.message, &in.message)
			in.message.data = nil
		}
	case wire.Ping:
		s.opts.Hooks.received(s, ev.Kind, len(ev.Data))
		if isOpen {
			in.ping = PingEvent{target: target{s}, Data: ev.Data}
			if emit(s, s.rare().ping, &in.ping); in.ping.prevented {
				return
			}
		}
		s.answerPing(ev)
	case wire.Pong:
		s.opts.Hooks.received(s, ev.Kind, len(ev.Data))
		if isOpen {
			in.pong = PongEvent{target{s}, ev.Data}
			emit(s, s.rare().pong, &in.pong)
			s.ponged(ev.Data)
		}
	case wire.Close:
		s.peerClosed(ev)
	case wire.Fail:
		s.peerFailed(ev)
	case wire.End:
		s.life.mu.Lock()
		s.life.endsWith(ev.Code, ev.Err)
		s.life.mu.Unlock()
	}
}

// answerPing answers a ping with a pong (RFC 6455, section 5.5.2), unless a close frame
// has been sent.
func (s *Socket) answerPing(ping wire.Event) {
	if st := s.ReadyState(); st != StateOpen && st != StateClosing {
		return
	}
	if pong, _ := wire.Reply(ping); s.sender.sendPong(pong.Data) {
		s.opts.Hooks.sent(s, pong.Kind, len(pong.Data))
	}
}

// ponged calls the function of PingFunc that waits for a pong with this payload. A peer
// may answer only the latest of several pings (RFC 6455, section 5.5.3); the functions
// for the others keep waiting.
func (s *Socket) ponged(payload []byte) {
	p := s.takePing(func(p *pingWait) bool { return p.payload == string(payload) })
	if p == nil {
		return
	}
	if s.opts.Recover {
		defer s.recoverHandler()
	}
	p.fn()
}

// takePing removes the first of the waiting pings for which is returns true, and
// returns it, or nil if there is none.
func (s *Socket) takePing(is func(*pingWait) bool) *pingWait {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	x := s.rare()
	i := slices.IndexFunc(x.pings, is)
	if i < 0 {
		return nil
	}
	p := x.pings[i]
	x.pings = slices.Delete(x.pings, i, i+1)
	return p
}

// peerClosed answers a close frame (RFC 6455, section 5.5.1). A server then ends the
// connection; a client waits for the server to do so (section 7.1.1).
func (s *Socket) peerClosed(ev wire.Event) {
	s.reader.expectEnd()
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if !s.life.ends(closeReceived, ev.Code, string(ev.Data)) {
		return
	}
	answer, _ := wire.Reply(ev)
	s.sendCloseLocked(answer, s.life.role == wire.Server)
}

// peerFailed fails the connection because the peer has broken a rule (RFC 6455, section
// 7.1.7).
func (s *Socket) peerFailed(ev wire.Event) {
	answer, _ := wire.Reply(ev)
	s.reader.ignore()
	s.fail(ruleBroken, ev.Code, string(answer.Data), ev.Err)
}
