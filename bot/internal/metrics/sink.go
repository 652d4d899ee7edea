package metrics

import (
	"math"
	"time"

	"github.com/airsocket/airsocket/internal/hist"
)

// A Sink is what a Metric has made of its samples.
type Sink struct {
	Count    int64
	NonZero  int64
	Sum      float64
	Last     float64
	Min, Max float64

	below, above *hist.Hist // of the samples of a Trend that are not 0, by their sizes
}

// scale is how many of the units of a histogram a sample of 1 has. As it is a power of two,
// whole numbers up to 127 have buckets of their own, and most trends are milliseconds.
const scale = 1 << 20

func (s *Sink) add(kind Kind, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	if s.Count == 0 || v < s.Min {
		s.Min = v
	}
	if s.Count == 0 || v > s.Max {
		s.Max = v
	}
	s.Count++
	s.Sum += v
	s.Last = v
	if v != 0 {
		s.NonZero++
	}
	if kind == Trend && v != 0 {
		h := &s.above
		if v < 0 {
			h = &s.below
		}
		if *h == nil {
			*h = new(hist.Hist)
		}
		(*h).Add(size(v))
	}
}

func size(v float64) time.Duration {
	return time.Duration(min(math.Abs(v)*scale, math.MaxInt64/2))
}

func (s *Sink) clone() Sink {
	c := *s
	for _, h := range []**hist.Hist{&c.below, &c.above} {
		if *h != nil {
			copied := **h
			*h = &copied
		}
	}
	return c
}

// Rate returns how many of 1 are not 0.
func (s *Sink) Rate() float64 {
	if s.Count == 0 {
		return 0
	}
	return float64(s.NonZero) / float64(s.Count)
}

// Mean returns the mean, or 0 if there is no sample.
func (s *Sink) Mean() float64 {
	if s.Count == 0 {
		return 0
	}
	return s.Sum / float64(s.Count)
}

// Quantile returns the q-quantile of a Trend, with q from 0 to 1. It is up to 1.6 % nearer to
// 0 than the sample. It returns 0 if there is no sample.
func (s *Sink) Quantile(q float64) float64 {
	if s.Count == 0 {
		return 0
	}
	if q <= 0 {
		return s.Min
	}
	rank := max(int64(math.Ceil(q*float64(s.Count))), 1) // of the sample, from 1
	var negative, positive int64
	if s.below != nil {
		negative = s.below.Count()
	}
	if s.above != nil {
		positive = s.above.Count()
	}
	v := 0.0
	switch {
	case rank <= negative:
		v = -at(s.below, negative-rank+1)
	case rank > s.Count-positive:
		v = at(s.above, rank-(s.Count-positive))
	}
	return min(max(v, s.Min), s.Max)
}

// at returns the sample of a rank, from 1, in a histogram.
func at(h *hist.Hist, rank int64) float64 {
	for d, n := range h.Buckets() {
		if rank -= n; rank <= 0 {
			return float64(d) / scale
		}
	}
	return 0
}
