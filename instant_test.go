package airsocket

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// TestInstant checks that instants follow the clock, in a bubble too, that the present is
// never taken for never, and that a time too far away is not in the past.
func TestInstant(t *testing.T) {
	check := func(t *testing.T) {
		begin := now()
		if begin == never || !begin.hasCome(begin) || never.hasCome(begin) {
			t.Errorf("it is %d", begin)
		}
		if far := begin.add(math.MaxInt64); far.hasCome(begin) || far.sub(max(begin, 0)) < 100*365*24*time.Hour {
			t.Errorf("%d is after %d", far, begin)
		}
		for _, next := range []instant{begin.orEarlier(never), never.orEarlier(begin), begin.orEarlier(begin.add(1)), begin.add(1).orEarlier(begin)} {
			if next != begin {
				t.Errorf("%d, want %d", next, begin)
			}
		}
	}
	check(t)
	synctest.Test(t, func(t *testing.T) {
		check(t)
		begin := now()
		time.Sleep(time.Hour) // the clock of the bubble goes on by an hour
		if after := now().sub(begin); after != time.Hour {
			t.Errorf("%v later, want 1h", after)
		}
	})
}

// TestRoundUp checks that rounding an instant up makes it a little later at most, and makes
// equal the instants of connections that are close to each other.
func TestRoundUp(t *testing.T) {
	const begin = instant(123456789123456789)
	for left := time.Nanosecond; left < 1000*time.Hour; left += left/3 + 1 {
		exact := begin.add(left)
		late := exact.roundUp(begin).sub(exact)
		if late < 0 || late > left/100 || late >= 135*time.Millisecond {
			t.Errorf("%v from now becomes %v later", left, late)
		}
	}
	different := make(map[instant]bool)
	for i := range 1000 {
		opened := begin.add(time.Duration(i) * time.Millisecond)
		different[opened.add(time.Minute).roundUp(opened)] = true
	}
	if n := len(different); n > 9 {
		t.Errorf("1000 connections of one second are seen to at %d different times", n)
	}
	for _, same := range []instant{never, begin - 1, begin, begin + 1, math.MaxInt64} {
		if got := same.roundUp(begin); got != same {
			t.Errorf("%d becomes %d", same, got)
		}
	}
}

// TestTimerBeyondABubble checks that a time that was set outside of a bubble does nothing
// if another one has been set in the bubble since, and that neither does one of the bubble
// once it is stopped.
func TestTimerBeyondABubble(t *testing.T) {
	s := NewSocket(nil)
	c := &clock{socket: s}
	s.clock.Store(c)
	c.startPinging(time.Hour)
	defer func() { // outside of the bubble again
		c.stop()
		if c.place != 0 {
			t.Error("the clock is still among the alarms of the process")
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		set := &settings{pingInterval: time.Hour, pongTimeout: time.Hour}
		s.life.mu.Lock()
		c.startClosing(time.Minute)
		inside := c.bubble
		time.Sleep(time.Second) // long before anything is due
		if what := c.due(nil, false, set); what != nothingDue || c.bubble != inside {
			t.Errorf("%d is due because of the time before", what)
		}
		c.stop()
		if what := c.due(inside, false, set); what != nothingDue {
			t.Errorf("%d is due after stop", what)
		}
		s.life.mu.Unlock()
	})
}
