package scenario

import (
	"math"
	"time"

	"github.com/airsocket/airsocket/internal/report"
)

// A sample is the state of a test at a moment.
type sample struct {
	at         time.Duration
	vus        int64
	iterations int64
	sent       int64
	received   int64
}

// maxSamples is the number of samples at which every second one is dropped, so that a long
// test needs no more memory than a short one.
const maxSamples = 600

// A history is the samples of a test.
type history struct {
	samples []sample
	each    int // of how many samples one is kept
	seen    int
}

func (h *history) add(s sample) {
	h.each = max(h.each, 1)
	if h.seen++; (h.seen-1)%h.each != 0 {
		return
	}
	if len(h.samples) == maxSamples {
		for i := range maxSamples / 2 {
			h.samples[i] = h.samples[2*i]
		}
		h.samples = h.samples[:maxSamples/2]
		h.each *= 2
	}
	h.samples = append(h.samples, s)
}

func (t *test) sample(at time.Duration) sample {
	b := t.shared.Builtin
	iterations, sent, received := b.Iterations.Sink(), b.Sent.Sink(), b.Received.Sink()
	return sample{at, t.active.Load(), iterations.Count, sent.Count, received.Count}
}

// charts returns what has changed with the time.
func (h *history) charts() []report.Chart {
	x := report.Axis{Label: "time", Unit: report.Seconds}
	line := func(name string, y func(before, s sample) float64) report.Line {
		l := report.Line{Name: name}
		for i, s := range h.samples {
			l.Points = append(l.Points, report.Point{X: s.at.Seconds(), Y: y(h.samples[max(i-1, 0)], s)})
		}
		return l
	}
	rate := func(count func(sample) int64) func(before, s sample) float64 {
		return func(before, s sample) float64 {
			if s.at <= before.at {
				return math.NaN()
			}
			return float64(count(s)-count(before)) / (s.at - before.at).Seconds()
		}
	}
	return []report.Chart{
		{Title: "VUs", X: x, Y: report.Axis{Label: "running iterations"}, Lines: []report.Line{
			line("VUs", func(_, s sample) float64 { return float64(s.vus) }),
		}},
		{Title: "Rates", X: x, Y: report.Axis{Label: "a second", Unit: report.PerSecond}, Lines: []report.Line{
			line("messages received", rate(func(s sample) int64 { return s.received })),
			line("messages sent", rate(func(s sample) int64 { return s.sent })),
			line("iterations", rate(func(s sample) int64 { return s.iterations })),
		}},
	}
}
