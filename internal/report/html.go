package report

import (
	_ "embed"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html.tmpl
var pageText string

// The template escapes what it inserts, for each place in the page where it does so.
var page = template.Must(template.New("page").Parse(pageText))

// A pageData is what the template shows.
type pageData struct {
	*Report
	Drawings []drawing
}

// When returns when the measurement began, and how long it took.
func (p pageData) When() string {
	return p.Started.UTC().Format("2006-01-02 15:04:05 MST") + ", " + Seconds.Format(p.Length.Round(time.Millisecond).Seconds())
}

// Shown returns the groups that are not empty.
func (p pageData) Shown() []shownGroup {
	var all []shownGroup
	for _, g := range p.Groups {
		if len(g.Metrics) == 0 {
			continue
		}
		s := shownGroup{Title: g.Title, Note: g.Note}
		for _, m := range g.Metrics {
			s.Rows = append(s.Rows, shownMetric{m.label(), m.text()})
		}
		all = append(all, s)
	}
	return all
}

type shownGroup struct {
	Title, Note string
	Rows        []shownMetric
}

type shownMetric struct{ Label, Text string }

// WriteHTML writes the report as an HTML page with its charts. The page has no script and
// loads nothing.
func (r *Report) WriteHTML(w io.Writer) error {
	data := pageData{Report: r}
	for _, c := range r.Charts {
		if d, ok := draw(c); ok {
			data.Drawings = append(data.Drawings, d)
		}
	}
	return page.Execute(w, data)
}

// points formats coordinates for the attribute of a polyline.
func points(all []dot) string {
	var b strings.Builder
	for i, d := range all {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.FormatFloat(d.X, 'f', -1, 64) + "," + strconv.FormatFloat(d.Y, 'f', -1, 64))
	}
	return b.String()
}
