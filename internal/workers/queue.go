//go:build linux

package workers

import "syscall"

// A queue holds events in the order in which they came. It has a limit by construction:
// the kernel, which reports each Task once, is asked for more only when what it has reported
// before was taken, at most 64 events come back from each worker, and at most one event of
// Wake, and one for each lane that has more to do, is on its way for each Task. What is left of
// a Task that was removed is dropped when it is the first.
type queue struct {
	events []syscall.EpollEvent
	first  int
}

// keep is the largest number of events for which an empty queue keeps memory.
const keep = 1024

func (q *queue) len() int { return len(q.events) - q.first }

func (q *queue) push(evs ...syscall.EpollEvent) {
	if q.first > len(q.events)/2 && len(q.events)+len(evs) > cap(q.events) {
		q.events = q.events[:copy(q.events, q.events[q.first:])]
		q.first = 0
	}
	q.events = append(q.events, evs...)
}

// take removes the first n events and returns them. They are valid until the next push.
func (q *queue) take(n int) []syscall.EpollEvent {
	taken := q.events[q.first : q.first+n]
	q.first += n
	if q.first == len(q.events) {
		q.first, q.events = 0, q.events[:0]
		if cap(q.events) > keep {
			q.events = nil
		}
	}
	return taken
}
