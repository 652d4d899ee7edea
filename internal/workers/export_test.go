//go:build linux

package workers

// Counts is the number of workers by what they do.
type Counts struct {
	Active, Parked, Held int
	Polling, Watching    bool
	Most, Ready          int
}

// Count counts the workers of the process.
func Count() Counts {
	p := &process
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts()
}

func (p *pool) counts() Counts {
	return Counts{len(p.active), len(p.parked), p.held, p.polling, p.watch.awake, p.most, p.left()}
}

// OnIdle makes the monitor call f each time when it is going to sleep, instead of what it
// called before. f must not wait.
func OnIdle(f func(Counts)) {
	p := &process
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watch.slept = nil
	if f != nil {
		p.watch.slept = func() { f(p.counts()) }
	}
}

// Stale adds an event of an earlier registration of t's descriptor, as if it had been on
// its way.
func Stale(t *Task, events uint32) {
	process.push(&process.ready, event(events, t.fd.Load(), uint32(t.state.Load()>>32)-1))
}

// HoldGrowth holds up each Add of a descriptor whose number is higher than all before. It
// returns the lowest such number; a function that reports whether an Add of it has begun;
// and one that lets it go on.
func HoldGrowth() (fd int, adding func() bool, release func()) {
	r := &process.tasks
	r.growing.Lock()
	if chunks := r.chunks.Load(); chunks != nil {
		fd = len(*chunks) * chunkSize
	}
	return fd, func() bool {
		mu := &r.locks[fd%len(r.locks)]
		if mu.TryLock() {
			mu.Unlock()
			return false
		}
		return true
	}, r.growing.Unlock
}
