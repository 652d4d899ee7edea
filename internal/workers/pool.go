//go:build linux

package workers

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/airsocket/airsocket/internal/bubble"
)

// A pool has the workers and what they share.
type pool struct {
	poller poller
	tasks  registry
	found  [256]syscall.EpollEvent // what the poller has found; only the leader uses it

	started  atomic.Bool
	starting sync.Mutex

	mu      sync.Mutex
	ready   queue     // events that no worker has taken
	later   queue     // events of those that have had their turn and have more to do
	most    int       // workers that run at a time: GOMAXPROCS
	active  []*worker // all but those that are detached
	parked  []*worker // the active ones that wait to be woken; only while somebody polls
	held    int       // detached workers
	polling bool      // there is a leader, which asks the kernel or is about to
	round   int       // so many events are taken before the kernel is asked again

	// interrupted says that the poll has been interrupted, or will be.
	interrupted bool
	watch       watch
}

// process has the workers of this process.
var process pool

var errInBubble = errors.New("workers: the first Add of the process was called in a bubble of testing/synctest, where workers must not be started; call it outside")

// start makes sure that the pool works.
func (p *pool) start() error {
	if p.started.Load() {
		return nil
	}
	p.starting.Lock()
	defer p.starting.Unlock()
	if p.started.Load() {
		return nil
	}
	if bubble.ID() != 0 {
		return errInBubble
	}
	if err := p.poller.open(); err != nil {
		return err
	}
	p.watch.begin = make(chan struct{}, 1)
	go p.monitor()
	p.mu.Lock()
	p.most = runtime.GOMAXPROCS(0)
	p.startWorker()
	p.mu.Unlock()
	p.started.Store(true)
	return nil
}

// push adds an event that did not come from the leader to q, which is ready or later. It may
// be called in a bubble, so it does not start workers.
func (p *pool) push(q *queue, ev syscall.EpollEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q.push(ev)
	p.alert()
}

// alert makes sure that somebody looks for more; p.mu is held. If nobody polls, there is a
// worker that does so when it has served its share, or whose place is taken if it is held up.
func (p *pool) alert() {
	if p.polling && !p.unpark() {
		p.interrupt()
	}
}

// interrupt makes the leader look for more; p.mu is held, and somebody polls. An eventfd
// costs two system calls, but no goroutine has to be started or kept for it.
func (p *pool) interrupt() {
	if !p.interrupted {
		p.interrupted = true
		p.poller.interrupt()
	}
}

// unpark wakes a parked worker, if there is one; p.mu is held.
func (p *pool) unpark() bool {
	n := len(p.parked)
	if n == 0 {
		return false
	}
	w := p.parked[n-1] // the last one, whose memory may still be in a cache
	p.parked = p.parked[:n-1]
	w.unpark <- true
	return true
}

// retire ends a parked worker; p.mu is held.
func (p *pool) retire() {
	n := len(p.parked)
	w := p.parked[n-1]
	p.parked = p.parked[:n-1]
	p.drop(w)
	w.unpark <- false
}

// Number returns the number of workers of the process, and how many of them are held up by
// a call.
func Number() (all, heldUp int) {
	p := &process
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.active) + p.held, p.held
}

// summon gets one more worker to look for more, if that is possible; p.mu is held.
func (p *pool) summon() {
	switch {
	case p.unpark():
	case len(p.active) < p.most:
		p.startWorker()
	case p.polling:
		p.interrupt()
	}
}

// startWorker starts a worker; p.mu is held. It must not be called in a bubble.
func (p *pool) startWorker() {
	w := &worker{unpark: make(chan bool, 1)}
	p.attach(w)
	go p.work(w)
}

func (p *pool) attach(w *worker) {
	w.index = len(p.active)
	p.active = append(p.active, w)
}

