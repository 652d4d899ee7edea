package console

import (
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

// A frame is the rows in which a line is shown while it is edited. Rows are not so long that
// the terminal would break them.
type frame struct {
	rows     []string
	widths   []int // columns of each row
	row, col int   // of the cursor

	columns, lines int // of the terminal that it was made for
}

// nothing returns the frame of a terminal on which nothing stands in the cursor's row.
func nothing() *frame { return &frame{rows: []string{""}, widths: []int{0}} }

// margin stands before each row but the first.
const margin = "  "

// mostAsked is how many rows a question takes with the end of the text that it is about.
const mostAsked = 12

// frame returns how the line is shown on a terminal with so many columns and lines. Of a
// long line, the rows around the cursor are shown.
func (e *editor) frame(columns, lines int, colored bool) *frame {
	f := &frame{columns: columns, lines: lines}
	columns = max(columns-1, len(margin)+2)
	text, at, label := e.text, e.at, Prompt
	if s := e.search; s != nil {
		label = "(search: " + escape.Text(s.text) + ") "
		if s.found >= 0 {
			text = e.history.lines[s.found]
			at = max(strings.Index(text, s.text), 0)
		}
		if s.failed {
			label = "(not found: " + escape.Text(s.text) + ") "
		}
	}
	if e.pasting >= 0 {
		label = fmt.Sprintf("(pasting, %d bytes; Ctrl-C drops it) ", e.pasting)
	}
	f.write(label, color.Faint, columns, colored, -1)
	f.write(text, color.Plain, columns, colored, at)
	if e.question != nil {
		f.newRow()
		f.write(e.asked(), color.Note, columns, colored, -1)
		f.row, f.col = len(f.rows)-1, f.widths[len(f.rows)-1]
	}
	most := max(lines-1, 1)
	if e.question != nil {
		most = min(most, mostAsked)
	}
	f.clip(most)
	return f
}

// newRow begins a row.
func (f *frame) newRow() {
	if len(f.rows) == 0 {
		f.rows, f.widths = append(f.rows, ""), append(f.widths, 0)
		return
	}
	f.rows, f.widths = append(f.rows, margin), append(f.widths, len(margin))
}

// write appends text. If at is not negative, the cursor is placed at that index of the text.
func (f *frame) write(text string, style color.Style, columns int, colored bool, at int) {
	if len(f.rows) == 0 {
		f.newRow()
	}
	var row strings.Builder // what is to be appended to the last row
	last := len(f.rows) - 1
	flush := func() {
		f.rows[last] += style.Paint(colored, row.String())
		row.Reset()
	}
	index := 0
	next := func() {
		flush()
		f.newRow()
		last++
	}
	for cell, w := range width.Cells(text) {
		here := index == at
		index += len(cell)
		put := func(shown string, w int) {
			if f.widths[last]+w > columns && f.widths[last] > len(margin) {
				next()
			}
			if here {
				f.row, f.col, here = last, f.widths[last], false
			}
			row.WriteString(shown)
			f.widths[last] += w
		}
		switch {
		case cell == "\n":
			put("", 0)
			next()
		case strings.ContainsFunc(cell, escape.Hidden): // may have more columns than the terminal
			for piece, w := range width.Cells(escape.Text(cell)) {
				put(piece, w)
			}
		default:
			put(cell, w)
		}
	}
	flush()
	if index == at {
		f.row, f.col = last, f.widths[last]
	}
}

// clip leaves out rows so that there are at most n, with that of the cursor.
func (f *frame) clip(n int) {
	if len(f.rows) <= n {
		return
	}
	first := max(f.row-n+1, 0)
	f.rows, f.widths = f.rows[first:first+n], f.widths[first:first+n]
	f.row -= first
}

// erase returns what removes the frame from a terminal with so many columns, which has
// broken its rows if there were more columns when it was drawn.
func (f *frame) erase(columns int) string {
	up := f.col / max(columns, 1)
	for _, w := range f.widths[:f.row] {
		up += 1 + max(w-1, 0)/max(columns, 1)
	}
	if up == 0 {
		return "\r\x1b[J"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", up)
}

// draw returns what draws the frame where the cursor is, at the beginning of a row.
func (f *frame) draw() string {
	var b strings.Builder
	b.WriteString(strings.Join(f.rows, "\r\n"))
	if up := len(f.rows) - 1 - f.row; up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	b.WriteByte('\r')
	if f.col > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", f.col)
	}
	return b.String()
}
