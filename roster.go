package airsocket

import "slices"

// roster holds the sockets of a Server, in the order in which they were accepted.
// That is also roughly the order in which they, and the system's data for them, lie
// in memory, on which the time of a long broadcast depends.
type roster struct {
	slots []*Socket // nil where one has been removed
	live  int       // those that are not nil
	spare []*Socket // for the next snapshot
}

func (r *roster) add(s *Socket) {
	s.slot = int32(len(r.slots))
	r.slots = append(r.slots, s)
	r.live++
}

// remove does nothing if s is not there.
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

// giveBack takes back a snapshot, to reuse its memory.
func (r *roster) giveBack(list []*Socket) {
	if cap(list) <= 2*r.live+minSlots {
		clear(list)
		r.spare = list
	}
}
