//go:build linux

package workers

import (
	"sync/atomic"
	"syscall"
	"time"
)

// A worker is a goroutine that polls or serves.
type worker struct {
	// share is sequence<<32 | next<<16 | end: events[next:end] is what w has not begun.
	// The sequence changes with each step, by which the monitor sees progress. w takes
	// from the share by compare-and-swap. The share is filled by w, and emptied by the
	// monitor, under the lock of the pool.
	share  atomic.Uint64
	events [mostTaken]syscall.EpollEvent

	// Only the worker's goroutine uses these.
	task  *Task // the Task that is being served
	lane  lane
	ended bool

	unpark chan bool // whether to go on; has room for one

	// Guarded by the lock of the pool.
	index    int    // among the active workers
	serving  bool   // the worker has a share
	detached bool   // it is held up, and no longer active
	seen     uint64 // the share when the monitor last looked
}

const oneStep = 1 << 32

// fill gives w a share; w has none.
func (w *worker) fill(evs []syscall.EpollEvent) {
	n := copy(w.events[:], evs)
	w.share.Store((w.share.Load()>>32+1)<<32 | uint64(n))
}

// next takes an event from the share.
func (w *worker) next() (ev syscall.EpollEvent, ok bool) {
	for {
		s := w.share.Load()
		next, end := s>>16&0xffff, s&0xffff
		if next == end {
			return ev, false
		}
		// Only w itself writes to events, so it may read before it knows that the event is
		// its own.
		ev = w.events[next]
		if w.share.CompareAndSwap(s, s+oneStep+1<<16) {
			return ev, true
		}
	}
}

// empty takes all that w has not begun. It fails if the share is not s any more. The
// events are valid as long as the lock of the pool is held.
func (w *worker) empty(s uint64) (rest []syscall.EpollEvent, ok bool) {
	next, end := s>>16&0xffff, s&0xffff
	if !w.share.CompareAndSwap(s, (s>>32+1)<<32|end<<16|end) {
		return nil, false
	}
	return w.events[next:end], true
}

// work serves what is ready until w is not needed.
func (p *pool) work(w *worker) {
	defer func() {
		if !w.ended {
			p.replace(w) // runtime.Goexit was called in a call, or the program panics
		}
	}()
	for p.take(w) {
		for ev, ok := w.next(); ok; ev, ok = w.next() {
			p.serve(w, ev)
		}
	}
	w.ended = true
}

// longTurn is the time for which a lane is called for what comes meanwhile, before others have
// their turn.
const longTurn = time.Millisecond

// A turn is a series of calls of one lane. The zero turn has not begun.
type turn struct{ since time.Time }

// isLong is called after a call if there is more to do, and reports whether that has to wait. It
// counts from the end of the first call, as most turns have only one and need no clock.
func (u *turn) isLong() bool {
	now := time.Now()
	if u.since.IsZero() {
		u.since = now
		return false
	}
	return now.Sub(u.since) > longTurn
}

// serve calls the Server that the event is for.
func (p *pool) serve(w *worker, ev syscall.EpollEvent) {
	t := p.tasks.find(ev.Fd)
	if t == nil {
		return
	}
	l, set, clear := in, uint64(0), uint64(0)
	switch {
	case ev.Events == wakeEvent:
		clear = woken
	case ev.Events == putOffIn:
		clear = l.putOff()
	case ev.Events == putOffOut:
		l = out
		clear = l.putOff()
	case ev.Events == syscall.EPOLLOUT:
		l = out
	case ev.Events&hup != 0:
		set = hungUp
	}
	if !t.begin(l, uint32(ev.Pad), set, clear) {
		return
	}
	w.task, w.lane = t, l
	for u := (turn{}); ; {
		more := t.call(l)
		if !more && !t.finish(l) {
			break
		}
		if more || u.isLong() {
			if ev, ok := t.leaveLater(l); ok {
				p.putOff(w, ev)
			}
			break
		}
		w.share.Add(oneStep)
	}
	w.task = nil
}

// putOff adds an event of w itself to later. Nobody is woken for it if w has nothing else to
// serve and so looks there next.
func (p *pool) putOff(w *worker, ev syscall.EpollEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.later.push(ev)
	if s := w.share.Load(); w.detached || s>>16&0xffff != s&0xffff {
		p.alert()
	}
}

// serveFirst calls In, for which the caller has the lane, and then leaves t to the workers.
func (p *pool) serveFirst(t *Task) {
	done := false
	defer func() {
		if !done && t.finish(in) { // runtime.Goexit was called
			p.push(&p.ready, t.leave(in))
		}
	}()
	for u := (turn{}); ; {
		more := t.call(in)
		if !more && !t.finish(in) {
			break
		}
		if more || u.isLong() {
			if ev, ok := t.leaveLater(in); ok {
				p.push(&p.later, ev)
			}
			break
		}
	}
	done = true
}

// replace starts another worker for w, whose goroutine ends within a call.
func (p *pool) replace(w *worker) {
	if w.task != nil && w.task.finish(w.lane) {
		p.push(&p.ready, w.task.leave(w.lane))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if rest, ok := w.empty(w.share.Load()); ok {
			p.ready.push(rest...)
			break
		}
	}
	if w.detached {
		p.held-- // its share and its place are taken
		return
	}
	p.drop(w)
	p.startWorker()
}
