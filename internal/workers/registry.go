//go:build linux

package workers

import (
	"sync"
	"sync/atomic"
)

// A registry tells which Task a descriptor belongs to. Reading it takes no lock. It grows
// by chunks and never shrinks: the kernel gives out the lowest free number, so there are
// about as many slots as the process has had open descriptors.
type registry struct {
	chunks      atomic.Pointer[[]*chunk] // replaced when it grows
	growing     sync.Mutex
	generations atomic.Uint32

	// locks order the changes of a registration: those of descriptor n are made under
	// locks[n%len(locks)]. So a call that comes too late cannot change the registration of
	// the next user of the number.
	locks [64]sync.Mutex
}

const chunkSize = 512

type chunk [chunkSize]atomic.Pointer[Task]

// generation returns a number that no registration has had for the last four billion.
func (r *registry) generation() uint32 { return r.generations.Add(1) }

// lock locks the registration of a descriptor.
func (r *registry) lock(fd int) *sync.Mutex {
	mu := &r.locks[fd%len(r.locks)]
	mu.Lock()
	return mu
}

// find returns the Task of a descriptor or nil.
func (r *registry) find(fd int32) *Task {
	if c := r.chunk(int(fd) / chunkSize); c != nil {
		return c[fd%chunkSize].Load()
	}
	return nil
}

// put sets the Task of a descriptor and returns the one before.
func (r *registry) put(fd int, t *Task) (before *Task) {
	c := r.chunk(fd / chunkSize)
	if c == nil {
		c = r.grow(fd / chunkSize)
	}
	return c[fd%chunkSize].Swap(t)
}

func (r *registry) chunk(i int) *chunk {
	if chunks := r.chunks.Load(); chunks != nil && i < len(*chunks) {
		return (*chunks)[i]
	}
	return nil
}

// grow makes chunk i, and only that: a program may use a high number for a descriptor.
func (r *registry) grow(i int) *chunk {
	r.growing.Lock()
	defer r.growing.Unlock()
	if c := r.chunk(i); c != nil {
		return c
	}
	var chunks []*chunk
	if old := r.chunks.Load(); old != nil {
		chunks = *old
	}
	grown := make([]*chunk, max(i+1, len(chunks)))
	copy(grown, chunks)
	grown[i] = new(chunk)
	r.chunks.Store(&grown)
	return grown[i]
}
