// Package hist counts durations and computes their quantiles.
package hist

import (
	"iter"
	"math"
	"math/bits"
	"time"
)

const (
	subBits    = 6 // buckets in each power of two, as a power of two
	subBuckets = 1 << subBits
)

// Hist counts durations in buckets that are about 1.5 % wide. The zero value is
// empty and ready for use. It takes 32 KiB, however many durations it counts.
type Hist struct {
	n      int64
	sum    float64 // in nanoseconds
	max    time.Duration
	bucket [64 * subBuckets]int64
}

// Add counts d. Durations below a nanosecond count as one.
func (h *Hist) Add(d time.Duration) {
	d = max(d, 1)
	h.bucket[index(uint64(d))]++
	h.n++
	h.sum += float64(d)
	h.max = max(h.max, d)
}

// Merge adds all that other has counted to h.
func (h *Hist) Merge(other *Hist) {
	if other.n == 0 {
		return
	}
	for i, n := range other.bucket {
		h.bucket[i] += n
	}
	h.n += other.n
	h.sum += other.sum
	h.max = max(h.max, other.max)
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

// Count returns how many durations were added.
func (h *Hist) Count() int64 { return h.n }

// Max returns the longest duration, exactly. It returns 0 if h is empty.
func (h *Hist) Max() time.Duration { return h.max }

// Mean returns the mean of the durations, which is not rounded to a bucket. It returns 0
// if h is empty.
func (h *Hist) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.n))
}

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

// Buckets returns the buckets that are not empty, from the shortest durations to the
// longest: the lowest duration of each, and how many durations it has.
func (h *Hist) Buckets() iter.Seq2[time.Duration, int64] {
	return func(yield func(time.Duration, int64) bool) {
		for i, n := range h.bucket {
			if n > 0 && !yield(time.Duration(lowest(i)), n) {
				return
			}
		}
	}
}
