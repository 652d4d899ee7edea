package airsocket

import (
	"container/heap"
	"sync"
	"time"
)

// An alarm is the entry of a clock in alarms, whose lock guards it.
type alarm struct {
	at    time.Time // when tick is called
	seq   int       // what it is called with
	index int       // in the heap, plus 1; 0 if it is not there
}

// alarms holds the clocks of all connections outside of bubbles of testing/synctest, in
// the order of their next times. They share one timer, which runs only while there is
// something to wait for.
type alarms struct {
	mu    sync.Mutex
	heap  clockHeap
	timer *time.Timer
	fires time.Time // when the timer fires; zero if it is not running
}

var processAlarms alarms

// set makes c due at the given time, or never if that is zero. set is what c.tick is
// called with. The caller holds the lock of c.
func (a *alarms) set(c *clock, at time.Time, set int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !at.IsZero():
	case c.index > 0:
		heap.Remove(&a.heap, c.index-1)
		a.stopIfEmpty()
		return
	default:
		return
	}
	c.at, c.seq = at, set
	if c.index > 0 {
		heap.Fix(&a.heap, c.index-1)
	} else {
		heap.Push(&a.heap, c)
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
	if !a.fires.IsZero() && !first.Before(a.fires) {
		return
	}
	a.fires = first
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Until(first), a.fire)
	} else {
		a.timer.Reset(time.Until(first))
	}
}

// stopIfEmpty stops the timer if there is nothing to wait for. The caller holds the lock.
func (a *alarms) stopIfEmpty() {
	if len(a.heap) == 0 && !a.fires.IsZero() {
		a.timer.Stop()
		a.fires = time.Time{}
	}
}

// fire calls tick of all clocks whose time has come. tick must not wait for long, because
// the others wait for it.
func (a *alarms) fire() {
	a.mu.Lock()
	a.fires = time.Time{}
	for now := time.Now(); len(a.heap) > 0 && !now.Before(a.heap[0].at); {
		c := heap.Pop(&a.heap).(*clock)
		set := c.seq
		a.mu.Unlock()
		c.tick(c, set)
		a.mu.Lock()
	}
	a.start()
	a.mu.Unlock()
}

// A clockHeap is a heap of clocks by their next times.
type clockHeap []*clock

func (h clockHeap) Len() int           { return len(h) }
func (h clockHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h clockHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *clockHeap) Push(c any) {
	*h = append(*h, c.(*clock))
	c.(*clock).index = len(*h)
}

func (h *clockHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	c.index = 0
	return c
}
