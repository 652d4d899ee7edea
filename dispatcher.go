package airsocket

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Dispatcher is a thread of events: the handlers of all sockets, servers and
// timers that belong to it run one after another, never at the same time, as
// in ActionScript, the browser, Node and EventMachine. Handlers of one
// Dispatcher may therefore share variables without a lock.
//
// A Dispatcher is a turnstile and not a goroutine. A goroutine that has an
// event to deliver takes the turn, runs the handlers itself and leaves. What
// the handlers have sent goes out when the turn ends, in one write for each
// socket. A handler that blocks holds up everything else on its Dispatcher.
//
// The zero value is ready for use.
type Dispatcher struct {
	turn sync.Mutex // held for the length of a turn

	// unflushed are the sockets that have been sent to during this turn, linked
	// by Socket.out.next and ended by endOfTurn. It is nil between turns.
	unflushed atomic.Pointer[Socket]

	home *Dispatcher // where Run waits for this one; nil for itself

	mu      sync.Mutex // guards what follows; no handler runs under it
	pending int        // sockets, servers, timers, posts that can cause a turn
	extra   *extra     // nil until there is a Post or a Run
}

// extra is the part of a Dispatcher that those of single sockets do without.
type extra struct {
	posted  []func()
	pumping bool      // a goroutine is there to run what is posted
	idle    sync.Cond // pending has become 0

	slots  []sync.Mutex // see takeSlot
	waitAt int          // the one of them that was waited for last
}

// withExtra is d.extra. The caller holds d.mu.
func (d *Dispatcher) withExtra() *extra {
	if d.extra == nil {
		d.extra = &extra{idle: sync.Cond{L: &d.mu}}
	}
	return d.extra
}

// defaultDispatcher is the one of all sockets that are not told another.
var defaultDispatcher = new(Dispatcher)

// endOfTurn ends the list of unflushed sockets.
var endOfTurn = new(Socket)

// NewDispatcher returns a thread of events of its own.
func NewDispatcher() *Dispatcher { return new(Dispatcher) }

// enter takes the turn; leave ends it.
func (d *Dispatcher) enter() {
	d.turn.Lock()
	d.unflushed.Store(endOfTurn)
}

// leave ends the turn and then writes what was sent in it: the next turn need
// not wait for the kernel. A reader that may use its descriptor directly names
// itself and it.
func (d *Dispatcher) leave(self *Socket, fd int) {
	s := d.unflushed.Swap(nil)
	d.turn.Unlock()
	for s != endOfTurn {
		next := s.out.next // the next turn may link it again once it is flushed
		if s == self {
			s.flush(fd)
		} else {
			s.flush(noFD)
		}
		s = next
	}
}

// flushLater has s flushed at the end of the turn that is under way. It
// reports false if there is none. The caller holds s.out, and s is not listed.
func (d *Dispatcher) flushLater(s *Socket) bool {
	for {
		head := d.unflushed.Load()
		if head == nil {
			return false
		}
		s.out.next = head
		if d.unflushed.CompareAndSwap(head, s) {
			return true
		}
	}
}

// do runs fn in a turn. Deferring the end keeps the turnstile open for others
// if fn ends its goroutine, as a failing test does.
func (d *Dispatcher) do(fn func()) {
	d.enter()
	defer d.leave(nil, noFD)
	fn()
}

// Post has fn run in a turn of its own, after those that are already waiting.
// It returns at once and may be called from any goroutine: it is the way into
// the thread of events from outside.
func (d *Dispatcher) Post(fn func()) {
	d.hold()
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.withExtra()
	x.posted = append(x.posted, fn)
	if !x.pumping {
		x.pumping = true
		go d.pump()
	}
}

func (d *Dispatcher) pump() {
	done := false
	defer func() {
		if !done {
			go d.pump() // a function ended its goroutine, which was this one
		}
	}()
	for {
		d.mu.Lock()
		x := d.extra
		if len(x.posted) == 0 {
			x.posted, x.pumping, done = nil, false, true
			d.mu.Unlock()
			return
		}
		fn := x.posted[0]
		x.posted = x.posted[1:]
		d.mu.Unlock()
		d.runPosted(fn)
	}
}

