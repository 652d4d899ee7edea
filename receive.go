package airsocket

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// serving is a Socket as its connection knows it (transport.Reader).
type serving Socket

// serve has the connection served from now on. Its end is the only place that a close
// event comes from.
func (s *Socket) serve() { s.sender.conn.Serve((*serving)(s)) }

// Readable reads until there is nothing left, and delivers the events.
func (c *serving) Readable() (over bool) {
	s := (*Socket)(c)
	in := readInputs.Get().(*readInput)
	for s.reader.read(s.sender.conn, in) {
		if s.opts.pingInterval > 0 {
			s.noteRead()
		}
		if s.ahead {
			s.deliverAhead(in, true)
		} else {
			for s.deliverTurn(in, true) {
				s.reader.waitResumed()
			}
		}
		if in.drained && !in.over {
			break
		}
	}
	if over = in.over; in.err != nil {
		s.life.fails(in.err)
	}
	in.release()
	return over
}

// Space returns where the bytes of a long payload can be read to directly.
func (c *serving) Space() []byte { return c.reader.space() }

// Ended delivers what the end of the stream leads to, and finishes. TLS without its
// close_notify ends with io.ErrUnexpectedEOF: whether the end was to be expected is
// known from what the frames have said, as without TLS.
func (c *serving) Ended(err error) {
	s := (*Socket)(c)
	defer s.finish()
	if err == transport.ErrNoReturn {
		return
	}
	streamEnded := err == nil || err == io.EOF || err == io.ErrUnexpectedEOF
	if !streamEnded {
		s.life.fails(err)
	}
	s.lastEvents()
	if streamEnded {
		s.drain()
	}
}

// deliverTurn delivers the events of what the reader was fed with, until there are none
// left or the socket is paused, which it reports. serving says that the connection is
// calling.
func (s *Socket) deliverTurn(in *readInput, serving bool) (held bool) {
	defer s.leave(s.enter(), receiveTurn, serving)
	for {
		if s.nextEvent(in) {
			// What emit does if nobody but the handler wants to know.
			s.handlers.message(&in.message)
			in.message.data = nil
		} else if in.ev.Kind == wire.None {
			return false
		} else {
			s.handle(in)
		}
		if s.reader.gate.Load() != nil && s.reader.isPaused() {
			return true
		}
	}
}

