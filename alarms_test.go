package airsocket

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestAlarms checks that clocks that share a timer are called in the order of their times,
// once each, unless their time has been changed or removed, and that no timer is left.
func TestAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a alarms
		begin := time.Now()
		var called []int
		clocks := make([]*clock, 10)
		for i := range clocks {
			clocks[i] = &clock{tick: func(_ *clock, set int) {
				if after := time.Since(begin); after != time.Duration(set)*time.Second {
					t.Errorf("%d was called after %v, want %d s", i, after, set)
				}
				called = append(called, i)
			}}
		}
		at := func(i, seconds int) { a.set(clocks[i], begin.Add(time.Duration(seconds)*time.Second), seconds) }
		for i, seconds := range []int{50, 10, 40, 20, 30, 60, 70, 80, 90, 25} {
			at(i, seconds)
		}
		at(2, 5)                         // earlier than all
		at(1, 55)                        // later
		a.set(clocks[3], time.Time{}, 0) // never
		a.set(clocks[3], time.Time{}, 0)
		time.Sleep(65 * time.Second)
		synctest.Wait()
		at(6, 66) // the first while the timer waits for it
		a.set(clocks[7], time.Time{}, 0)
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []int{2, 9, 4, 0, 1, 5, 6, 8}; !slices.Equal(called, want) {
			t.Errorf("%d were called, want %d", called, want)
		}
		if len(a.heap) > 0 || !a.fires.IsZero() {
			t.Errorf("%d clocks are left, and the timer fires at %v", len(a.heap), a.fires)
		}
		at(1, 9000)
		a.set(clocks[1], time.Time{}, 0)
		if !a.fires.IsZero() || a.timer.Stop() {
			t.Error("the timer is running although there is nothing to wait for")
		}
	})
}

// TestAlarmsOfACallback checks that a clock may set its next time when it is called.
func TestAlarmsOfACallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a alarms
		begin := time.Now()
		calls := 0
		a.set(&clock{tick: func(c *clock, set int) {
			if calls++; calls < 5 {
				a.set(c, time.Now().Add(time.Second), set)
			}
		}}, begin.Add(time.Second), 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		if calls != 5 {
			t.Errorf("%d calls", calls)
		}
	})
}
