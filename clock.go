package airsocket

import (
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A clock holds the times at which something is to be done if nothing else happens
// first. It is created when the first of them is set. The lock of the lifetime guards
// it, except for alarm.
//
// Every connection that sends pings keeps a clock, so it is small.
type clock struct {
	alarm
	socket   *Socket      // does what is due; does not change
	bubble   *bubbleTimer // that waits for the next time; nil outside of bubbles
	actAt    instant      // when a ping is due if nothing is received, or, if closing, the closing handshake must be done
	pongBy   instant      // when something must have been received after a ping
	lastRead instant      // when something was last received
	closing  bool
}

// A bubbleTimer calls Socket.tick for a clock in a bubble of testing/synctest.
type bubbleTimer struct {
	timer *time.Timer
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
	if !c.closing {
		c.closing, c.actAt, c.pongBy = true, never, never
	}
	if c.actAt == never && timeout > 0 {
		c.actAt = now().add(timeout)
	}
	c.schedule()
}

// startPinging has pings sent whenever nothing was received for the interval.
func (c *clock) startPinging(interval time.Duration) {
	c.lastRead = now()
	c.actAt = c.lastRead.add(interval)
	c.schedule()
}

// noteRead records that something was received. It does not touch the timer.
func (c *clock) noteRead() { c.lastRead, c.pongBy = now(), never }

// stop clears all times.
func (c *clock) stop() {
	c.actAt, c.pongBy, c.lastRead = never, never, never
	c.schedule()
}

// due returns what is to be done when the time has come for which by was set, which is
// nil for processAlarms: what was set before the last call of schedule, on another side of
// a bubble's wall, knows nothing of the time here. While reading is paused, a missing pong
// does not count.
func (c *clock) due(by *bubbleTimer, isPaused bool, pingInterval, pongTimeout time.Duration) dueAct {
	if by != c.bubble {
		return nothingDue
	}
	what, now := nothingDue, now()
	switch {
	case c.closing && c.actAt.hasCome(now):
		c.stop()
		return closeDue
	case c.pongBy.hasCome(now) && !isPaused:
		c.stop()
		return pongDue
	case c.pongBy.hasCome(now):
		c.pongBy = never
	case c.actAt.hasCome(now) && now.sub(c.lastRead) < pingInterval:
		c.actAt = c.lastRead.add(pingInterval)
	case c.actAt.hasCome(now):
		what, c.actAt = pingDue, now.add(pingInterval)
		// This also applies if there is no room for the ping: a peer that neither reads
		// nor sends anything has gone too.
		if c.pongBy == never && pongTimeout > 0 {
			c.pongBy = now.add(pongTimeout)
		}
	}
	c.schedule()
	return what
}

// schedule has Socket.tick called at the next of the times.
func (c *clock) schedule() {
	next := c.actAt.orEarlier(c.pongBy)
	if bubble.ID() == 0 {
		c.bubble = nil // only its bubble may stop it
		processAlarms.set(c, next.roundUp(now()))
		return
	}
	if c.bubble != nil {
		c.bubble.timer.Stop()
		c.bubble = nil
	}
	if next != never {
		b := new(bubbleTimer)
		c.bubble = b
		b.timer = time.AfterFunc(next.sub(now()), func() { c.socket.tick(c, b) })
	}
}