// nextEvent takes the next event from the Decoder. It returns true for a message that
// concerns nobody but the handler that OnMessage has set.
//
//go:noinline
func (s *Socket) nextEvent(in *readInput) (plain bool) {
	plain = s.opts.messagesOnly && s.handlers.message != nil && s.extras().listeners == nil && s.life.at() == stageOpen
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

// deliverAhead delivers the events of what the reader was fed with, where they are
// decoded ahead of their turns.
func (s *Socket) deliverAhead(in *readInput, serving bool) {
	for more := true; more && !in.over; {
		slot := s.takeSlot()
		if s.reader.isStopped() { // perhaps while it waited
			slot.release()
			return
		}
		more = in.ahead.fill(&s.reader.dec, s.reader.below)
		if !in.ahead.long {
			slot.release()
		}
		if len(in.ahead.events) == 0 {
			slot.release()
			return
		}
		for s.deliverTurnAhead(in, serving, &slot) {
			s.reader.waitResumed()
		}
		in.ahead.empty()
	}
}

// deliverTurnAhead is deliverTurn for the events in in.ahead.
func (s *Socket) deliverTurnAhead(in *readInput, serving bool, slot *decodingSlot) (held bool) {
	defer s.leave(s.enter(), receiveTurn, serving)
	slot.release()
	for a := &in.ahead; a.next < len(a.events); {
		in.ev = a.events[a.next]
		a.next++
		s.handle(in)
		if s.reader.isPaused() {
			return true
		}
	}
	return false
}

// takeSlot waits for the permission to decode, which a Parallel socket does not need.
func (s *Socket) takeSlot() decodingSlot {
	if s.opts.Parallel {
		return decodingSlot{}
	}
	return s.disp.takeSlot()
}

// lastEvents is the turn of what the end of the stream leads to.
func (s *Socket) lastEvents() {
	in := readInputs.Get().(*readInput)
	defer s.leave(s.enter(), receiveTurn, false)
	dec := &s.reader.dec
	dec.FeedEOF(s.sender.closeSent())
	for in.ev = dec.Next(); in.ev.Kind != wire.None; in.ev = dec.Next() {
		s.handle(in)
	}
	in.release()
}

// handle does what in.ev asks for, in a turn.
//
//go:noinline
func (s *Socket) handle(in *readInput) {
	ev := in.ev
	isOpen := s.ReadyState() == StateOpen
	switch ev.Kind {
	case wire.Text, wire.Binary:
		s.opts.Hooks.received(s, ev.Kind, len(ev.Data))
		switch {
		case !isOpen:
		case s.opts.FrameEvents:
			emit(s, s.extras().frame, &FrameEvent{target{s}, ev.Kind, ev.Data, ev.Cont, ev.More})
		default:
			in.message = MessageEvent{target{s}, ev.Kind, notNil(ev.Data)}
			emit(s, s.handlers.message, &in.message)
			in.message.data = nil
		}
	case wire.Ping:
		s.opts.Hooks.received(s, ev.Kind, len(ev.Data))
		if isOpen {
			in.ping = PingEvent{target: target{s}, Data: ev.Data}
			if emit(s, s.extras().ping, &in.ping); in.ping.prevented {
				return
			}
		}
		s.answerPing(ev)
	case wire.Pong:
		s.opts.Hooks.received(s, ev.Kind, len(ev.Data))
		if isOpen {
			in.pong = PongEvent{target{s}, ev.Data}
			emit(s, s.extras().pong, &in.pong)
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

// answerPing sends a pong (RFC 6455, section 5.5.2), unless the connection has ended
// from this side.
func (s *Socket) answerPing(ping wire.Event) {
	if st := s.ReadyState(); st != StateOpen && st != StateClosing {
		return
	}
	if pong, _ := wire.Reply(ping); s.sender.sendPong(pong.Data) {
		s.opts.Hooks.sent(s, pong.Kind, len(pong.Data))
	}
}

// ponged calls the function that waits for a pong with the payload. The pong may
// also stand for earlier pings, which are then not answered themselves (RFC 6455,
// section 5.5.3), but whose functions keep waiting for their own.
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

// takePing takes the first ping that is true for from those that wait. It returns
// nil if there is none.
func (s *Socket) takePing(is func(*pingWait) bool) *pingWait {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	x := s.extras()
	i := slices.IndexFunc(x.pings, is)
	if i < 0 {
		return nil
	}
	p := x.pings[i]
	x.pings = slices.Delete(x.pings, i, i+1)
	return p
}

// peerClosed answers a close frame (RFC 6455, section 7.1.4). The server ends the
// connection then, and the client waits for that (section 7.1.1).
func (s *Socket) peerClosed(ev wire.Event) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if !s.life.ends(closeReceived, ev.Code, string(ev.Data)) {
		return
	}
	answer, _ := wire.Reply(ev)
	s.sendCloseLocked(answer, s.life.role == wire.Server)
}

// peerFailed ends the connection for a rule that the peer has broken (RFC 6455, section
// 7.1.7).
func (s *Socket) peerFailed(ev wire.Event) {
	answer, _ := wire.Reply(ev)
	s.fail(ruleBroken, ev.Code, string(answer.Data), ev.Err)
}

// drain has what was sent written for a peer that has ended its own direction, and may
// still read, and waits for that; or until the connection is aborted, after
// Options.CloseTimeout at the latest. There is no waiting without a bound here: a
// peer that says nothing more cannot be told from one that has gone.
func (s *Socket) drain() {
	done := s.sender.drain()
	if done == nil {
		return
	}
	s.life.mu.Lock()
	s.startClosing(cmp.Or(s.opts.closeTimeout, DefaultCloseTimeout))
	s.life.mu.Unlock()
	<-done
}

// enter takes the turn for handlers of s and leave ends it, so that a function
// that has a turn begins with
//
//	defer s.leave(s.enter(), openTurn, false)
//
// and others get on even if a handler ends its goroutine, as a failing test does.
func (s *Socket) enter() (at time.Duration) {
	s.disp.enter()
	if s.opts.slowTurn > 0 {
		at = turnClock()
	}
	return at
}

func (s *Socket) leave(at time.Duration, kind turnKind, serving bool) {
	if s.disp.turnEnd != nil {
		s.disp.callTurnEnd()
	}
	if s.opts.slowTurn > 0 {
		s.leaveTimed(at, kind, serving)
	} else {
		s.disp.leave(s.served(serving))
	}
}

// served returns the sender if the connection is being served, and nil otherwise.
func (s *Socket) served(serving bool) *sender {
	if serving {
		return &s.sender
	}
	return nil
}

//go:noinline
func (s *Socket) leaveTimed(at time.Duration, kind turnKind, serving bool) {
	took := turnClock() - at
	s.disp.leave(s.served(serving))
	if took > s.opts.slowTurn {
		s.logSlowTurn(kind, took)
	}
}

// turnClock returns the time on a clock that measures turns, as one word: a
// time.Time would be three, in a stack frame that every message uses. Only
// differences within one turn mean something: a turn stays in one bubble.
func turnClock() time.Duration { return time.Since(turnEpoch) }

var turnEpoch = time.Now()

// do runs fn in a turn.
func (s *Socket) do(kind turnKind, fn func()) {
	defer s.leave(s.enter(), kind, false)
	fn()
}
