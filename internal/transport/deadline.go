package transport

import (
	"sync"
	"time"

	"github.com/airsocket/airsocket/internal/bubble"
)

// Deadlines holds the times by which opening handshakes must be done. All of them have
// the same timeout, so they are due in the order in which they were set. Connections
// with a descriptor share one timer, which is seldom set: a deadline on each connection
// would often wake the runtime's poller for nothing. All other connections, and those
// in bubbles of testing/synctest, have deadlines of their own instead.
type Deadlines struct {
	mu          sync.Mutex
	first, last *Deadline
	fires       time.Time // when the timer fires; zero or in the past if none is set
}

// A Deadline is an entry of Deadlines.
type Deadline struct {
	conn       *Conn // nil if the Deadline is not set
	due        time.Time
	prev, next *Deadline
}

// Set makes reads and writes of c fail with os.ErrDeadlineExceeded once the given time
// has passed. It must be the same in all calls; 0 means never.
func (ts *Deadlines) Set(t *Deadline, c *Conn, after time.Duration) {
	switch {
	case after == 0:
	case c.sharesDeadlines():
		ts.add(t, c, after)
	default:
		c.conn.SetDeadline(time.Now().Add(after))
	}
}

// Clear removes the deadline that Set has set with the same arguments. It reports false
// if the time is known to have passed; deadlines of the connection itself do not tell.
func (ts *Deadlines) Clear(t *Deadline, c *Conn, after time.Duration) (inTime bool) {
	switch {
	case after == 0:
	case c.sharesDeadlines():
		return ts.removed(t)
	default:
		c.conn.SetDeadline(time.Time{})
	}
	return true
}

func (ts *Deadlines) add(t *Deadline, conn *Conn, after time.Duration) {
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

// removed is like remove, but takes the lock.
func (ts *Deadlines) removed(t *Deadline) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.remove(t)
}

// start sets the timer for the first Deadline. The caller holds the lock.
func (ts *Deadlines) start(now time.Time) {
	ts.fires = ts.first.due
	time.AfterFunc(ts.fires.Sub(now), ts.expire)
}

// remove removes t, and reports whether it was set. The caller holds the lock.
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

// expire is called when the timer fires.
func (ts *Deadlines) expire() {
	now := time.Now()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.fires = time.Time{}
	for t := ts.first; t != nil && !now.Before(t.due); t = ts.first {
		t.conn.expire()
		ts.remove(t)
	}
	if ts.first != nil {
		ts.start(now)
	}
}

// sharesDeadlines reports whether the deadlines of c are in lists with others.
func (c *Conn) sharesDeadlines() bool {
	return c.HasWorkers() || c.way == byRaw && bubble.ID() == 0
}

// expire makes reads and writes of c fail with os.ErrDeadlineExceeded.
func (c *Conn) expire() {
	c.flags.set(expired)
	if !c.isServed() {
		c.conn.SetDeadline(time.Unix(1, 0))
	}
	if c.HasWorkers() {
		c.Wake()
	}
}
