package airsocket

import (
	"container/heap"
	"maps"
	"math"
	"sync"
	"time"
	"weak"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A loop is the part of a Dispatcher that knows what is still to come: functions
// that were posted, timers, and how much there is that Run waits for. A
// Dispatcher has one for the process and one for each bubble of testing/synctest
// that uses it, for the reasons in bubble.go: a turn may belong to any of them,
// but what starts, waits or wakes stays in its own.
//
// It is guarded by Dispatcher.mu. Its methods are called with that held, unless
// their comment says otherwise.
type loop struct {
	disp    *Dispatcher
	bubble  uint64    // 0: the process
	pending int       // sockets, servers, timers and functions, those running included
	idle    sync.Cond // pending has become 0
	waiting int       // calls of Run
	posted  []func()
	pumping bool // a goroutine is there to run what is posted
	timers
}

func (l *loop) init(d *Dispatcher, bubble uint64) {
	l.disp, l.bubble, l.idle.L = d, bubble, &d.mu
}

// add changes the count of what Run waits for. It is called in the loop's own
// bubble, as it may wake Run; that of the process can be woken from anywhere.
func (l *loop) add(n int) {
	l.pending += n - l.overcount
	l.overcount = 0
	if l.pending == 0 {
		l.idle.Broadcast()
	}
	l.keep()
}

// wait returns when nothing is left to wait for.
func (l *loop) wait() {
	l.waiting++
	l.keep()
	for l.pending > 0 {
		l.idle.Wait()
	}
	l.waiting--
	l.keep()
}

func (l *loop) post(fn func()) {
	l.posted = append(l.posted, fn)
	if !l.pumping {
		l.pumping = true
		go l.pump()
	}
	l.add(1)
}

// pump runs what is posted. It is called without the lock.
func (l *loop) pump() {
	done := false
	defer func() {
		if !done {
			go l.pump() // a function ended its goroutine, which was this one
		}
	}()
	for {
		fn, ok := l.nextPosted()
		if !ok {
			done = true
			return
		}
		l.runPosted(fn)
	}
}

// nextPosted is called without the lock.
func (l *loop) nextPosted() (fn func(), ok bool) {
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	if len(l.posted) == 0 {
		l.posted, l.pumping = nil, false
		return nil, false
	}
	fn = l.posted[0]
	l.posted = l.posted[1:]
	return fn, true
}

// runPosted is called without the lock.
func (l *loop) runPosted(fn func()) {
	defer l.done()
	l.disp.do(fn)
}

// done is called when a function has run and what its turn has sent has been
// written. It is called without the lock.
func (l *loop) done() {
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	l.add(-1)
}

// bubbles are the loops of bubbles, for as long as they have something to do.
type bubbles struct {
	busy map[uint64]*loop

	// asleep have nothing but timers. The bubble's runtime timer keeps them, and
	// takes them with it when the bubble has ended and can never fire it.
	asleep map[uint64]weak.Pointer[loop]
}

func (b *bubbles) find(d *Dispatcher, bubble uint64) *loop {
	if l := b.busy[bubble]; l != nil {
		return l
	}
	if l := b.asleep[bubble].Value(); l != nil {
		return l
	}
	maps.DeleteFunc(b.asleep, func(_ uint64, p weak.Pointer[loop]) bool { return p.Value() == nil })
	l := new(loop)
	l.init(d, bubble)
	return l
}

// keep decides how the loop of a bubble is kept, whenever that may change.
func (l *loop) keep() {
	if l.bubble == 0 {
		return
	}
	b := &l.disp.extra.bubbles
	// A loop that was let go may still have a goroutine, which finds nothing to
	// do, when the bubble has another one already.
	if b.busy[l.bubble] == l {
		delete(b.busy, l.bubble)
	}
	if b.asleep[l.bubble].Value() == l {
		delete(b.asleep, l.bubble)
	}
	switch {
	case l.waiting == 0 && l.pending == 0:
	case l.waiting == 0 && l.pending == len(l.heap)+l.overcount:
		if b.asleep == nil {
			b.asleep = make(map[uint64]weak.Pointer[loop])
		}
		b.asleep[l.bubble] = weak.Make(l)
	default:
		if b.busy == nil {
			b.busy = make(map[uint64]*loop)
		}
		b.busy[l.bubble] = l
	}
}

// A Timer is a call of a function that SetTimeout or SetInterval has scheduled.
type Timer struct {
	loop  *loop
	fn    func()
	every time.Duration // 0: once

	// Under loop.disp.mu.
	due     time.Duration // on the clock of the loop
	seq     uint64        // of the call, among those with the same due
	index   int           // in the heap; -1: not there
	cleared bool
}

// SetTimeout runs fn in a turn of its own after delay, like setTimeout of
// ActionScript and the browser. With a delay of zero or less fn runs as soon as it
// can, but never within the call.
//
// Timers run in the order of their times, and those with the same time in the order
// of the calls. In a testing/synctest bubble a timer uses the time of the bubble,
// and ends with the bubble.
func (d *Dispatcher) SetTimeout(fn func(), delay time.Duration) *Timer {
	return d.startTimer(fn, delay, 0)
}

// SetInterval runs fn repeatedly until the Timer is cleared, like setInterval of
// ActionScript and the browser. Every run is a turn of its own. The time every
// counts from the end of one run to the start of the next. If it is zero or less it
// is taken as one millisecond.
func (d *Dispatcher) SetInterval(fn func(), every time.Duration) *Timer {
	if every <= 0 {
		every = time.Millisecond
	}
	return d.startTimer(fn, every, every)
}

func (d *Dispatcher) startTimer(fn func(), delay, every time.Duration) *Timer {
	id := bubble.ID()
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.loop(id)
	t := &Timer{loop: l, fn: fn, every: every}
	l.schedule(t, delay)
	l.add(1)
	return t
}

// Clear stops the timer. Called in a turn of its Dispatcher, it stops the timer even
// if its time has come. Called elsewhere, it may be too late for a function that is
// about to run. Clearing a timer twice, or one that has run, does nothing. Clear may
// be called from any goroutine.
func (t *Timer) Clear() {
	l, id := t.loop, bubble.ID()
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	t.cleared = true
	if t.index < 0 {
		return // fired sees to the rest, if its function is running
	}
	heap.Remove(&l.heap, t.index)
	if l.bubble != 0 && l.bubble != id {
		l.overcount++ // a Run that waits in that bubble must not be woken from here
		return
	}
	if l.bubble == id {
		l.setAlarm()
	}
	l.add(-1)
}

// timers holds the timers of a loop, and the one runtime timer behind them, which
// only goroutines of the loop's own bubble touch.
type timers struct {
	heap      timerHeap
	calls     uint64    // of schedule
	epoch     time.Time // of the clock
	alarm     *time.Timer
	rings     time.Duration // when alarm does, or did
	set       bool          // alarm is going to ring
	firing    bool          // a goroutine is there to run what is due
	overcount int           // of pending: cleared from outside the bubble, and still counted in pending
}

// clock returns the time since its first call.
func (ts *timers) clock() time.Duration {
	if ts.epoch.IsZero() {
		ts.epoch = time.Now()
	}
	return time.Since(ts.epoch)
}

// schedule adds t to the heap.
func (l *loop) schedule(t *Timer, delay time.Duration) {
	l.calls++
	t.seq, t.due = l.calls, l.clock()
	if t.due += max(delay, 0); t.due < 0 {
		t.due = math.MaxInt64
	}
	heap.Push(&l.heap, t)
	l.setAlarm()
}

// setAlarm sets the alarm for the first timer. It may ring earlier, for a timer that
// has been cleared: resetting it each time would cost more.
func (l *loop) setAlarm() {
	switch {
	case l.firing: // and will set it
	case len(l.heap) == 0:
		if l.set {
			l.set = false
			l.alarm.Stop()
		}
	case l.set && l.rings <= l.heap[0].due:
	default:
		l.set, l.rings = true, l.heap[0].due
		if wait := l.rings - l.clock(); l.alarm == nil {
			l.alarm = time.AfterFunc(wait, l.ring)
		} else {
			l.alarm.Reset(wait)
		}
	}
}

// ring is called by the alarm, without the lock. There may be nothing to do, or
// another goroutine may already be doing it.
func (l *loop) ring() {
	l.disp.mu.Lock()
	l.set = false
	begin := !l.firing
	l.firing = true
	l.disp.mu.Unlock()
	if begin {
		l.fire()
	}
}

// fire runs the timers that are due. It is called without the lock.
func (l *loop) fire() {
	done := false
	defer func() {
		if !done {
			go l.fire() // a function ended its goroutine, which was this one
		}
	}()
	for l.moreToFire() {
		l.fireFirst()
	}
	done = true
}

// moreToFire is called without the lock.
func (l *loop) moreToFire() bool {
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	if l.isDue() {
		return true
	}
	l.firing = false
	l.setAlarm()
	l.add(0) // for those that were cleared from outside the bubble
	return false
}

func (l *loop) isDue() bool { return len(l.heap) > 0 && l.heap[0].due <= l.clock() }

// fireFirst runs the first timer. It takes the timer inside the turn, since until
// then a handler may clear it. It is called without the lock.
func (l *loop) fireFirst() {
	var t *Timer
	defer func() {
		if t != nil {
			l.fired(t)
		}
	}()
	l.disp.do(func() {
		if t = l.takeDue(); t != nil {
			t.fn()
		}
	})
}

// takeDue is called without the lock.
func (l *loop) takeDue() *Timer {
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	if !l.isDue() {
		return nil
	}
	t := heap.Pop(&l.heap).(*Timer)
	l.keep()
	return t
}

// fired is called when a timer's function has run, without the lock.
func (l *loop) fired(t *Timer) {
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	if t.every == 0 || t.cleared {
		l.add(-1)
		return
	}
	l.schedule(t, t.every)
	l.keep()
}

// timerHeap is a heap for package container/heap. The first timer is the next.
type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return h[i].seq < h[j].seq
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(t any) {
	t.(*Timer).index = len(*h)
	*h = append(*h, t.(*Timer))
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	t.index = -1
	if (*h)[last] = nil; last == 0 {
		*h = nil // what a million timers have needed is not kept
	} else {
		*h = (*h)[:last]
	}
	return t
}

// SetTimeout calls [Dispatcher.SetTimeout] on the [Default] Dispatcher.
func SetTimeout(fn func(), delay time.Duration) *Timer {
	return defaultDispatcher.SetTimeout(fn, delay)
}

// SetInterval calls [Dispatcher.SetInterval] on the [Default] Dispatcher.
func SetInterval(fn func(), every time.Duration) *Timer {
	return defaultDispatcher.SetInterval(fn, every)
}
