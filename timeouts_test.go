package airsocket

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestStuckWriter checks that a peer is not given up while the system says that it takes
// something, although the system itself takes nothing, as it does until a third of its
// buffer is free; and that it is given up soon when that ends.
func TestStuckWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 20 * time.Second
		c := &clock{socket: NewSocket(nil)} // with another clock, or none: its ticks do nothing
		defer c.stop()
		c.noteWrite(timeout)
		begin, looks := time.Now(), 0
		look := func(unsent int) (stuck bool) {
			for !c.looksAtWriting(c.bubble) {
				time.Sleep(time.Second) // the clock is asked each second of the bubble
			}
			looks++
			return c.isStuck(timeout, unsent, true)
		}
		unsent := 1000
		for time.Since(begin) < time.Hour {
			if unsent--; look(unsent) {
				t.Fatalf("the peer is given up after %v", time.Since(begin))
			}
		}
		stopped := time.Now()
		for !look(unsent) {
		}
		if took := time.Since(stopped); took != timeout {
			t.Errorf("the peer is given up %v after it has stopped", took)
		}
		if most := int(time.Since(begin)/timeout+1) * 4; looks > most {
			t.Errorf("%d looks, want %d at most", looks, most)
		}
	})
}
