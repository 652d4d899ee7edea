// Package report prints what a program has measured: as text, as JSON, and as one HTML page
// with plots that needs no other file and no script. It also has what such measurements are
// made of: percentiles, counters by kind, and checks.
package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Report is what a program has measured. Its texts are shown as they are, except that
// WriteHTML escapes them for HTML: a text from a peer must have no control characters.
type Report struct {
	Title    string
	Notes    []string // about the whole report, a line each
	Started  time.Time
	Length   time.Duration
	Groups   []Group
	Charts   []Chart
	Outcomes []Outcome // of checks
	Checks   string    // the title of the outcomes; empty means Checks
}

// CheckTitle returns the title of the outcomes.
func (r *Report) CheckTitle() string {
	if r.Checks != "" {
		return r.Checks
	}
	return "Checks"
}

// A Group is a list of metrics that belong together.
type Group struct {
	Key   string // in JSON, unique in the Report
	Title string
	Note  string // a line below the title; may be empty
	// Metrics may be empty. Then the text and the page leave out the group, and its
	// object in JSON is empty.
	Metrics []Metric
}

// A Metric is a number with a name.
type Metric struct {
	Key   string // in JSON, unique in the Group
	Label string // in text; empty means Key
	Unit  Unit
	Value float64 // NaN if there is none
}

func (m Metric) label() string {
	if m.Label != "" {
		return m.Label
	}
	return m.Key
}

func (m Metric) text() string { return m.Unit.Format(m.Value) }

// OK reports whether all checks hold.
func (r *Report) OK() bool {
	for _, o := range r.Outcomes {
		if !o.OK {
			return false
		}
	}
	return true
}

// WriteText writes the report as text, without the charts.
func (r *Report) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, r.Title)
	for _, note := range r.Notes {
		fmt.Fprintln(b, note)
	}
	for _, g := range r.Groups {
		if len(g.Metrics) > 0 {
			g.writeText(b)
		}
	}
	if len(r.Outcomes) > 0 {
		fmt.Fprintf(b, "\n%s\n", r.CheckTitle())
	}
	for _, o := range r.Outcomes {
		result := "failed"
		if o.OK {
			result = "ok"
		}
		fmt.Fprintf(b, "  %-7s %s (%s)\n", result, o.Check, o.Text)
	}
	return b.Flush()
}

func (g *Group) writeText(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", g.Title)
	if g.Note != "" {
		fmt.Fprintf(w, "  %s\n", g.Note)
	}
	wide, long := 0, 0
	for _, m := range g.Metrics {
		wide = max(wide, utf8.RuneCountInString(m.label()))
		long = max(long, utf8.RuneCountInString(m.text()))
	}
	for _, m := range g.Metrics {
		gap := wide - utf8.RuneCountInString(m.label()) + long - utf8.RuneCountInString(m.text())
		fmt.Fprintf(w, "  %s%s  %s\n", m.label(), strings.Repeat(" ", gap), m.text())
	}
}

// WriteJSON writes the report as one JSON object. It has the members title, notes, started
// (RFC 3339), seconds, checks and charts, and one for each Group: an object with a number
// for each Metric, or null if there is none. Times are in seconds, lengths in bytes. Each
// check has the members check, actual (a number, or null) and ok. Each chart has title,
// x and y (what the axes mean) and lines: objects with name, and points as pairs of x and y.
func (r *Report) WriteJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	o := jsonObject{w: b}
	o.begin()
	o.member("title", r.Title)
	o.member("notes", append([]string{}, r.Notes...))
	o.member("started", r.Started.UTC().Format(time.RFC3339Nano))
	o.member("seconds", r.Length.Seconds())
	for _, g := range r.Groups {
		o.object(g.Key, func(inner *jsonObject) {
			for _, m := range g.Metrics {
				inner.member(m.Key, jsonNumber(m.Value))
			}
		})
	}
	o.member("checks", append([]Outcome{}, r.Outcomes...))
	o.member("charts", append([]Chart{}, r.Charts...))
	o.end()
	if o.err != nil {
		return o.err
	}
	b.WriteByte('\n')
	return b.Flush()
}

// jsonNumber is a number that may be NaN, which becomes null.
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return strconv.AppendFloat(nil, f, 'g', -1, 64), nil
	}
	return []byte("null"), nil
}

// A jsonObject writes an object whose members keep their order.
type jsonObject struct {
	w      *bufio.Writer
	indent string
	some   bool
	err    error
}

func (o *jsonObject) begin() {
	o.w.WriteByte('{')
	o.indent += "  "
}

func (o *jsonObject) name(name string) {
	if o.some {
		o.w.WriteByte(',')
	}
	o.some = true
	o.w.WriteString("\n" + o.indent)
	o.value(name)
	o.w.WriteString(": ")
}

func (o *jsonObject) value(v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // so that people can read the checks
	if err := enc.Encode(v); err != nil && o.err == nil {
		o.err = err
	}
	o.w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func (o *jsonObject) member(name string, v any) {
	o.name(name)
	o.value(v)
}

func (o *jsonObject) object(name string, fill func(*jsonObject)) {
	o.name(name)
	inner := &jsonObject{w: o.w, indent: o.indent}
	inner.begin()
	fill(inner)
	inner.end()
	if o.err == nil {
		o.err = inner.err
	}
}

func (o *jsonObject) end() {
	o.indent = o.indent[2:]
	if o.some {
		o.w.WriteString("\n" + o.indent)
	}
	o.w.WriteByte('}')
}
