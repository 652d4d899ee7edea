package load

import (
	"context"
	"flag"
	"io"
	"net"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/hist"
	"github.com/airsocket/airsocket/internal/report"
)

// Run runs the command with dial in place of the network, and returns its report instead of
// writing it. In a bubble, its time is that of the bubble.
func Run(ctx context.Context, dial func() (net.Conn, error), stderr io.Writer, terminal bool, args ...string) (*report.Report, int, error) {
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	c := newConfig(fs)
	if err := fs.Parse(args); err != nil {
		return nil, 1, err
	}
	if err := c.resolve([]string{"ws://server/"}, nil); err != nil {
		return nil, 1, err
	}
	c.Options.Dial = func(context.Context, string, string) (net.Conn, error) { return dial() }
	c.Options.Dispatcher, c.Options.Parallel = new(airsocket.Dispatcher), true
	var columns func() int
	if terminal {
		columns = func() int { return 80 }
	}
	r := newRun(c, newProgress(c.quiet, stderr, columns))
	if err := r.drive(ctx); err != nil {
		return nil, 1, err
	}
	rep := r.report()
	return rep, r.exitCode(rep), nil
}

// A History is a history with a sample for each number.
type History struct{ h history }

// Add adds a sample with n errors, of which all latencies were d.
func (h *History) Add(n, d int) {
	l := time.Duration(d)
	h.h.add(sample{errors: int64(n), p50: l, p99: l, max: l, some: true})
}

// Samples returns the numbers of errors and the longest latencies of the samples that are
// kept.
func (h *History) Samples() (errors, longest []int) {
	for _, s := range h.h.samples {
		if s.p50 != s.max || s.p99 != s.max {
			panic("the percentiles are not joined as the longest latency is")
		}
		errors, longest = append(errors, int(s.errors)), append(longest, int(s.max))
	}
	return errors, longest
}

// Exported for tests.
const (
	AtOnce     = atOnce
	AtOnceRamp = atOnceRamp
	MaxSamples = maxSamples
)

var (
	Kind         = kind
	PrecisePause = precisePause
	Share        = share
	WithBar      = withBar
	ColumnsOf    = columnsOf
	Distribution = func(h *hist.Hist) report.Chart { return distribution(h) }
)
