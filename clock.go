package airsocket

import (
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A clock holds the times at which something is to be done if nothing else happens
// first. It is created when the first of them is set. The lock of the lifetime guards
// it.
type clock struct {
	alarm
	tick     func(c *clock, set int) // called when a time has come, without the lock
	timer    *time.Timer             // in a bubble of testing/synctest
	set      int                     // how often the next time was set; earlier ones that still come are ignored
	closeBy  time.Time               // when the closing handshake must be done
	pingAt   time.Time               // when a ping is due, if nothing is received
	pongBy   time.Time               // when something must have been received after a ping
	lastRead time.Time               // when something was last received
}

// A dueAct says what a clock asks for.
type dueAct uint8

const (
	nothingDue dueAct = iota
	closeDue          // the closing handshake took too long
	pongDue           // a ping was not answered
	pingDue           // a ping is to be sent
)

// startClosing sets the time by which the connection must be closed, and stops pinging.
// A timeout of 0 means that there is no such time.
func (c *clock) startClosing(timeout time.Duration) {
	c.pingAt, c.pongBy = time.Time{}, time.Time{}
	if c.closeBy.IsZero() && timeout > 0 {
		c.closeBy = time.Now().Add(timeout)
	}
	c.schedule()
}

// startPinging has pings sent whenever nothing was received for the interval.
func (c *clock) startPinging(interval time.Duration) {
	c.lastRead = time.Now()
	c.pingAt = c.lastRead.Add(interval)
	c.schedule()
}

// noteRead records that something was received. It does not touch the timer.
func (c *clock) noteRead() { c.lastRead, c.pongBy = time.Now(), time.Time{} }

// stop clears all times.
func (c *clock) stop() {
	c.closeBy, c.pingAt, c.pongBy, c.lastRead = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	c.schedule()
}

// due returns what is to be done when a timer fires. set is what c.set was when that
// timer was set: an earlier timer does nothing. While reading is paused, a missing pong
// does not count.
func (c *clock) due(set int, isPaused bool, pingInterval, pongTimeout time.Duration) dueAct {
	if set != c.set {
		return nothingDue
	}
	what, now := nothingDue, time.Now()
	switch {
	case hasCome(c.closeBy, now):
		c.stop()
		return closeDue
	case hasCome(c.pongBy, now) && !isPaused:
		c.stop()
		return pongDue
	case hasCome(c.pongBy, now):
		c.pongBy = time.Time{}
	case hasCome(c.pingAt, now) && now.Sub(c.lastRead) < pingInterval:
		c.pingAt = c.lastRead.Add(pingInterval)
	case hasCome(c.pingAt, now):
		what, c.pingAt = pingDue, now.Add(pingInterval)
		// This also applies if there is no room for the ping: a peer that neither reads
		// nor sends anything has gone too.
		if c.pongBy.IsZero() && pongTimeout > 0 {
			c.pongBy = now.Add(pongTimeout)
		}
	}
	c.schedule()
	return what
}

// hasCome reports whether the time t is set and has come.
func hasCome(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// schedule has tick called at the next of the times.
func (c *clock) schedule() {
	c.set++
	next := c.next()
	if bubble.ID() == 0 {
		processAlarms.set(c, next, c.set)
		return
	}
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if !next.IsZero() {
		set, tick := c.set, c.tick
		c.timer = time.AfterFunc(time.Until(next), func() { tick(c, set) })
	}
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
