package airsocket

import "slices"

// A roster holds the sockets of a Server, in the order in which they were accepted.
// This is also roughly the order of their data in memory, in the program and in the
// system, which makes a long broadcast faster.
type roster struct {
	slots []*Socket // nil where one has been removed
	live  int       // how many slots are not nil
	spare []*Socket // for the next snapshot
}

func (r *roster) add(s *Socket) {
	s.slot = int32(len(r.slots))
	r.slots = append(r.slots, s)
	r.live++
}

// remove removes s. It does nothing if s is not in the roster.
func (r *roster) remove(s *Socket) {
	if int(s.slot) >= len(r.slots) || r.slots[s.slot] != s {
		return
	}
	r.slots[s.slot] = nil
	r.live--
	if len(r.slots) >= 2*r.live+minSlots {
		r.compact()
	}
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
	if cap(list) <= 2*r.live+minSlots {
		clear(list)
		r.spare = list
	}
}
