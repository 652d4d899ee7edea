package load

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/airsocket/airsocket/internal/report"
)

// A progress shows how far the test is: on a terminal in a line that changes, and elsewhere
// in a line each few seconds.
type progress struct {
	w        io.Writer // nil: nothing is shown
	terminal bool
	last     sample
	shown    time.Duration // when the last line was written
	drawn    bool          // there is a line to remove
}

// plainEvery is the time between two lines if they are not shown on a terminal.
const plainEvery = 5 * time.Second

// redrawn is the shortest time between two changes of the line on a terminal.
const redrawn = 200 * time.Millisecond

func newProgress(quiet bool, w io.Writer, terminal bool) *progress {
	if quiet {
		w = nil
	}
	return &progress{w: w, terminal: terminal}
}

func (p *progress) show(r *run, s sample) {
	pause := plainEvery
	if p.terminal {
		pause = redrawn
	}
	if p.w == nil || s.at-p.shown < pause {
		return
	}
	text := describe(r, p.last, s)
	p.last, p.shown = s, s.at
	if !p.terminal {
		fmt.Fprintln(p.w, text)
		return
	}
	p.drawn = true
	fmt.Fprintf(p.w, "\r%s %s\x1b[K", bar(s.at, r.endKnown()), text)
}

// end removes the line from the terminal, so that the report can take its place.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// endKnown returns the end of the test, as far as it is known.
func (r *run) endKnown() time.Duration {
	if r.end != never {
		return r.end
	}
	return r.config.ramp + r.config.duration
}

// bar returns a bar that is filled as far as the time has passed.
func bar(at, end time.Duration) string {
	const width = 16
	filled := width
	if at < end {
		filled = int(width * at / end)
	}
	return "[" + strings.Repeat("=", filled) + strings.Repeat(" ", width-filled) + "]"
}

// describe says in less than 60 characters what has happened up to s, and how fast since
// the sample before.
func describe(r *run, before, s sample) string {
	at := s.at.Round(100 * time.Millisecond)
	text := fmt.Sprintf("%.0fs %d open %d errors", at.Seconds(), s.open, s.errors)
	switch r.phase {
	case awaiting:
		return text + ", waiting for answers"
	case closing:
		return text + ", closing"
	}
	if passed := (s.at - before.at).Seconds(); len(r.config.messages) > 0 && passed > 0 {
		text += fmt.Sprintf(" %.0f sent/s %.0f received/s", float64(s.sent-before.sent)/passed, float64(s.received-before.received)/passed)
	}
	if s.some {
		text += " p99 " + report.Seconds.Format(s.p99.Seconds())
	}
	return text
}
