// Package result defines the result of one run of the load generator.
package result

import (
	"time"

	"github.com/airsocket/airsocket/internal/hist"
	"github.com/airsocket/airsocket/internal/report"
)

// Result holds the measurements of one run. Times are in seconds, latencies in
// microseconds, memory in bytes.
type Result struct {
	Conns    int
	Secs     float64
	Msgs     int64   // messages echoed, messages delivered or handshakes
	PerSec   float64 // Msgs per second
	MBPerSec float64 // payload bytes, one way

	P50, P99, P999 float64

	CPU       float64 // user and system time of the measured process
	CPUPerMsg float64 // CPU time in microseconds per message, or to open each connection
	LoadCPU   float64 // user and system time of the load generator
	WireBytes int64   // bytes received from the measured process, before encryption

	RSS0, RSS1, RSSGC int64 // idle: before, with the connections, after a forced collection
	Heap0, HeapGC     int64
	Stack0, StackGC   int64
	Goroutines        int

	Peak           int64 // flood: the highest resident memory
	Probes         int64 // flood: messages of the connection whose latencies were measured
	Ended, Stalled int64 // flood: attacking connections that the server has ended, and from which it took nothing more

	Pings int64 // keep: pings answered

	AllocBytes, Allocs float64 // per message
}

// SetLatency sets the percentiles to those of h.
func (r *Result) SetLatency(h *hist.Hist) {
	micros := func(d time.Duration) float64 { return float64(d) / 1e3 }
	l := report.NewLatency(h)
	r.P50, r.P99, r.P999 = micros(l.P50), micros(l.P99), micros(l.P999)
}
