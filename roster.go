package airsocket

import "slices"

// roster is the sockets of a Server, in the order in which they came. That is
// also about the order in which they and what the system has of them lie in
// memory, which is what the time of a long broadcast depends on.
type roster struct {
	slots []*Socket // nil where one has gone
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

// minSlots is how many slots are not worth looking for the empty ones.
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

// snapshot is those that are there at the moment. It is to be given back.
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

// giveBack takes back a snapshot.
func (r *roster) giveBack(list []*Socket) {
	if cap(list) <= 2*r.live+minSlots {
		clear(list)
		r.spare = list
	}
}
