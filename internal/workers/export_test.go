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
	return Counts{len(p.active), len(p.parked), p.held, p.polling, p.watch.awake, p.most, p.ready.len()}
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

// Registered returns the Task of a descriptor.
func Registered(fd int) *Task { return process.tasks.find(int32(fd)) }
