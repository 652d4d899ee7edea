package airsocket

import (
	"slices"
	"sync"
)

// A roster holds the sockets of a Server, in the order in which they were accepted.
// This is also roughly the order of their data in memory, in the program and in the
// system, which makes a long broadcast faster.
type roster struct {
	mu      sync.Mutex    // guards the rest, and Socket.slot
	slots   []*Socket     // nil where one has been removed
	live    int           // how many slots are not nil
	spare   []*Socket     // for the next snapshot
	closing bool          // no socket is added any more
	empty   chan struct{} // closed when closing and no sockets are left; nil if nobody waits
}

// maxRefusing is how many sockets above the limit a roster has. Their clients are told
// that there are too many. Further connections are closed at once.
const maxRefusing = 128

// add adds s, unless limit is positive and far exceeded, or the roster is closing. s must
// have been started and have its connection, so that it can be ended from the roster.
// full reports whether there are more sockets than limit. err is nil if s was added.
func (r *roster) add(s *Socket, limit int) (full bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refusalLocked(limit); err != nil {
		return false, err
	}
	s.slot = int32(len(r.slots))
	r.slots = append(r.slots, s)
	r.live++
	return limit > 0 && r.live > limit, nil
}

// refusal returns the error of add, without adding a socket.
func (r *roster) refusal(limit int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refusalLocked(limit)
}

func (r *roster) refusalLocked(limit int) error {
	switch {
	case r.closing:
		return errGoingAway
	case limit > 0 && r.live >= limit+maxRefusing:
		return errFull
	}
	return nil
}

// remove removes s, when it has ended or net/http has taken over its connection. It does
// nothing if s is not in the roster.
func (r *roster) remove(s *Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if int(s.slot) >= len(r.slots) || r.slots[s.slot] != s {
		return
	}
	r.slots[s.slot] = nil
	r.live--
	if len(r.slots) >= 2*r.live+minSlots {
		r.compact()
	}
	r.tellIfEmpty()
}

func (r *roster) tellIfEmpty() {
	if r.live == 0 && r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
}

// close has add refuse sockets from now on. It returns those that are there, and a
// channel that is closed when none are left.
func (r *roster) close() (all []*Socket, empty <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closing = true
	if r.empty == nil {
		r.empty = make(chan struct{})
	}
	empty = r.empty
	r.tellIfEmpty()
	return r.snapshotLocked(), empty
}

func (r *roster) isClosing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closing
}

// minSlots is the number of slots below which compacting is not worthwhile.
const minSlots = 32

func (r *roster) compact() {
	slots := make([]*Socket, 0, r.live+r.live/4)
	for _, s := range r.slots {
		if s != nil {
			s.slot = int32(len(slots))
			slots = append(slots, s)
		}
	}
	r.slots = slots
}

// snapshot returns the sockets that are there now. The caller must pass the result
// to giveBack.
func (r *roster) snapshot() []*Socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshotLocked()
}

func (r *roster) snapshotLocked() []*Socket {
	list := slices.Grow(r.spare[:0], r.live)
	r.spare = nil
	for _, s := range r.slots {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// giveBack takes back a snapshot, so that its memory can be reused.
func (r *roster) giveBack(list []*Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cap(list) <= 2*r.live+minSlots {
		clear(list)
		r.spare = list
	}
}
