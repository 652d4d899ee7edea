package airsocket

import (
	"math"
	"time"
)

// A rate is a limit of how many units may come a second, and how many at once. What has
// come is kept as one instant: when all that was taken will be there again.
type rate struct {
	each  float64       // nanoseconds in which a unit comes back; 0 means no limit
	depth time.Duration // in which all units come back
}

// maxRateTime keeps sums of times far from overflowing.
const maxRateTime = math.MaxInt64 / 4

func newRate(perSecond, burst float64) rate {
	if !(perSecond > 0) || math.IsInf(perSecond, 1) {
		return rate{}
	}
	each := float64(time.Second) / perSecond
	return rate{each, time.Duration(min(burst*each, maxRateTime))}
}

// take takes n units at the time now. whole is when all that was taken before is there
// again. take returns when all will be, and how long it takes until no more than the
// burst is missing, which is 0 if the n units were there.
func (r rate) take(whole, now instant, n float64) (later instant, wait time.Duration) {
	if r.each == 0 {
		return never, 0
	}
	if whole == never || whole < now {
		whole = now
	}
	if later = whole.add(time.Duration(min(n*r.each, maxRateTime))); later == never {
		later++
	}
	return later, max(later.sub(now)-r.depth, 0)
}