// drop takes w from the active workers; p.mu is held.
func (p *pool) drop(w *worker) {
	last := len(p.active) - 1
	p.active[w.index] = p.active[last]
	p.active[w.index].index = w.index
	p.active[last] = nil
	p.active = p.active[:last]
}

// A worker takes all that is ready if that is little, and else half, so that others find
// something too.
const (
	little    = 8
	mostTaken = 64
)

// take gives w something to serve, and waits until there is something. It returns false
// if w is not needed any more.
func (p *pool) take(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.serving = false
	if w.detached {
		p.held--
		if len(p.active) >= p.most {
			return false // its place is taken
		}
		w.detached = false
		p.attach(w)
	}
	if (p.round <= 0 || p.ready.len() == 0) && p.left() > 0 && !p.polling {
		p.lead(p.peek)
	}
	for p.ready.len() == 0 {
		switch {
		case p.later.len() > 0:
			p.resume()
		case !p.polling:
			p.lead(p.wait)
		case len(p.active) > p.most:
			p.drop(w)
			return false
		default:
			p.parked = append(p.parked, w)
			p.mu.Unlock()
			stay := <-w.unpark
			p.mu.Lock()
			if !stay {
				return false
			}
		}
	}
	n := p.ready.len()
	if n > little {
		n = min((n+1)/2, mostTaken)
	}
	if p.watch.burst > 0 {
		n = 1 // the others could be held up behind it
	}
	w.fill(p.ready.take(n))
	p.round -= n
	w.serving = true
	if p.left() > 0 || !p.polling && n > 1 {
		p.summon()
	}
	p.watch.wake()
	return true
}

// leastRound is the number of events that are taken at least before the kernel is asked again,
// unless none are left: asking for few events at a time would cost more than serving them.
const leastRound = 64

// lead asks the kernel; p.mu is held, but not meanwhile. What the kernel has is asked for
// once all that was ready the last time has been taken, even if there is more to do by then:
// otherwise connections on which there is always more could keep the workers for ever. One of
// these follows what the kernel has reported, so that they go on however much that is.
func (p *pool) lead(ask func(procs int) (n int)) {
	p.polling = true
	procs := p.most
	p.mu.Unlock()
	n := ask(procs)
	p.mu.Lock()
	p.polling, p.interrupted = false, false
	for _, ev := range p.found[:n] {
		p.sort(ev)
	}
	if p.later.len() > 0 {
		p.resume()
	}
	p.round = max(p.ready.len(), leastRound)
}

// left returns the number of events that no worker has taken; p.mu is held.
func (p *pool) left() int { return p.ready.len() + p.later.len() }

// resume moves the first of later to the end of ready, and drops those before it whose
// registrations have ended; p.mu is held.
func (p *pool) resume() {
	for p.later.len() > 0 {
		ev := p.later.take(1)[0]
		if t := p.tasks.find(ev.Fd); t != nil && t.isOf(uint32(ev.Pad)) {
			p.ready.push(ev)
			return
		}
	}
}

// wait waits for events. procs is GOMAXPROCS.
func (p *pool) wait(procs int) int { return p.poller.wait(p.found[:], procs) }

// peek does not wait.
func (p *pool) peek(int) int { return p.poller.look(p.found[:]) }

// sort adds what the kernel reports to ready. The lanes of a Task become events of their
// own, because they must not wait for each other: In may be waiting for what Out does.
func (p *pool) sort(ev syscall.EpollEvent) {
	if int(ev.Fd) == p.poller.eventfd {
		return
	}
	// An error or the end of both directions concerns both lanes.
	if ev.Events&(syscall.EPOLLOUT|syscall.EPOLLERR|syscall.EPOLLHUP) != 0 {
		p.ready.push(event(syscall.EPOLLOUT, ev.Fd, uint32(ev.Pad)))
	}
	if ev.Events&^syscall.EPOLLOUT != 0 {
		ev.Events &^= syscall.EPOLLOUT
		p.ready.push(ev)
	}
}
