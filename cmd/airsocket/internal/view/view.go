// Package view has the text in which the events of a connection are shown to somebody at a
// terminal.
//
// Nothing that a peer sends reaches the terminal as it is: text is escaped, and each line of
// a message begins with a mark or is indented, so that no message looks like an event or like
// another message. The codes of colors are the only control characters besides line ends.
package view

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

// Times says which times are shown before events.
type Times string

// The kinds of times.
const (
	Off   Times = "off"
	On    Times = "on"    // the time of day
	Delta Times = "delta" // the time since the event before
)

// A View turns events into text. Its zero value is plain: without times, colors and limits.
type View struct {
	Times  Times
	Color  bool
	Pretty bool // break JSON and texts with line ends into lines
	Fold   int  // how many rows of a message are shown; 0: all

	// Columns returns the columns of the terminal, if it is set.
	Columns func() int

	last time.Time // of the event before
}

// indent stands before each row of a message but the first.
const indent = "  "

// mostSent is how many rows are shown of a binary message that was sent, as from a file.
const mostSent = 4

// A span is a piece of text that may be printed on a terminal, and how it looks.
type span struct {
	text  string
	style color.Style
}

// Event returns the lines for an event that happened at the time at. If a message is not
// shown whole, more follows the note that says so.
func (v *View) Event(e journal.Event, at time.Time, more string) string {
	var b strings.Builder
	used := v.time(&b, at)
	if e.Kind != "message" {
		v.note(&b, e, used)
		return b.String()
	}
	mark, style := "<", color.Received
	if e.Out {
		mark, style = ">", color.Sent
	}
	b.WriteString(style.Paint(v.Color, mark) + " ")
	fold := v.Fold
	if e.Out && e.Binary && fold > 0 {
		fold = min(fold, mostSent)
	}
	v.body(&b, e, used+2, fold, more)
	return b.String()
}

// Whole returns the lines of a message without its mark and time, and without a limit.
func (v *View) Whole(e journal.Event) string {
	var b strings.Builder
	b.WriteString(indent)
	v.body(&b, e, len(indent), 0, "")
	return b.String()
}

// time writes the time of an event, if times are shown, and returns its columns.
func (v *View) time(b *strings.Builder, at time.Time) int {
	text := ""
	switch v.Times {
	case On:
		text = at.Format("15:04:05.000")
	case Delta:
		since := 0.0
		if !v.last.IsZero() {
			since = at.Sub(v.last).Seconds()
		}
		text = fmt.Sprintf("%+9.3f", since)
	}
	v.last = at
	if text == "" {
		return 0
	}
	b.WriteString(color.Faint.Paint(v.Color, text) + " ")
	return len(text) + 1
}

// body writes the rows of a message, at most fold of them unless it is 0. The first is
// written after used columns.
func (v *View) body(b *strings.Builder, e journal.Event, used, fold int, more string) {
	if !v.Pretty && !e.Binary {
		v.unbroken(b, string(e.Data), used, fold, more)
		return
	}
	rows := 0
	for line := range v.lines(e) {
		for row := range v.wrap(line, used) {
			used = len(indent) // of the next line
			if rows++; fold > 0 && rows > fold {
				v.folded(b, e, more)
				return
			}
			v.row(b, row, rows == 1)
		}
	}
}

// row writes a row of a message or of an event.
func (v *View) row(b *strings.Builder, row []span, first bool) {
	if !first {
		b.WriteString(indent)
	}
	for _, s := range row {
		b.WriteString(s.style.Paint(v.Color, s.text))
	}
	b.WriteByte('\n')
}

// unbroken writes a text as a single line, which the terminal breaks into rows.
func (v *View) unbroken(b *strings.Builder, text string, used, fold int, more string) {
	most := fold * v.columns()
	if fold == 0 || len(text) <= most-used {
		b.WriteString(escape.Text(text) + "\n")
		return
	}
	room := most - used
	for cell, w := range width.Cells(escape.Text(text[:min(len(text), 4*most)])) {
		if room -= w; room < 0 {
			b.WriteByte('\n')
			v.folded(b, journal.Event{Data: []byte(text)}, more)
			return
		}
		b.WriteString(cell)
	}
	b.WriteByte('\n')
}

// folded writes that a message is longer than what is shown of it.
func (v *View) folded(b *strings.Builder, e journal.Event, more string) {
	text := fmt.Sprintf("... %s in all", Size(len(e.Data)))
	if more != "" {
		text += "; " + more
	}
	b.WriteString(indent + color.Faint.Paint(v.Color, text) + "\n")
}