func (d *Dispatcher) runPosted(fn func()) {
	defer d.release()
	d.do(fn)
}

// Run runs main as the first turn and returns when nothing is left that could
// cause another: no socket that is connecting, open or closing, no listening
// server, no timer and no posted function. It is EventMachine's EM.run and the
// rule by which a Node process exits. It must not be called from a handler.
//
// Sockets with Options.Parallel belong to the Dispatcher that they would have
// had without it.
func (d *Dispatcher) Run(main func()) {
	d.hold()
	d.runPosted(main)

	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.withExtra()
	for d.pending > 0 {
		x.idle.Wait()
	}
}

// hold and release count what Run waits for.
func (d *Dispatcher) hold() {
	if d.home != nil {
		d = d.home
	}
	d.mu.Lock()
	d.pending++
	d.mu.Unlock()
}

func (d *Dispatcher) release() {
	if d.home != nil {
		d = d.home
	}
	d.mu.Lock()
	d.pending--
	if d.pending == 0 && d.extra != nil {
		d.extra.idle.Broadcast()
	}
	d.mu.Unlock()
}

// A Timer is what SetTimeout and SetInterval return.
type Timer struct {
	d     *Dispatcher
	fn    func()
	every time.Duration // 0: once

	mu      sync.Mutex
	timer   *time.Timer
	cleared bool
}

// SetTimeout has fn run in a turn after the time delay, like setTimeout of
// ActionScript and the browser.
func (d *Dispatcher) SetTimeout(fn func(), delay time.Duration) *Timer {
	return d.startTimer(fn, delay, 0)
}

// SetInterval has fn run in a turn each time the time every has passed, like
// setInterval of ActionScript and the browser, until the Timer is cleared. The
// time counts from the end of one run to the beginning of the next. An every
// of zero or less is taken as a millisecond.
func (d *Dispatcher) SetInterval(fn func(), every time.Duration) *Timer {
	if every <= 0 {
		every = time.Millisecond
	}
	return d.startTimer(fn, every, every)
}

func (d *Dispatcher) startTimer(fn func(), delay, every time.Duration) *Timer {
	t := &Timer{d: d, fn: fn, every: every}
	d.hold()
	t.mu.Lock()
	t.timer = time.AfterFunc(delay, t.fire)
	t.mu.Unlock()
	return t
}

// Clear stops the timer: its function is not called any more, not even if its
// time has come already, if Clear is called in a turn of the same Dispatcher.
// Clearing twice, or a timer that has run, does nothing.
func (t *Timer) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.cleared {
		t.cleared = true
		t.timer.Stop()
		t.d.release()
	}
}

func (t *Timer) fire() {
	defer t.rearm()
	t.d.do(func() {
		if t.active() {
			t.fn()
		}
	})
}

func (t *Timer) rearm() {
	if t.every == 0 {
		t.Clear()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.cleared {
		t.timer.Reset(t.every)
	}
}

func (t *Timer) active() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.cleared
}

// Run is [Dispatcher.Run] of the default Dispatcher, on which every socket and
// server is that was not told otherwise.
func Run(main func()) { defaultDispatcher.Run(main) }

// Post is [Dispatcher.Post] of the default Dispatcher.
func Post(fn func()) { defaultDispatcher.Post(fn) }

// SetTimeout is [Dispatcher.SetTimeout] of the default Dispatcher.
func SetTimeout(fn func(), delay time.Duration) *Timer {
	return defaultDispatcher.SetTimeout(fn, delay)
}

// SetInterval is [Dispatcher.SetInterval] of the default Dispatcher.
func SetInterval(fn func(), every time.Duration) *Timer {
	return defaultDispatcher.SetInterval(fn, every)
}
