package airsocket

import (
	"sync"
	"time"
)

// alarms calls Socket.tick for the clocks of all connections outside of bubbles of
// testing/synctest, in the order of their next times. They share one timer, which runs
// only while there is something to wait for.
type alarms struct {
	tick func(*clock) // called without the lock; does not change

	mu    sync.Mutex
	heap  []alarmEntry // each has at most four children: entry i has those from 4*i+1 on
	timer *time.Timer
	fires instant // when the timer fires; never if it is not running
}

// An alarmEntry is a clock in alarms. The time is beside the pointer because comparing
// must not touch clocks, which are seldom in a processor's cache.
type alarmEntry struct {
	at    instant
	clock *clock
}

// An alarm is what a clock knows of its alarmEntry. The lock of alarms guards it.
type alarm struct {
	place int32 // in the heap, plus 1; 0 if it is not there
}

var processAlarms alarms

// Not a part of the declaration, because tick itself sets alarms.
func init() { processAlarms.tick = func(c *clock) { c.socket.tick(c, nil) } }

// set makes c due at the given time, or never. The caller holds the lock of c.
func (a *alarms) set(c *clock, at instant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case at != never && c.place == 0:
		a.grow()
		a.heap = append(a.heap, alarmEntry{})
		a.up(len(a.heap)-1, alarmEntry{at, c})
	case at != never:
		a.fix(int(c.place)-1, alarmEntry{at, c})
	case c.place > 0:
		a.remove(int(c.place) - 1)
		a.stopIfEmpty()
		return
	default:
		return
	}
	a.start()
}

// start sets the timer for the first clock, unless it fires early enough. The caller holds
// the lock.
func (a *alarms) start() {
	if len(a.heap) == 0 {
		return
	}
	first := a.heap[0].at
	if a.fires != never && a.fires <= first {
		return
	}
	a.fires = first
	if wait := first.sub(now()); a.timer == nil {
		a.timer = time.AfterFunc(wait, a.fire)
	} else {
		a.timer.Reset(wait)
	}
}

// stopIfEmpty stops the timer if there is nothing to wait for. The caller holds the lock.
func (a *alarms) stopIfEmpty() {
	if len(a.heap) == 0 && a.fires != never {
		a.timer.Stop()
		a.fires = never
	}
}

// fire calls tick for all clocks whose time has come. tick must not wait for long, because
// the others wait for it.
func (a *alarms) fire() {
	a.mu.Lock()
	a.fires = never
	for now := now(); len(a.heap) > 0 && a.heap[0].at <= now; {
		c := a.heap[0].clock
		a.remove(0)
		a.mu.Unlock()
		a.tick(c)
		a.mu.Lock()
	}
	a.start()
	a.mu.Unlock()
}

// grow makes room for another entry, with less to spare than append leaves.
func (a *alarms) grow() {
	if n := len(a.heap); n == cap(a.heap) {
		a.heap = append(make([]alarmEntry, 0, n+n/8+64), a.heap...)
	}
}

// remove removes the entry in place i. The caller holds the lock, as for what follows.
func (a *alarms) remove(i int) {
	a.heap[i].clock.place = 0
	end := len(a.heap) - 1
	last := a.heap[end]
	a.heap[end] = alarmEntry{}
	if a.heap = a.heap[:end]; i < end {
		a.fix(i, last)
	}
}

// fix puts e in place i, whose entry is no longer needed, or where it belongs from there.
func (a *alarms) fix(i int, e alarmEntry) {
	if i > 0 && e.at < a.heap[(i-1)/4].at {
		a.up(i, e)
	} else {
		a.down(i, e)
	}
}

// up puts e in place i, or in that of one of its parents.
func (a *alarms) up(i int, e alarmEntry) {
	for i > 0 {
		parent := (i - 1) / 4
		if a.heap[parent].at <= e.at {
			break
		}
		a.put(i, a.heap[parent])
		i = parent
	}
	a.put(i, e)
}

// down puts e in place i, or in that of one of its children.
func (a *alarms) down(i int, e alarmEntry) {
	for {
		child := 4*i + 1
		if child >= len(a.heap) {
			break
		}
		first := child
		for child++; child < min(4*i+5, len(a.heap)); child++ {
			if a.heap[child].at < a.heap[first].at {
				first = child
			}
		}
		if e.at <= a.heap[first].at {
			break
		}
		a.put(i, a.heap[first])
		i = first
	}
	a.put(i, e)
}

func (a *alarms) put(i int, e alarmEntry) {
	a.heap[i] = e
	e.clock.place = int32(i) + 1
}