func (v *View) lines(e journal.Event) iter.Seq[[]span] {
	room := v.columns() - len(indent)
	switch {
	case e.Binary:
		return dump(e.Data, room)
	case !e.Out && isJSON(e.Data):
		return jsonLines(e.Data, room)
	}
	return textLines(string(e.Data))
}

// textLines yields the lines of a text. A line end at the end is shown as such.
func textLines(s string) iter.Seq[[]span] {
	return func(yield func([]span) bool) {
		for {
			line, rest, more := strings.Cut(s, "\n")
			if more && rest == "" {
				line, more = s, false
			}
			if !yield([]span{{escape.Text(strings.TrimSuffix(line, "\r")), color.Plain}}) || !more {
				return
			}
			s = rest
		}
	}
}

// wrap yields the rows of a line. used is how many columns of the first row are taken; of the
// others, the indent is. The length of a row in
// bytes is limited, too.
func (v *View) wrap(line []span, used int) iter.Seq[[]span] {
	return func(yield func([]span) bool) {
		columns := v.columns()
		var row []span
		taken, bytes := used, 0
		for _, s := range line {
			begin, end := 0, 0
			for cell, w := range width.Cells(s.text) {
				if taken+w > columns && bytes > 0 || bytes+len(cell) > width.MaxCell*columns {
					if !yield(append(row, span{s.text[begin:end], s.style})) {
						return
					}
					row, taken, bytes, begin = nil, len(indent), 0, end
				}
				end += len(cell)
				taken += w
				bytes += len(cell)
			}
			row = append(row, span{s.text[begin:], s.style})
		}
		yield(row)
	}
}

// columns returns how many columns of a row are used: not the last one, so that the terminal
// begins no row by itself.
func (v *View) columns() int {
	n := 80
	if v.Columns != nil {
		n = v.Columns()
	}
	return max(n-1, len(indent)+10)
}

// Note returns the lines of an event other than a message, without a time.
func (v *View) Note(e journal.Event) string {
	var b strings.Builder
	v.note(&b, e, 0)
	return b.String()
}

// note writes an event other than a message after used columns.
func (v *View) note(b *strings.Builder, e journal.Event, used int) {
	kind, rest, ok := strings.Cut(Line(e), " ")
	if ok {
		rest = " " + rest
	}
	mark, style := color.Note, color.Plain
	switch e.Kind {
	case "help":
		b.WriteString(indent + strings.TrimPrefix(rest, " ") + "\n")
		return
	case "input": // not from the peer: not broken, so that a path in it can be copied
		v.row(b, []span{{"*", color.Failure}, {rest, color.Failure}}, true)
		return
	case "error":
		mark, style = color.Failure, color.Failure
	}
	line := []span{{"*", mark}, {" ", color.Plain}, {kind, style}, {rest, color.Plain}}
	first := true
	for row := range v.wrap(line, used) {
		v.row(b, row, first)
		first = false
	}
}

// Line returns a line of text, without a line end and without a mark, for an event other than
// a message.
func Line(e journal.Event) string {
	var b strings.Builder
	b.WriteString(e.Kind)
	switch e.Kind {
	case "ping", "pong":
		if e.Out {
			b.WriteString(" sent")
		}
		if len(e.Data) > 0 {
			b.WriteString(" " + strconv.Quote(string(e.Data)))
		}
		if e.RTT > 0 {
			b.WriteString(" after " + Duration(e.RTT))
		}
	case "close":
		fmt.Fprintf(&b, " %d", e.Code)
		if e.Text != "" {
			b.WriteString(" " + escape.Text(e.Text))
		}
		if !e.Clean {
			b.WriteString(" (without a closing handshake)")
		}
	default:
		if e.Status != 0 {
			fmt.Fprintf(&b, " status %d", e.Status)
		}
		if e.Text != "" {
			b.WriteString(" " + escape.Text(e.Text))
		}
		if body := strings.TrimSpace(string(e.Body)); body != "" {
			b.WriteString(": " + escape.Text(body))
		}
	}
	return b.String()
}

// Duration returns a time with three digits or so.
func Duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		d = d.Round(time.Microsecond)
	case d < time.Second:
		d = d.Round(10 * time.Microsecond)
	default:
		d = d.Round(10 * time.Millisecond)
	}
	return d.String()
}

// Size returns a number of bytes with its unit.
func Size(n int) string {
	switch {
	case n == 1:
		return "1 byte"
	case n < 10_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 10_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
