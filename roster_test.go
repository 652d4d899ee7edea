package airsocket

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRoster checks that a roster lists its sockets in the order in which they were
// added, whichever are removed, and does not keep room for those that have been
// removed.
func TestRoster(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var have roster
	var want []*Socket
	for step := range 20_000 {
		if r.IntN(1000) < 500+200*(1-2*(step/5000%2)) { // by turns, more are added than removed and more removed than added
			s := new(Socket)
			have.add(s, 0)
			want = append(want, s)
		} else if len(want) > 0 {
			i := r.IntN(len(want))
			have.remove(want[i])
			have.remove(want[i]) // removing it again does nothing
			want = slices.Delete(want, i, i+1)
		}
		if len(have.slots) > 2*len(want)+minSlots || have.live != len(want) {
			t.Fatalf("step %d: %d slots, %d live, for %d sockets", step, len(have.slots), have.live, len(want))
		}
		if step%97 == 0 {
			got := have.snapshot()
			if !slices.Equal(got, want) {
				t.Fatalf("step %d: the snapshot of %d sockets is wrong", step, len(want))
			}
			have.giveBack(got)
			if cap(have.spare) > 2*len(want)+minSlots {
				t.Fatalf("step %d: room for %d is kept for %d sockets", step, cap(have.spare), len(want))
			}
		}
	}
	have.remove(new(Socket)) // was never added
	if have.live != len(want) {
		t.Error("removing a socket that was never added changed the roster")
	}
}
