package airsocket

import (
	"sync"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A clock holds the times at which something is to be done if nothing else happens
// first. It is created when the first of them is set. The lock of the lifetime or of the
// sender may be held while its methods are called.
//
// Every connection that sends pings keeps a clock, so it is small.
type clock struct {
	alarm
	closing bool    // guarded by mu
	socket  *Socket // does what is due; does not change

	mu       sync.Mutex   // guards what follows
	more     *timeouts    // nil until it is needed
	bubble   *bubbleTimer // that waits for the next time; nil outside of bubbles
	actAt    instant      // when a ping is due if nothing is received, or, if closing, the closing handshake must be done
	pongBy   instant      // when something must have been received after a ping
	lastRead instant      // when something was last received, not counting times in which the Socket did not read
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
	writeDue          // the peer takes nothing of what is sent
	idleDue           // nothing was received for too long
	messageDue        // a message took too long
	pongDue           // a ping was not answered
	pingDue           // a ping is to be sent
)

// startClosing sets the time by which the connection must be closed, and stops pinging.
// A timeout of 0 means that there is no such time.
func (c *clock) startClosing(timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.closing, c.actAt, c.pongBy = true, never, never
		if c.more != nil {
			c.more.idleAt, c.more.messageAt = never, never
		}
	}
	if c.actAt == never && timeout > 0 {
		c.actAt = now().add(timeout)
	}
	c.schedule()
}

// startPinging has pings sent whenever nothing was received for the interval.
func (c *clock) startPinging(interval time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastRead = now()
	c.actAt = c.lastRead.add(interval)
	c.schedule()
}

// noteRead records that something was received, and will be delivered. It does not touch
// the timer.
func (c *clock) noteRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastRead, c.pongBy = now(), never
	if c.more != nil {
		c.more.hold(deliveryHold, c.lastRead)
	}
}

// stop clears all times.
func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopLocked()
}

func (c *clock) stopLocked() {
	c.actAt, c.pongBy, c.lastRead, c.more = never, never, never, nil
	c.schedule()
}

// due returns what is to be done when the time has come for which by was set, which is
// nil for processAlarms: what was set before the last call of schedule, on another side of
// a bubble's wall, knows nothing of the time here. While the Socket does not read, pings are
// sent and no pong is missed.
func (c *clock) due(by *bubbleTimer, isReading bool, set *settings) dueAct {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by != c.bubble {
		return nothingDue
	}
	what, now := nothingDue, now()
	switch {
	case c.closing && c.actAt.hasCome(now):
		c.stopLocked()
		return closeDue
	case c.pongBy.hasCome(now) && isReading:
		c.stopLocked()
		return pongDue
	case c.pongBy.hasCome(now):
		c.pongBy = never
	case c.actAt.hasCome(now) && now.sub(c.lastRead) < set.pingInterval:
		c.actAt = c.lastRead.add(set.pingInterval)
	case c.actAt.hasCome(now):
		what, c.actAt = pingDue, now.add(set.pingInterval)
		// This also applies if there is no room for the ping: a peer that neither reads
		// nor sends anything has gone too.
		if c.pongBy == never && set.pongTimeout > 0 && isReading {
			c.pongBy = now.add(set.pongTimeout)
		}
	}
	if what == nothingDue && c.more != nil {
		what = c.readDue(now, set)
	}
	c.schedule()
	return what
}

// schedule has Socket.tick called at the next of the times. The caller holds the lock.
func (c *clock) schedule() {
	next := c.actAt.orEarlier(c.pongBy)
	if x := c.more; x != nil {
		next = next.orEarlier(x.writeAt).orEarlier(x.idleAt).orEarlier(x.messageAt)
	}
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
