package load

import (
	"sync"
	"time"

	"github.com/airsocket/airsocket/internal/hist"
)

// A tally counts the messages of some of the connections. There are several, so that
// connections which are served at the same time seldom wait for each other.
type tally struct {
	mu      sync.Mutex
	latency hist.Hist // since the last sample
	late    hist.Hist // how late messages were sent, since the last sample
	counts
}

// counts are the numbers of messages.
type counts struct {
	sent, sentBytes         int64
	received, receivedBytes int64
	answered                int64
	unanswered              int64
	unexpected              int64
	unsent                  int64 // due, but the peer took nothing
}

func (c *counts) add(o counts) {
	c.sent += o.sent
	c.sentBytes += o.sentBytes
	c.received += o.received
	c.receivedBytes += o.receivedBytes
	c.answered += o.answered
	c.unanswered += o.unanswered
	c.unexpected += o.unexpected
	c.unsent += o.unsent
}

func (t *tally) noteSent(bytes int, late time.Duration) {
	t.mu.Lock()
	t.sent++
	t.sentBytes += int64(bytes)
	t.late.Add(late)
	t.mu.Unlock()
}

func (t *tally) noteReceived(bytes int) {
	t.mu.Lock()
	t.received++
	t.receivedBytes += int64(bytes)
	t.mu.Unlock()
}

func (t *tally) noteAnswer(bytes int, latency time.Duration) {
	t.mu.Lock()
	t.received++
	t.receivedBytes += int64(bytes)
	t.answered++
	t.latency.Add(latency)
	t.mu.Unlock()
}

func (t *tally) noteUnexpected(bytes int) {
	t.mu.Lock()
	t.received++
	t.receivedBytes += int64(bytes)
	t.unexpected++
	t.mu.Unlock()
}

func (t *tally) noteUnanswered(waited time.Duration) {
	t.mu.Lock()
	t.unanswered++
	t.latency.Add(waited)
	t.mu.Unlock()
}

func (t *tally) noteUnsent(n int64) {
	t.mu.Lock()
	t.unsent += n
	t.mu.Unlock()
}

// take adds the durations since the last call to latency and late, and all counts to sum.
func (t *tally) take(latency, late *hist.Hist, sum *counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	latency.Merge(&t.latency)
	late.Merge(&t.late)
	t.latency.Reset()
	t.late.Reset()
	sum.add(t.counts)
}

// A sample is the state of the test at a moment, with the latencies since the sample before.
type sample struct {
	at     time.Duration
	open   int
	errors int64
	counts
	p50, p99, max time.Duration
	some          bool // there were latencies
}

// maxSamples is the number of samples at which every two of them are joined, so that a
// long test needs no more memory than a short one.
const maxSamples = 600

// A history is the samples of the test.
type history struct {
	samples []sample
	each    int // how many samples are joined into one
	pending int // how many are joined in the last one so far
}

func (h *history) add(s sample) {
	if h.each == 0 {
		h.each = 1
	}
	if h.pending > 0 {
		last := &h.samples[len(h.samples)-1]
		*last = join(*last, s)
	} else {
		if len(h.samples) == maxSamples {
			h.halve()
		}
		h.samples = append(h.samples, s)
	}
	h.pending = (h.pending + 1) % h.each
}

func (h *history) halve() {
	for i := range maxSamples / 2 {
		h.samples[i] = join(h.samples[2*i], h.samples[2*i+1])
	}
	h.samples = h.samples[:maxSamples/2]
	h.each *= 2
}

// join returns the sample for the time of two. Its percentiles are the worse ones.
func join(a, b sample) sample {
	joined := b
	joined.p50, joined.p99, joined.max = max(a.p50, b.p50), max(a.p99, b.p99), max(a.max, b.max)
	joined.some = a.some || b.some
	return joined
}
