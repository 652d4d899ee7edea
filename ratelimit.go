package airsocket

import (
	"errors"

	"github.com/airsocket/airsocket/wire"
)

// ErrRateLimit is reported when the peer has sent more than Options.RateLimit allows, if
// RateLimit.Close is set.
var ErrRateLimit = errors.New("airsocket: the peer sends more than Options.RateLimit allows")

// A RateLimit limits how much a peer may send. Unless Close is set, the socket holds up a
// peer that sends more: it does not read until the time has come, so that the peer's messages
// wait in the system's buffers, and then with the peer. As with [Socket.Pause], nothing is
// noticed meanwhile, not even the end of the connection, and the time counts neither for
// Options.IdleTimeout and MessageTimeout nor for PongTimeout. A peer is held up while the
// connection is closing too, and Options.CloseTimeout goes on: the answer of a peer that has
// more to send than it may in that time is not received. At most one message above a limit is
// delivered before that, and of the bytes above a limit what one read has brought: 64 KiB,
// or of a longer message what the system had. The waits take up to 1 % longer than they have
// to, at most 135 ms.
type RateLimit struct {
	// Messages is how many messages, pings and pongs a peer may send a second. With
	// Options.FrameEvents each part of a message counts as one, and otherwise only whole
	// messages do: Bytes limits fragments. Zero means no limit.
	Messages float64

	// Burst is how many of them may come at once. The default is what Messages allows in a
	// second, at least 1.
	Burst int

	// Bytes is how many bytes a peer may send a second, as they are received: compressed,
	// and with the headers of frames, but without those of TLS. Zero means no limit.
	Bytes float64

	// BurstBytes is how many bytes may come at once. The default is what Bytes allows in a
	// second, at least 64 KiB.
	BurstBytes int

	// Close closes the connection of a peer that sends more, with status code 1008 and
	// ErrRateLimit, instead of holding it up. The message above the limit is not delivered.
	Close bool
}

// A resolvedRate is a RateLimit with the defaults filled in.
type resolvedRate struct {
	messages, bytes rate
	close           bool
}

func (l *RateLimit) resolve() *resolvedRate {
	if l == nil {
		return nil
	}
	burst, burstBytes := float64(l.Burst), float64(l.BurstBytes)
	if burst <= 0 {
		burst = max(l.Messages, 1)
	}
	if burstBytes <= 0 {
		burstBytes = max(l.Bytes, readSize)
	}
	r := &resolvedRate{newRate(l.Messages, burst), newRate(l.Bytes, burstBytes), l.Close}
	if r.messages.each == 0 && r.bytes.each == 0 {
		return nil
	}
	return r
}

// A pace is what a Socket with a RateLimit remembers of its peer. The goroutine that serves
// the connection uses messages and bytes, and the lock of the lifetime guards the clock.
type pace struct {
	messages, bytes instant // as rate.take returns them
	clock           clock   // ticks when reading is to go on
}

// pace returns the pace of s, which it makes if there is none.
func (s *Socket) pace() *pace {
	x := s.makeLimits()
	if p := x.pace.Load(); p != nil {
		return p
	}
	p := &pace{clock: clock{socket: s}}
	x.pace.Store(p) // only the goroutine that serves the connection makes one
	return p
}

// chargeBytes counts n bytes that were read. It must be called outside of turns.
func (s *Socket) chargeBytes(n int) {
	l := s.opts.rate
	if l == nil || l.bytes.each == 0 || n == 0 {
		return
	}
	p, at := s.pace(), now()
	later, wait := l.bytes.take(p.bytes, at, float64(n))
	if p.bytes = later; wait == 0 {
		return
	}
	s.hold(p, at.add(wait))
	if l.close {
		s.do(receiveTurn, s.failRate)
	}
}

// chargeMessage counts an event that was received. It must be called in a turn.
//
//go:noinline
func (s *Socket) chargeMessage(kind wire.Kind) {
	l := s.opts.rate
	if l.messages.each == 0 || kind == wire.Close || kind >= wire.Fail {
		return
	}
	p, at := s.pace(), now()
	later, wait := l.messages.take(p.messages, at, 1)
	if p.messages = later; wait == 0 {
		return
	}
	s.hold(p, at.add(wait))
	if l.close {
		s.failRate()
	}
}

func (s *Socket) failRate() {
	s.fail(ruleBroken, StatusPolicyViolation, "too many messages", ErrRateLimit)
}

// hold stops reading until the given time, also while the connection is closing: a peer that
// has been told does not cost more than before.
func (s *Socket) hold(p *pace, until instant) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if s.reader.isStopped() {
		return
	}
	s.reader.holdUp()
	s.holdClock(rateHold)
	p.clock.mu.Lock()
	defer p.clock.mu.Unlock()
	if p.clock.actAt == never || p.clock.actAt < until {
		p.clock.actAt = until
		p.clock.schedule()
	}
}

// hasCome reports whether actAt, the only time of c, has come, and clears it. Otherwise c
// ticks again.
func (c *clock) hasCome(by *bubbleTimer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case by != c.bubble:
		return false
	case !c.actAt.hasCome(now()):
		c.schedule()
		return false
	}
	c.actAt = never
	return true
}

// goOnLocked continues reading when the time for that has come, if c is the clock of the pace of s.
// The caller holds life.mu.
func (s *Socket) goOnLocked(c *clock, by *bubbleTimer) {
	if p := s.limits().pace.Load(); p == nil || c != &p.clock {
		return // there is another connection by now
	}
	if !c.hasCome(by) {
		return
	}
	s.reader.goOn()
	s.releaseClock(rateHold)
	s.sender.wake()
}

// endPaceLocked forgets the pace at the end of a connection. The caller holds life.mu.
func (s *Socket) endPaceLocked() {
	if p := s.limits().pace.Load(); p != nil {
		p.clock.stop()
	}
}
