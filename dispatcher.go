package airsocket

import (
	"sync"
	"sync/atomic"

	"github.com/airsocket/airsocket/internal/bubble"
	"github.com/airsocket/airsocket/internal/dial"
)

// A Dispatcher runs the handlers of all sockets, servers and timers that belong to
// it one after another, never at the same time, like the event loop of
// ActionScript, the browser, Node and EventMachine. Handlers of one Dispatcher may
// therefore share variables without a lock.
//
// One slow handler holds up everything else on its Dispatcher, which by default is
// every socket of the process. Do long work in a goroutine that calls Post with the
// result, or set Options.Parallel. Options.SlowTurn helps to find such handlers.
//
// A Dispatcher is a turnstile, not a goroutine. A goroutine that has an event to
// deliver takes the turn, runs the handlers itself and ends the turn. What the
// handlers have sent then goes out, in one write for each socket.
//
// The zero value is ready for use.
type Dispatcher struct {
	turn    sync.Mutex   // held for the length of a turn
	waiting atomic.Int32 // goroutines that wait for the turn
	queued  atomic.Int32 // connections that wait for it without a goroutine, in extra.queue

	// unflushed is the list of the senders to flush at the end of this turn, linked by
	// sender.next and terminated by endOfTurn. It is nil between turns.
	unflushed atomic.Pointer[sender]

	turnEnd atomic.Pointer[turnEnd] // nil until it is needed

	mu    sync.Mutex // guards extra and the loops; not held while a handler runs
	extra *extra     // nil until it is needed
}

// A turnEnd is what is done at the end of each turn of a Dispatcher.
type turnEnd struct {
	fn    func()        // set by OnTurnEnd; used only in turns
	turns atomic.Uint64 // how many turns have ended, but for those before the turnEnd
}

// extra is the part of a Dispatcher that is seldom needed by the Dispatcher of a
// Parallel socket.
type extra struct {
	process loop // for all goroutines outside of bubbles
	bubbles
	decoding *decodingSlots
	queue    turnQueue
	openings dial.Queue // of clients that open one connection at a time
}

// withExtra returns d.extra, which it creates if it is nil. The caller holds d.mu.
func (d *Dispatcher) withExtra() *extra {
	if d.extra == nil {
		d.extra = new(extra)
		d.extra.process.init(d, 0)
	}
	return d.extra
}

// loop returns the loop of the bubble with the given ID, or the loop of the process for
// 0. The caller holds d.mu.
func (d *Dispatcher) loop(id uint64) *loop {
	x := d.withExtra()
	if id == 0 {
		return &x.process
	}
	return x.bubbles.find(d, id)
}

var defaultDispatcher = new(Dispatcher)

// Default returns the default Dispatcher, which is used by every socket and server
// unless Options.Dispatcher is set, and by the functions [Run], [Post], [SetTimeout]
// and [SetInterval].
func Default() *Dispatcher { return defaultDispatcher }

// endOfTurn terminates the list of unflushed senders.
var endOfTurn = new(sender)

// enter takes the turn; leave ends it.
func (d *Dispatcher) enter() {
	if !d.turn.TryLock() {
		d.waiting.Add(1)
		d.turn.Lock()
		d.waiting.Add(-1)
	}
	d.unflushed.Store(endOfTurn)
}

// leave ends the turn and then writes what was sent in it, so that the next turn need
// not wait for the system. A goroutine that serves a connection passes the sender of
// that connection, which has a faster way to write then.
func (d *Dispatcher) leave(served *sender) {
	s := d.unflushed.Swap(nil)
	d.turn.Unlock()
	for s != endOfTurn {
		next := s.next // the next turn may link it again once it is flushed
		s.flush(s == served)
		s = next
	}
	if d.queued.Load() > 0 {
		d.callQueued()
	}
}

// maxWaiting is the number of goroutines that wait for a turn from which on connections
// that can wait without a goroutine do so.
const maxWaiting = 4

// isCrowded reports whether so many goroutines wait for the turn that others should wait
// in the queue.
func (d *Dispatcher) isCrowded() bool { return d.waiting.Load() >= maxWaiting }

// waitInQueue adds w to the queue; see turnQueue.add.
func (d *Dispatcher) waitInQueue(w turnWaiter, again bool) {
	d.mu.Lock()
	x := d.withExtra()
	x.queue.add(w, again)
	d.queued.Store(int32(x.queue.len()))
	d.mu.Unlock()
	// Those who have left the turn before that have not seen w.
	if !d.isCrowded() {
		d.callQueued()
	}
}

// callQueued calls the first in the queue, unless there still is a crowd.
//
//go:noinline
func (d *Dispatcher) callQueued() {
	for !d.isCrowded() { // otherwise one of those who wait will look again
		w := d.dequeue()
		if w == nil || w.turnSoon() {
			return
		}
	}
}

// dequeue removes the next one in the queue and returns it, or nil if the queue is empty.
func (d *Dispatcher) dequeue() turnWaiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	x := d.withExtra()
	w := x.queue.take()
	d.queued.Store(int32(x.queue.len()))
	return w
}

