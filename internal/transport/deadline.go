package transport

import (
	"net"
	"sync"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
)

// Deadlines are the times by which opening handshakes must be done: of all raw
// connections for which the same time is set, and so in the order in which they were
// set. All of them share a timer that is seldom set: a deadline on each connection
// would often wake up the runtime's poller for nothing. The others, and those in
// bubbles of testing/synctest, have deadlines instead.
type Deadlines struct {
	mu          sync.Mutex
	first, last *Deadline
	fires       time.Time // when the timer does; zero or past if there is none
}

// A Deadline is one of the times of Deadlines.
type Deadline struct {
	conn       net.Conn // nil if it is not among the others
	due        time.Time
	prev, next *Deadline
}

// Set makes c fail with os.ErrDeadlineExceeded after a time that is the same for all.
// A time of 0 means never.
func (ts *Deadlines) Set(t *Deadline, c *Conn, after time.Duration) {
	switch {
	case after == 0:
	case c.raw != nil && bubble.ID() == 0:
		ts.add(t, c.conn, after)
	default:
		c.conn.SetDeadline(time.Now().Add(after))
	}
}

// Clear takes the deadline away. It reports whether its time has not come yet, as far
// as is known: there are connections that have no deadlines.
func (ts *Deadlines) Clear(t *Deadline, c *Conn, after time.Duration) (inTime bool) {
	switch {
	case after == 0:
	case c.raw != nil && bubble.ID() == 0:
		return ts.removed(t)
	default:
		c.conn.SetDeadline(time.Time{})
	}
	return true
}

func (ts *Deadlines) add(t *Deadline, conn net.Conn, after time.Duration) {
	now := time.Now()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.remove(t)
	t.conn, t.due, t.prev = conn, now.Add(after), ts.last
	if ts.last != nil {
		ts.last.next = t
	} else {
		ts.first = t
	}
	ts.last = t
	if ts.fires.Before(now) {
		ts.start(now)
	}
}

// removed is remove, with the lock.
func (ts *Deadlines) removed(t *Deadline) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.remove(t)
}

// start sets the timer for the first one. It is called with the lock held.
func (ts *Deadlines) start(now time.Time) {
	ts.fires = ts.first.due
	time.AfterFunc(ts.fires.Sub(now), ts.expire)
}

// remove takes t from among the others, and reports whether it was there.
func (ts *Deadlines) remove(t *Deadline) bool {
	if t.conn == nil {
		return false
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		ts.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		ts.last = t.prev
	}
	*t = Deadline{}
	return true
}

// expire is called by the timer.
func (ts *Deadlines) expire() {
	now := time.Now()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.fires = time.Time{}
	for t := ts.first; t != nil && !now.Before(t.due); t = ts.first {
		t.conn.SetDeadline(time.Unix(1, 0))
		ts.remove(t)
	}
	if ts.first != nil {
		ts.start(now)
	}
}
