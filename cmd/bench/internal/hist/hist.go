// Package hist counts durations and computes their quantiles.
package hist

import (
	"math"
	"math/bits"
	"time"
)

const (
	subBits    = 6 // buckets in each power of two, as a power of two
	subBuckets = 1 << subBits
)

// Hist counts durations in buckets that are about 1.5 % wide. The zero value is
// empty and ready for use.
type Hist struct {
	n      int64
	bucket [64 * subBuckets]int64
}

// Add counts d. Durations below a nanosecond count as one.
func (h *Hist) Add(d time.Duration) {
	v := uint64(max(d, 1))
	h.bucket[index(v)]++
	h.n++
}

// index returns the bucket of v, which is at least 1.
func index(v uint64) int {
	e := bits.Len64(v) - 1
	var sub uint64
	if e >= subBits {
		sub = v >> (e - subBits) & (subBuckets - 1)
	} else {
		sub = v << (subBits - e) & (subBuckets - 1)
	}
	return e<<subBits | int(sub)
}

// lowest returns the lowest value in bucket i.
func lowest(i int) float64 {
	return math.Ldexp(float64(subBuckets+i&(subBuckets-1)), i>>subBits-subBits)
}

// Reset empties h.
func (h *Hist) Reset() { *h = Hist{} }

// Quantile returns the q-quantile of the durations, with q from 0 to 1, rounded
// down to its bucket. It returns 0 if h is empty.
func (h *Hist) Quantile(q float64) time.Duration {
	left := max(int64(math.Ceil(q*float64(h.n))), 1)
	for i, n := range h.bucket {
		if left -= n; left <= 0 {
			return time.Duration(lowest(i))
		}
	}
	return 0
}
