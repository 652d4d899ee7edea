package airsocket

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestAlarms checks that clocks that share a timer are called in the order of their times,
// once each, unless their time has been changed or removed, and that no timer is left.
func TestAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := now()
		var called []int
		clocks := make([]*clock, 10)
		for i := range clocks {
			clocks[i] = new(clock)
		}
		due := make([]int, len(clocks))
		a := alarms{tick: func(c *clock) {
			i := slices.Index(clocks, c)
			if after := now().sub(begin); after != time.Duration(due[i])*time.Second {
				t.Errorf("%d was called after %v, want %d s", i, after, due[i])
			}
			called = append(called, i)
		}}
		at := func(i, seconds int) {
			due[i] = seconds
			a.set(clocks[i], begin.add(time.Duration(seconds)*time.Second))
		}
		for i, seconds := range []int{50, 10, 40, 20, 30, 60, 70, 80, 90, 25} {
			at(i, seconds)
		}
		at(2, 5)  // earlier than all
		at(1, 55) // later
		a.set(clocks[3], never)
		a.set(clocks[3], never)
		time.Sleep(65 * time.Second) // the clocks that are due in 5 to 60 s are called, the one of 70 s is left
		synctest.Wait()
		at(6, 66) // the first while the timer waits for it
		a.set(clocks[7], never)
		time.Sleep(time.Hour) // all others are due within it
		synctest.Wait()
		if want := []int{2, 9, 4, 0, 1, 5, 6, 8}; !slices.Equal(called, want) {
			t.Errorf("%d were called, want %d", called, want)
		}
		if len(a.heap) > 0 || a.fires != never {
			t.Errorf("%d clocks are left, and the timer fires at %v", len(a.heap), a.fires)
		}
		at(1, 9000)
		a.set(clocks[1], never)
		if a.fires != never || a.timer.Stop() {
			t.Error("the timer is running although there is nothing to wait for")
		}
	})
}

// TestManyAlarms checks the order in which many clocks are called whose times have been
// set, changed and removed at random.
func TestManyAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		begin := now()
		times := make(map[*clock]instant)
		clocks := make([]*clock, 1000)
		for i := range clocks {
			clocks[i] = new(clock)
		}
		called := make(map[*clock]instant)
		var order []instant
		a := alarms{tick: func(c *clock) {
			if _, again := called[c]; again {
				t.Error("a clock was called twice")
			}
			called[c] = now()
			order = append(order, now())
		}}
		for range 10 * len(clocks) {
			c := clocks[random.IntN(len(clocks))]
			if random.IntN(3) == 0 {
				a.set(c, never)
				delete(times, c)
			} else {
				times[c] = begin.add(time.Duration(1 + random.IntN(500)))
				a.set(c, times[c])
			}
		}
		time.Sleep(time.Second) // the latest clock is due after 500 ns
		synctest.Wait()
		if len(times) == 0 || !maps.Equal(called, times) {
			t.Errorf("%d clocks were called, want %d, or at another time", len(called), len(times))
		}
		if !slices.IsSorted(order) || len(a.heap) > 0 {
			t.Errorf("called in the order %d, and %d clocks are left", order, len(a.heap))
		}
	})
}

// TestAlarmsOfACallback checks that a clock may set its next time when it is called.
func TestAlarmsOfACallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		var a alarms
		a.tick = func(c *clock) {
			if calls++; calls < 5 {
				a.set(c, now().add(time.Second))
			}
		}
		a.set(new(clock), now().add(time.Second))
		time.Sleep(time.Minute) // five seconds are enough for five calls
		synctest.Wait()
		if calls != 5 {
			t.Errorf("%d calls", calls)
		}
	})
}
