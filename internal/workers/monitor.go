//go:build linux

package workers

import (
	"runtime"
	"time"
)

// lookEvery is the time between two looks of the monitor.
const lookEvery = time.Millisecond

const (
	growth    = 4   // factor between the numbers of workers that consecutive looks start
	mostBurst = 256 // workers that one look starts at most
	calmLooks = 3   // looks without a worker that is held up, after which a burst is over
	idleLooks = 2   // looks without any work, after which the monitor sleeps
)

// A watch is the state of the monitor. It is guarded by the lock of the pool.
type watch struct {
	begin chan struct{} // wakes the monitor; has room for one
	awake bool          // the monitor looks, or is about to

	burst int // how many workers to start if more are held up; 0 if none were lately
	calm  int // looks without a worker that is held up
	idle  int // looks without any work

	slept func() // if not nil, called when the monitor is going to sleep; for tests
}

// wake makes sure that the monitor looks. Each worker that begins to serve calls it, so
// the monitor is awake whenever an active worker serves.
func (w *watch) wake() {
	if !w.awake {
		w.awake = true
		w.begin <- struct{}{} // there is room, because the monitor has taken the last one
	}
}

// monitor runs as long as the process. A sleeping goroutine uses a timer only while it
// sleeps, so none is left when the monitor waits to be woken.
func (p *pool) monitor() {
	for range p.watch.begin {
		for {
			before := time.Now()
			time.Sleep(lookEvery)
			// The monitor itself has waited for a processor, so calls that seem to be held up
			// may only wait too, and more workers would not make them faster.
			late := time.Since(before) > 4*lookEvery
			if !p.look(runtime.GOMAXPROCS(0), late) {
				break
			}
		}
	}
}

// look detaches workers that are held up and starts others in their place. It returns
// false if the monitor can sleep.
func (p *pool) look(procs int, late bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = procs
	w := &p.watch
	held, progress := p.detach()
	switch {
	case held > 0:
		w.calm = 0
		p.makeUp(late)
	case w.burst > 0:
		if w.calm++; w.calm == calmLooks {
			w.burst = 0
		}
	}
	if held == 0 && p.left() > 0 {
		p.summon()
	}
	for len(p.parked) > 0 && len(p.active) > p.most {
		p.retire()
	}

	if held > 0 || progress || !p.polling || p.left() > 0 {
		w.idle = 0
		return true
	}
	if w.idle++; w.idle < idleLooks {
		return true
	}
	for len(p.parked) > 0 {
		p.retire()
	}
	w.idle, w.burst, w.awake = 0, 0, false
	if w.slept != nil {
		w.slept()
	}
	return false
}

// detach detaches the workers that are held up: which serve, and have not made a step
// since the last look. One look would not be enough, because the system may just have
// given the processor to somebody else. It returns their number, and whether others
// serve or have served.
func (p *pool) detach() (held int, progress bool) {
	for i := 0; i < len(p.active); {
		w := p.active[i]
		s := w.share.Load()
		if s != w.seen {
			w.seen, progress = s, true
		} else if w.serving {
			if rest, ok := w.empty(s); ok {
				p.ready.push(rest...)
				p.drop(w) // another one comes to its index
				w.detached = true
				p.held++
				held++
				continue
			}
			progress = true
		}
		i++
	}
	return held, progress
}

// makeUp gets workers for those that were just detached, if they are needed.
func (p *pool) makeUp(late bool) {
	n := p.most - len(p.active)
	burst := p.watch.burst
	if !late {
		p.watch.burst = min(growth*max(1, burst), mostBurst)
		n = max(n, burst)
	}
	if p.polling && p.left() == 0 {
		return
	}
	// One that polls, if nobody does, or else one for each event.
	for range min(n, max(1, p.left())) {
		if !p.unpark() {
			p.startWorker()
		}
	}
	if n <= 0 {
		p.summon()
	}
}
