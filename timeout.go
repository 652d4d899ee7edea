package airsocket

import (
	"net"
	"sync"
	"time"
)

// handshakeDeadlines are the times by which opening handshakes must be done, of all raw
// connections of sockets with the same Options, and so in the order in which they
// began; those of testing/synctest bubbles have deadlines instead. All of them
// share a timer that is seldom set: a deadline on each connection would often wake
// up the runtime's poller for nothing.
type handshakeDeadlines struct {
	mu          sync.Mutex
	first, last *handshakeDeadline
	fires       time.Time // when the timer does; zero or past if there is none
}

// handshakeDeadline is the deadline of one opening handshake.
type handshakeDeadline struct {
	conn       net.Conn // nil if it is not among the others
	due        time.Time
	prev, next *handshakeDeadline
}

// set makes conn fail with os.ErrDeadlineExceeded after a time that is the same for
// all.
func (ts *handshakeDeadlines) set(t *handshakeDeadline, conn net.Conn, after time.Duration) {
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

// start sets the timer for the first one. It is called with the lock held.
func (ts *handshakeDeadlines) start(now time.Time) {
	ts.fires = ts.first.due
	time.AfterFunc(ts.fires.Sub(now), ts.expire)
}

// clear reports whether the time of t has not come yet.
func (ts *handshakeDeadlines) clear(t *handshakeDeadline) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.remove(t)
}

// remove takes t from among the others, if it is there.
func (ts *handshakeDeadlines) remove(t *handshakeDeadline) bool {
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
	*t = handshakeDeadline{}
	return true
}

// expire is called by the timer.
func (ts *handshakeDeadlines) expire() {
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
