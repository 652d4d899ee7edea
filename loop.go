package airsocket

import (
	"maps"
	"sync"
	"weak"
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
