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

// A loop is the part of a Dispatcher that holds what is still to come: posted
// functions, timers, and the count of what Run waits for. A Dispatcher has one loop for
// the process and one for each bubble of testing/synctest that uses it, for the reasons
// that package bubble explains: turns may belong to any of them, but goroutines and
// timers are started, and waited for, only within their own.
//
// A loop is guarded by Dispatcher.mu. The caller of its methods holds it, unless their
// comment says otherwise.
type loop struct {
	disp    *Dispatcher
	bubble  uint64    // 0 means the process
	pending int       // sockets, servers, timers and functions, including running ones
	idle    sync.Cond // signaled when pending becomes 0
	waiting int       // calls of Run that wait
	posted  []func()
	pumping bool // a goroutine is running posted functions
	timers
}

func (l *loop) init(d *Dispatcher, bubble uint64) {
	l.disp, l.bubble, l.idle.L = d, bubble, &d.mu
}

// add changes the count of what Run waits for. It must be called in the loop's own
// bubble, because it may wake Run. The loop of the process may be woken from anywhere.
func (l *loop) add(n int) {
	l.pending += n - l.overcount
	l.overcount = 0
	if l.pending == 0 {
		l.idle.Broadcast()
	}
	l.keep()
}

// wait returns when there is nothing left to wait for.
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

// pump runs the posted functions. It is called without the lock.
func (l *loop) pump() {
	done := false
	defer func() {
		if !done {
			go l.pump() // a function has ended this goroutine
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

// nextPosted removes and returns the next posted function. It is called without the
// lock.
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

// runPosted runs a posted function in a turn. It is called without the lock.
func (l *loop) runPosted(fn func()) {
	defer l.done()
	l.disp.do(fn)
}

// done is called when a function has returned and what was sent in its turn has been
// written. It is called without the lock.
func (l *loop) done() {
	l.disp.mu.Lock()
	defer l.disp.mu.Unlock()
	l.add(-1)
}

// bubbles holds the loops of bubbles for as long as they have something to do.
type bubbles struct {
	busy map[uint64]*loop

	// asleep holds the loops that have nothing but timers. Only the runtime timer of
	// the bubble keeps such a loop alive, so it is collected when the bubble has ended
	// and the timer can never fire.
	asleep map[uint64]weak.Pointer[loop]
}

// find returns the loop of a bubble, or a new one if there is none.
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

// keep decides how the loop of a bubble is kept. It is called whenever that may change.
func (l *loop) keep() {
	if l.bubble == 0 {
		return
	}
	b := &l.disp.extra.bubbles
	// A loop that is no longer kept may still have a goroutine, with nothing to do,
	// when its bubble already has another loop.
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
	every time.Duration // 0 for SetTimeout

	// Guarded by loop.disp.mu.
	due     time.Duration // on the clock of the loop
	seq     uint64        // orders timers with the same due
	index   int           // in the heap; -1 if it is not there
	cleared bool
}

// SetTimeout runs fn in a turn of its own after delay, like setTimeout of ActionScript
// and the browser. If delay is zero or less fn runs as soon as possible, but never
// inside the call of SetTimeout.
//
// Timers run in the order of their times, and those with the same time in the order of
// the calls. In a testing/synctest bubble a timer uses the time of the bubble, and ends
// with the bubble.
func (d *Dispatcher) SetTimeout(fn func(), delay time.Duration) *Timer {
	return d.startTimer(fn, delay, 0)
}

// SetInterval runs fn repeatedly until the Timer is cleared, like setInterval of
// ActionScript and the browser. Every run is a turn of its own. The interval is
// measured from the end of one run to the start of the next; if it is zero or less it
// is one millisecond.
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
		return // if its function is running, fired does the rest
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

// timers holds the timers of a loop, and the runtime timer that they share. Only
// goroutines of the loop's own bubble use that timer.
type timers struct {
	heap      timerHeap
	calls     uint64    // of schedule so far
	epoch     time.Time // when the clock started
	alarm     *time.Timer
	rings     time.Duration // when alarm rings, or has rung
	set       bool          // alarm is going to ring
	firing    bool          // a goroutine is running what is due
	overcount int           // timers cleared from outside the bubble that pending still counts
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

// setAlarm sets the alarm for the first timer. The alarm may ring early, for a timer
// that has been cleared: resetting it each time would cost more.
func (l *loop) setAlarm() {
	switch {
	case l.firing: // which sets it at its end
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
			go l.fire() // a function has ended this goroutine
		}
	}()
	for l.moreToFire() {
		l.fireFirst()
	}
	done = true
}

// moreToFire reports whether a timer is due. It is called without the lock.
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

// fireFirst runs the first timer. It removes the timer from the heap inside the turn,
// because until then a handler may clear it. It is called without the lock.
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

// takeDue removes and returns the first timer, or returns nil if it is not due. It is
// called without the lock.
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

// fired is called when the function of a timer has returned. It is called without the
// lock.
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

// timerHeap is a heap for package container/heap. Its first timer is the next to run.
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
		*h = nil // do not keep the memory of a million timers
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
