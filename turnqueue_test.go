package airsocket

import (
	"slices"
	"testing"
)

// A numbered is a turnWaiter for tests.
type numbered int

func (numbered) turnSoon() bool { return true }

// TestTurnQueue checks that those that have more to do are taken after the others, or after
// mostBefore of them, and that both are taken in the order in which they came.
func TestTurnQueue(t *testing.T) {
	var q turnQueue
	take := func() (all []int) {
		for w := q.take(); w != nil; w = q.take() {
			all = append(all, int(w.(numbered)))
		}
		return all
	}
	if got := take(); got != nil {
		t.Errorf("%v is in an empty queue", got)
	}
	q.add(numbered(-1), true)
	q.add(numbered(-2), true)
	q.add(numbered(1), false)
	q.add(numbered(2), false)
	if q.len() != 4 {
		t.Errorf("%d are in it, not 4", q.len())
	}
	if got := take(); !slices.Equal(got, []int{1, 2, -1, -2}) {
		t.Errorf("taken in the order %v", got)
	}
	var want []int
	for i := range 3 * mostBefore {
		q.add(numbered(1+i), false)
		if want = append(want, 1+i); (i+1)%mostBefore == 0 {
			want = append(want, -1-i/mostBefore)
		}
	}
	for i := range 5 {
		q.add(numbered(-1-i), true)
	}
	want = append(want, -4, -5)
	if got := take(); !slices.Equal(got, want) {
		t.Errorf("taken in the order %v, want %v", got, want)
	}
	if q.len() != 0 || q.first != nil || q.again != nil {
		t.Errorf("%d are left: %v", q.len(), q)
	}
}