// OnTurnEnd sets the function that is called at the end of each turn of the Dispatcher,
// whether the turn was for a socket, a server, a timer or a posted function. It is
// called in the turn, after the handlers and before what they have sent is written;
// what it sends itself goes out with the rest. This is the place to run the microtasks
// of a script engine. The function may also be called at the end of a turn that had no
// handler to call.
//
// OnTurnEnd replaces the function that was set before, and nil removes it. Call it
// before the Dispatcher is used, or in one of its turns: the function is then called
// for the first time at the end of that turn. Sockets with Options.Parallel have
// Dispatchers of their own, which do not call it. Options.Recover has no effect on the
// function: if it panics the program ends, as with a function passed to Post.
func (d *Dispatcher) OnTurnEnd(fn func()) { d.withTurnEnd().fn = fn }

// withTurnEnd returns d.turnEnd, which it creates if it is nil.
func (d *Dispatcher) withTurnEnd() *turnEnd {
	if d.turnEnd.Load() == nil {
		d.turnEnd.CompareAndSwap(nil, new(turnEnd))
	}
	return d.turnEnd.Load()
}

// countTurns makes turnNumber tell turns apart.
func (d *Dispatcher) countTurns() { d.withTurnEnd() }

// turnNumber returns the number of the turn that runs, or 0 if none does. Call countTurns
// before.
func (d *Dispatcher) turnNumber() uint64 {
	if d.unflushed.Load() == nil {
		return 0
	}
	return d.turnEnd.Load().turns.Load() + 1
}

// callTurnEnd calls the function that OnTurnEnd has set, and counts the turn. If that
// function panics or ends its goroutine, the caller cannot end the turn, so callTurnEnd ends
// it.
//
// It is a function of its own so that the frame of Socket.leave stays small; see
// ARCHITECTURE.md.
//
//go:noinline
func (d *Dispatcher) callTurnEnd() {
	end := d.turnEnd.Load()
	returned := false
	defer func() {
		end.turns.Add(1)
		if !returned {
			d.leave(nil)
		}
	}()
	if end.fn != nil {
		end.fn()
	}
	returned = true
}

// flushLater adds s to the senders that are flushed at the end of the current turn. It
// reports false if there is no turn. The caller holds s.mu, and s is not in the list.
func (d *Dispatcher) flushLater(s *sender) bool {
	for {
		head := d.unflushed.Load()
		if head == nil {
			return false
		}
		s.next = head
		if d.unflushed.CompareAndSwap(head, s) {
			return true
		}
	}
}

// do runs fn in a turn. The end of the turn is deferred so that others can go on if
// fn ends its goroutine, as a failing test does.
func (d *Dispatcher) do(fn func()) {
	d.enter()
	defer func() {
		if d.turnEnd.Load() != nil {
			d.callTurnEnd()
		}
		d.leave(nil)
	}()
	fn()
}

// Post runs fn in a turn of its own, after the functions that were posted before.
// It returns at once and may be called from any goroutine: this is how other
// goroutines run code that must not overlap with handlers.
func (d *Dispatcher) Post(fn func()) {
	id := bubble.ID()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loop(id).post(fn)
}

// Run runs main in a turn and returns when nothing is left that could cause another
// turn: no socket that is connecting, open or closing, no listening server, no
// timer and no posted function. It waits for handlers to return, and for what they
// have started by then. This is EventMachine's EM.run, and the rule by which a Node
// process exits. Run must not be called from a handler.
//
// Sockets with Options.Parallel count for the Dispatcher that they would have
// without it. In a testing/synctest bubble Run waits for what was started in that
// bubble, and outside of bubbles for what was started outside of them.
func (d *Dispatcher) Run(main func()) {
	id := bubble.ID()
	d.hold()
	d.first(main)

	d.mu.Lock()
	defer d.mu.Unlock()
	d.loop(id).wait()
}

func (d *Dispatcher) first(main func()) {
	defer d.release()
	d.do(main)
}

// hold and release count what Run waits for. Each release must be called in the same
// testing/synctest bubble as its hold; all goroutines of a socket are in one bubble. A
// Parallel socket holds Options.Dispatcher, not its own Dispatcher.
func (d *Dispatcher) hold() {
	id := bubble.ID()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loop(id).add(1)
}

func (d *Dispatcher) release() {
	id := bubble.ID()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loop(id).add(-1)
}

// takeSlot waits for a decoding slot for one of the Dispatcher's sockets.
func (d *Dispatcher) takeSlot() decodingSlot {
	d.mu.Lock()
	x := d.withExtra()
	if x.decoding == nil {
		x.decoding = newDecodingSlots()
	}
	slots := x.decoding
	d.mu.Unlock()
	return slots.take()
}

// opening returns the queue of the clients that open one connection at a time to an address.
func (d *Dispatcher) opening() *dial.Queue {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &d.withExtra().openings
}

// Run calls [Dispatcher.Run] on the [Default] Dispatcher.
func Run(main func()) { defaultDispatcher.Run(main) }

// Post calls [Dispatcher.Post] on the [Default] Dispatcher.
func Post(fn func()) { defaultDispatcher.Post(fn) }
