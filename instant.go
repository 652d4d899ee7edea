package airsocket

import (
	"math"
	"math/bits"
	"time"
)

// An instant is a time as nanoseconds on the monotonic clock, or on the clock of a bubble
// of testing/synctest. It is one word, where a time.Time takes three. The zero instant
// means never.
type instant int64

const never instant = 0

var processStart = time.Now()

// now returns the present instant, which is not never: it is positive outside of bubbles,
// and negative in a bubble, whose clock begins in the year 2000.
func now() instant { return instant(time.Since(processStart)) + 1 }

// add returns the instant that is d after t, or the last one that there is.
func (t instant) add(d time.Duration) instant {
	if sum := t + instant(d); d < 0 || sum >= t {
		return sum
	}
	return math.MaxInt64
}

// sub returns the time from earlier to t.
func (t instant) sub(earlier instant) time.Duration { return time.Duration(t - earlier) }

// hasCome reports whether t is set and has come.
func (t instant) hasCome(now instant) bool { return t != never && t <= now }

// orEarlier returns the earlier of t and u, either of which may be never.
func (t instant) orEarlier(u instant) instant {
	if t == never || u != never && u < t {
		return u
	}
	return t
}

// roundUp returns an instant at or after t, by less than a hundredth of the time that is
// left until t and by less than 135 ms, so that connections whose times are close to each
// other are seen to together: to wake a thread for each of them, and the runtime's monitor,
// takes longer than what is done then.
func (t instant) roundUp(now instant) instant {
	const most = 1 << 27 // nanoseconds
	left := t.sub(now)
	if t == never || left < 1<<8 || t > math.MaxInt64-most {
		return t
	}
	step := instant(min(most, 1<<(bits.Len64(uint64(left))-8)))
	return (t + step - 1) &^ (step - 1)
}
