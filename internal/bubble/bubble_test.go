package bubble

import (
	"runtime"
	"testing"
	"testing/synctest"
)

func TestID(t *testing.T) {
	if id := ID(); id != 0 {
		t.Errorf("%d outside of a bubble", id)
	}
	inBubble := func(t *testing.T) (id uint64) {
		synctest.Test(t, func(t *testing.T) {
			id = ID()
			other := make(chan uint64)
			go func() {
				runtime.LockOSThread() // which a stack trace tells too
				other <- ID()
			}()
			if of := <-other; of != id {
				t.Errorf("%d, and %d in a goroutine that it started", id, of)
			}
		})
		return id
	}
	if a, b := inBubble(t), inBubble(t); a == 0 || b == 0 || a == b {
		t.Errorf("the bubbles are %d and %d", a, b)
	}
	if id := ID(); id != 0 {
		t.Errorf("%d after the bubbles", id)
	}
}
