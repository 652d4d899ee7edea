package report

import (
	"time"

	"github.com/airsocket/airsocket/internal/hist"
)

// A Latency sums up the durations of a histogram. The percentiles are rounded down to a
// bucket of the histogram, by less than 1.6 %; Mean and Max are exact.
type Latency struct {
	Count                          int64
	Mean, P50, P90, P99, P999, Max time.Duration
}

// NewLatency returns the Latency of h.
func NewLatency(h *hist.Hist) Latency {
	return Latency{
		Count: h.Count(), Mean: h.Mean(), Max: h.Max(),
		P50: h.Quantile(.5), P90: h.Quantile(.9), P99: h.Quantile(.99), P999: h.Quantile(.999),
	}
}

// Metrics returns p50, p90, p99, p99.9, max and mean, or nothing if there were no
// durations.
func (l Latency) Metrics() []Metric {
	if l.Count == 0 {
		return nil
	}
	var all []Metric
	for _, m := range []struct {
		name  string
		value time.Duration
	}{{"p50", l.P50}, {"p90", l.P90}, {"p99", l.P99}, {"p99.9", l.P999}, {"max", l.Max}, {"mean", l.Mean}} {
		all = append(all, Metric{Key: m.name, Unit: Seconds, Value: m.value.Seconds()})
	}
	return all
}
