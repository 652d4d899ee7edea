package airsocket

import (
	"time"

	"github.com/airsocket/airsocket/wire"
)

// clock is what has to be done at some time if nothing comes before it. It
// exists from the first such thing on, and has one timer for all of them. It is
// guarded by lifetime.mu.
type clock struct {
	timer    *time.Timer
	set      int       // how often timer was set: an earlier one that still fires is ignored
	closeBy  time.Time // the closing handshake must be done
	pingAt   time.Time // a ping is due, if nothing is heard
	pongBy   time.Time // something must have been heard after a ping
	lastRead time.Time // the last time that something was received
}

// next is the earliest of the times, or zero.
func (c *clock) next() time.Time {
	var next time.Time
	for _, t := range [...]time.Time{c.closeBy, c.pingAt, c.pongBy} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

func (s *Socket) schedule() {
	c := s.clock
	c.set++
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if next := c.next(); !next.IsZero() {
		set := c.set
		c.timer = time.AfterFunc(time.Until(next), func() { s.tick(c, set) })
	}
}

func (s *Socket) stopClock() {
	if s.clock != nil {
		*s.clock = clock{timer: s.clock.timer, set: s.clock.set}
		s.schedule()
	}
}

// tick is called by the timer.
func (s *Socket) tick(c *clock, set int) {
	if s.dueForPing(c, set) && s.sender.sendPing() == nil {
		s.opts.Hooks.sent(s, wire.Ping, 0)
	}
}

// dueForPing does what is due. It reports whether a ping is to be sent.
func (s *Socket) dueForPing(c *clock, set int) (ping bool) {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if c != s.clock || set != c.set {
		return false
	}
	now := time.Now()
	switch {
	case due(c.closeBy, now):
		s.stopClock()
		s.abortLocked(ErrCloseTimeout)
		return false
	case due(c.pongBy, now) && !s.reader.isPaused():
		s.stopClock()
		s.abortLocked(ErrPongTimeout)
		return false
	case due(c.pongBy, now):
		c.pongBy = time.Time{} // nothing is read while paused
	case due(c.pingAt, now):
		ping = s.pingIfSilent(c, now)
	}
	s.schedule()
	return ping
}

// startClosing gives what is left to do on the connection its time; 0 is none.
func (s *Socket) startClosing(timeout time.Duration) {
	if s.clock == nil {
		s.clock = new(clock)
	}
	c := s.clock
	c.pingAt, c.pongBy = time.Time{}, time.Time{}
	if c.closeBy.IsZero() && timeout > 0 {
		c.closeBy = time.Now().Add(timeout)
	}
	s.schedule()
}

// startPinging begins to watch over the connection, where Options want it and
// the version of the protocol has pings.
func (s *Socket) startPinging(v wire.Version) {
	if s.opts.pingInterval == 0 || !v.Can(wire.Ping) {
		return
	}
	now := time.Now()
	s.clock = &clock{lastRead: now, pingAt: now.Add(s.opts.pingInterval)}
	s.schedule()
}

// noteRead takes down that something was received.
func (s *Socket) noteRead() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if c := s.clock; c != nil {
		c.lastRead, c.pongBy = time.Now(), time.Time{}
	}
}

// pingIfSilent reports whether a ping is to be sent, as nothing was read since the
// last time that one was due. The timer is not touched by what is received: it
// looks when it fires.
func (s *Socket) pingIfSilent(c *clock, now time.Time) (ping bool) {
	if silent := now.Sub(c.lastRead); silent < s.opts.pingInterval {
		c.pingAt = c.lastRead.Add(s.opts.pingInterval)
		return false
	}
	c.pingAt = now.Add(s.opts.pingInterval)
	// A peer that has left no room for a ping, and says nothing, is gone too.
	if c.pongBy.IsZero() && s.opts.pongTimeout > 0 {
		c.pongBy = now.Add(s.opts.pongTimeout)
	}
	return true
}
