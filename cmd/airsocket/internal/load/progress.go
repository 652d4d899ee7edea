package load

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/internal/report"
)

// A progress shows how far the test is: on a terminal in a line that changes, and elsewhere
// in a line each few seconds.
type progress struct {
	w       io.Writer  // nil: nothing is shown
	columns func() int // how wide the terminal is; nil: w is none, or cannot remove a line
	last    sample
	shown   time.Duration // when the last line was written
	drawn   bool          // there is a line to remove
}

// plainEvery is the time between two lines if they are not shown on a terminal.
const plainEvery = 5 * time.Second

// redrawn is the shortest time between two changes of the line on a terminal.
const redrawn = 200 * time.Millisecond

func newProgress(quiet bool, w io.Writer, columns func() int) *progress {
	if quiet {
		w = nil
	}
	return &progress{w: w, columns: columns}
}

// columnsOf returns what newProgress needs for stderr.
func columnsOf(stderr io.Writer) func() int {
	if !console.IsTerminal(stderr) || color.Dumb() {
		return nil
	}
	return func() int { return console.Columns(stderr) }
}

func (p *progress) show(r *run, s sample) {
	pause := plainEvery
	if p.columns != nil {
		pause = redrawn
	}
	if p.w == nil || s.at-p.shown < pause {
		return
	}
	text := describe(r, p.last, s)
	p.last, p.shown = s, s.at
	if p.columns == nil {
		fmt.Fprintln(p.w, text)
		return
	}
	p.drawn = true
	fmt.Fprintf(p.w, "\r%s\x1b[K", withBar(text, s.at, r.endKnown(), p.columns()))
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

// withBar returns text behind a bar that is filled as far as the time has passed. Of a line
// that the terminal wraps the first part could not be removed, so the bar is shorter or omitted
// on one with few columns, and then the text is cut.
func withBar(text string, at, end time.Duration, columns int) string {
	const longest, shortest = 16, 4
	room := columns - 1 // some terminals wrap a line that is as long as they are wide
	width := min(longest, room-len("[] ")-utf8.RuneCountInString(text))
	if width < shortest {
		runes := []rune(text)
		return string(runes[:min(len(runes), max(room, 0))])
	}
	filled := width
	if at < end {
		filled = int(float64(width) * float64(at) / float64(end))
	}
	return "[" + strings.Repeat("=", filled) + strings.Repeat(" ", width-filled) + "] " + text
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
