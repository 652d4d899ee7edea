package airsocket

import "time"

// A timeouts holds what a clock needs for Options.WriteTimeout, Options.IdleTimeout and
// Options.MessageTimeout. The lock of the clock guards it.
//
// The times at which to look are only set, never taken back when there is no need to look
// any more: a connection that gets on does not touch the timer.
type timeouts struct {
	writeAt instant // when to look whether the peer takes what is sent
	takenAt instant // when the system, or the peer, was last known to have taken something
	unsent  int     // bytes that the system had for the peer at the last look; -1 before that

	idleAt    instant // when to look whether nothing was received
	messageAt instant // when to look whether a message takes too long
	begunAt   instant // when the first byte of the unfinished message was received; never if there is none

	// While the Socket itself does not read, it does not wait for the peer.
	heldAt instant // since when it does not read
	held   holds   // why; 0 if it reads
}

// holds are the reasons for which a Socket does not read.
type holds uint8

const (
	pauseHold    holds = 1 << iota // Pause was called
	deliveryHold                   // what was received is being delivered, or waits for the turn
	rateHold                       // Options.RateLimit is exceeded
	pongHold                       // the peer does not take the pongs that it asks for
)

// withMore returns c.more, which it creates if it is nil. The caller holds the lock.
func (c *clock) withMore() *timeouts {
	if c.more == nil {
		c.more = new(timeouts)
	}
	return c.more
}

// noteWrite records that a writer has begun, or that the system has taken some of what it
// writes.
func (c *clock) noteWrite(timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.withMore()
	x.takenAt, x.unsent = now(), -1
	if x.writeAt == never {
		x.writeAt = x.takenAt.add(timeout / looks)
		c.schedule()
	}
}

// looks is how often in a WriteTimeout the system is asked how much it has for the peer. It
// may take nothing for long although the peer does: until a third of its buffer is free.
const looks = 4

// looksAtWriting reports whether the time to look has come, and that of the closing
// handshake has not. The caller then calls isStuck, unless there is no writer any more.
func (c *clock) looksAtWriting(by *bubbleTimer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := now()
	if by != c.bubble || c.more == nil || !c.more.writeAt.hasCome(now) || c.closing && c.actAt.hasCome(now) {
		return false
	}
	c.more.writeAt = never
	return true
}

// isStuck reports whether the peer has taken nothing for the timeout, given how many bytes
// the system has for it, if that is known. If so the clock is stopped, and otherwise set
// for the next look.
func (c *clock) isStuck(timeout time.Duration, unsent int, known bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, now := c.withMore(), now()
	if known && unsent != x.unsent {
		x.takenAt, x.unsent = now, unsent
	}
	if now.sub(x.takenAt) >= timeout {
		c.stopLocked()
		return true
	}
	next := x.takenAt.add(timeout)
	if known {
		next = next.orEarlier(now.add(timeout / looks))
	}
	x.writeAt = x.writeAt.orEarlier(next) // a writer may have begun meanwhile
	c.schedule()
	return false
}

// startIdle sets the time within which something must be received, again and again. It
// begins at the next call of noteDelivered.
func (c *clock) startIdle(timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastRead = now()
	c.withMore().hold(deliveryHold, c.lastRead)
	c.more.idleAt = c.lastRead.add(timeout)
	c.schedule()
}

// noteDelivered records that everything that was received is delivered, as far as it can
// be: whether the beginning of a message is left, and whether a message was complete since
// the last call. timeout is that of messages.
func (c *clock) noteDelivered(unfinished, completed bool, timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x, now := c.withMore(), now()
	begunAt := x.begunAt
	c.release(deliveryHold, now)
	switch {
	case c.closing:
	case !unfinished:
		x.begunAt = never
	case completed || begunAt == never:
		x.begunAt = now
	}
	if unfinished && !c.closing {
		if at := x.begunAt.add(timeout); x.messageAt == never || at < x.messageAt {
			x.messageAt = at
			c.schedule()
		}
	}
}

// holdClock records that s does not read, because of why.
func (s *Socket) holdClock(why holds) {
	c := s.clock.Load()
	if s.opts.timesReading {
		c = s.withClock() // because a message may be begun by now
	}
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pongBy = never
	if s.opts.timesReading {
		c.withMore().hold(why, now())
	}
}

func (x *timeouts) hold(why holds, now instant) {
	if x.held == 0 {
		x.heldAt = now
	}
	x.held |= why
}

// releaseClock records that why, which is not deliveryHold, is no longer a reason not to read.
func (s *Socket) releaseClock(why holds) {
	c := s.clock.Load()
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.more != nil {
		c.release(why, now())
	}
}

// release records that why is no longer a reason not to read. If it was the last one, the
// time since the first does not count.
func (c *clock) release(why holds, now instant) {
	x := c.more
	if x.held == 0 {
		return
	}
	if x.held &^= why; x.held != 0 {
		return
	}
	lost := now.sub(x.heldAt)
	if c.lastRead != never {
		c.lastRead = min(c.lastRead.add(lost), now)
		if at := c.lastRead.add(c.socket.opts.idleTimeout); x.idleAt != never && at < x.idleAt {
			x.idleAt = at // readDue has put it off, not knowing how long that lasts
			c.schedule()
		}
	}
	if x.begunAt != never {
		x.begunAt = min(x.begunAt.add(lost), now)
	}
}

// readDue is due for what the peer is to send. The caller holds the lock.
func (c *clock) readDue(now instant, set *settings) dueAct {
	x := c.more
	if x.messageAt.hasCome(now) {
		switch since := now.sub(x.begunAt); {
		case x.begunAt == never:
			x.messageAt = never
		case x.held != 0:
			x.messageAt = now.add(set.messageTimeout)
		case since < set.messageTimeout:
			x.messageAt = x.begunAt.add(set.messageTimeout)
		default:
			x.messageAt = never
			return messageDue
		}
	}
	if x.idleAt.hasCome(now) {
		switch since := now.sub(c.lastRead); {
		case x.held != 0:
			x.idleAt = now.add(set.idleTimeout)
		case since < set.idleTimeout:
			x.idleAt = c.lastRead.add(set.idleTimeout)
		default:
			x.idleAt = never
			return idleDue
		}
	}
	return nothingDue
}
