package airsocket

// A turnWaiter is a connection that waits, unread, until fewer goroutines wait for the
// turn. So a handler that takes long costs those that wait behind it neither a goroutine
// nor a buffer.
type turnWaiter interface {
	// turnSoon says that a goroutine may wait for the turn now. It returns false if the
	// turnWaiter no longer waits. Otherwise callQueued is called again, for the next one,
	// when it has had its turn, or has found that it needs none.
	turnSoon() bool
}

// A turnQueue is where turnWaiters wait. The zero value is empty.
type turnQueue struct {
	first []turnWaiter // in the order in which they came
	again []turnWaiter // those that have had a turn and have more to do, in the same order
	taken int          // how many were taken from first in a row while some of again wait
}

// mostBefore is how many turnWaiters that have something new are taken before one that has
// more to do.
const mostBefore = 16

func (q *turnQueue) len() int { return len(q.first) + len(q.again) }

// add adds w. again says that w has had a turn and has not done all that it had to do.
func (q *turnQueue) add(w turnWaiter, again bool) {
	if again {
		q.again = append(q.again, w)
	} else {
		q.first = append(q.first, w)
	}
}

// take removes the next one and returns it, or nil if there is none.
func (q *turnQueue) take() turnWaiter {
	from := &q.first
	switch {
	case len(q.again) == 0:
		q.taken = 0
	case len(q.first) == 0 || q.taken == mostBefore:
		from, q.taken = &q.again, 0
	default:
		q.taken++
	}
	all := *from
	if len(all) == 0 {
		return nil
	}
	w := all[0]
	all[0] = nil
	if all = all[1:]; len(all) == 0 {
		all = nil
	}
	*from = all
	return w
}
