package airsocket

import (
	"time"

	"github.com/airsocket/airsocket/wire"
)

// A clock holds the times at which something is to be done if nothing else happens
// first. It is created when the first of them is set, and has one timer for all of
// them. It is guarded by lifetime.mu.
type clock struct {
	timer    *time.Timer
	set      int       // how often timer was set; earlier ones that still fire are ignored
	closeBy  time.Time // when the closing handshake must be done
	pingAt   time.Time // when a ping is due, if nothing is received
	pongBy   time.Time // when something must have been received after a ping
	lastRead time.Time // when something was last received
}

// next returns the earliest of the times, or the zero Time if none is set.
func (c *clock) next() time.Time {
	var next time.Time
	for _, t := range [...]time.Time{c.closeBy, c.pingAt, c.pongBy} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// due reports whether the time t is set and has come.
func due(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// schedule sets the timer for the next of the times.
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

// stopClock clears all times.
func (s *Socket) stopClock() {
	if s.clock != nil {
		*s.clock = clock{timer: s.clock.timer, set: s.clock.set}
		s.schedule()
	}
}

// tick is called when the timer fires.
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

// startClosing sets the time by which the connection must be closed, and stops pinging.
// A timeout of 0 means that there is no such time.
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

// startPinging starts the pings, if Options ask for them and the version of the
// protocol has them.
func (s *Socket) startPinging(v wire.Version) {
	if s.opts.pingInterval == 0 || !v.Can(wire.Ping) {
		return
	}
	now := time.Now()
	s.clock = &clock{lastRead: now, pingAt: now.Add(s.opts.pingInterval)}
	s.schedule()
}

// noteRead records that something was received.
func (s *Socket) noteRead() {
	s.life.mu.Lock()
	defer s.life.mu.Unlock()
	if c := s.clock; c != nil {
		c.lastRead, c.pongBy = time.Now(), time.Time{}
	}
}

// pingIfSilent reports whether a ping is to be sent because nothing was received for
// the ping interval. Otherwise it sets the time of the next check: receiving does not
// touch the timer.
func (s *Socket) pingIfSilent(c *clock, now time.Time) (ping bool) {
	if silent := now.Sub(c.lastRead); silent < s.opts.pingInterval {
		c.pingAt = c.lastRead.Add(s.opts.pingInterval)
		return false
	}
	c.pingAt = now.Add(s.opts.pingInterval)
	// This also applies if there is no room for the ping: a peer that neither reads nor
	// sends anything has gone too.
	if c.pongBy.IsZero() && s.opts.pongTimeout > 0 {
		c.pongBy = now.Add(s.opts.pongTimeout)
	}
	return true
}
