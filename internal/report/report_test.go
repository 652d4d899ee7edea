package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/hist"
	"github.com/airsocket/airsocket/internal/report"
)

// nasty is a text that must be escaped in HTML, also in attributes.
const nasty = `</title><script>alert("1")</script> & 'x'`

func example() *report.Report {
	return &report.Report{
		Title:   nasty,
		Notes:   []string{nasty},
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Length:  90 * time.Second,
		Groups: []report.Group{
			{Key: "connections", Title: "Connections", Note: nasty, Metrics: []report.Metric{
				{Key: "opened", Value: 998},
				{Key: "most", Label: "open at the same time", Value: 12},
			}},
			{Key: "latency", Title: "Latency", Metrics: []report.Metric{
				{Key: "p50", Unit: report.Seconds, Value: 0.00123},
				{Key: "p99", Unit: report.Seconds, Value: math.NaN()},
			}},
			{Key: "errors", Title: "Errors"},
			{Key: "closes", Title: "Closes", Metrics: []report.Metric{{Key: nasty, Value: 1}}},
		},
		Charts: []report.Chart{
			{Title: nasty, X: report.Axis{Label: nasty, Unit: report.Seconds}, Y: report.Axis{Label: nasty, Unit: report.Seconds},
				Lines: []report.Line{{Name: nasty, Points: []report.Point{{X: 0, Y: .1}, {X: 1, Y: .2}, {X: 2, Y: math.NaN()}, {X: 3, Y: .3}}}}},
			{Title: "distribution", Bars: true, X: report.Axis{Unit: report.Seconds, Log: true},
				Lines: []report.Line{{Points: []report.Point{{X: 1e-4, Y: 5}, {X: 1e-3, Y: 7}, {X: 1e-2}}}}},
			{Title: "nothing", Lines: []report.Line{{Name: "nothing"}}},
		},
		Outcomes: []report.Outcome{{Check: nasty, Text: "1.23ms", OK: true}, {Check: "errors<1", Text: "5"}},
	}
}

func TestText(t *testing.T) {
	r := example()
	r.Title, r.Notes = "A test", []string{"a note"}
	r.Groups[0].Note = ""
	r.Groups = r.Groups[:3]
	r.Outcomes[0].Check = "p50<50ms"
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `A test
a note

Connections
  opened                 998
  open at the same time   12

Latency
  p50  1.23ms
  p99       -

Checks
  ok      p50<50ms (1.23ms)
  failed  errors<1 (5)
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if r.OK() {
		t.Error("a failed check is reported as OK")
	}
	r.Outcomes = r.Outcomes[:1]
	if !r.OK() {
		t.Error("checks that hold are reported as failed")
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := example().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Title       string
		Notes       []string
		Started     time.Time
		Seconds     float64
		Connections map[string]float64
		Latency     map[string]*float64
		Errors      map[string]float64
		Closes      map[string]float64
		Checks      []struct {
			Check  string
			Actual *float64
			OK     bool
		}
		Charts []struct {
			Title, X, Y string
			Lines       []struct {
				Name   string
				Points [][2]*float64
			}
		}
	}
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	switch {
	case got.Title != nasty, len(got.Notes) != 1, got.Started.Second() != 5, got.Seconds != 90:
		t.Errorf("head: %+v", got)
	case got.Connections["opened"] != 998, got.Connections["most"] != 12, len(got.Connections) != 2:
		t.Errorf("connections: %v", got.Connections)
	case *got.Latency["p50"] != 0.00123, got.Latency["p99"] != nil, len(got.Latency) != 2:
		t.Errorf("latency: %v", got.Latency)
	case got.Errors == nil, len(got.Errors) != 0, got.Closes[nasty] != 1:
		t.Errorf("errors %v, closes %v", got.Errors, got.Closes)
	case len(got.Checks) != 2, got.Checks[0].Check != nasty, !got.Checks[0].OK, got.Checks[1].OK:
		t.Errorf("checks: %+v", got.Checks)
	case len(got.Charts) != 3, len(got.Charts[0].Lines[0].Points) != 4, got.Charts[0].Lines[0].Points[2][1] != nil, *got.Charts[0].Lines[0].Points[3][1] != .3:
		t.Errorf("charts: %+v", got.Charts)
	}
}

// The page is well-formed, escapes all texts, loads nothing and has a plot for each chart
// with points.
func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := example().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, bad := range []string{"<script", "javascript:", "http:", "https:", "src=", "@import", "url(", "ZgotmplZ", "NaN"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "<!DOCTYPE html>")))
	d.Strict = false // for the two void elements in the head
	d.AutoClose = []string{"meta"}
	d.Entity = xml.HTMLEntity
	count := map[string]int{}
	shown := 0 // how often the nasty text is shown as it is
	var depth []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			count[token.Name.Local]++
			depth = append(depth, token.Name.Local)
			for _, a := range token.Attr {
				shown += strings.Count(a.Value, nasty)
			}
		case xml.EndElement:
			if last := depth[len(depth)-1]; last != token.Name.Local {
				t.Fatalf("<%s> is closed by </%s>", last, token.Name.Local)
			}
			depth = depth[:len(depth)-1]
		case xml.CharData:
			shown += strings.Count(string(token), nasty)
		}
	}
	if len(depth) != 0 {
		t.Errorf("not closed: %q", depth)
	}
	// The title twice, two notes, the title of the chart twice, both axes, the name of the
	// line, the check and the metric.
	if shown != 11 {
		t.Errorf("the text that has to be escaped is shown %d times", shown)
	}
	// Two plots, and the mark of a line in a legend. The gap leaves a point alone.
	for name, want := range map[string]int{"svg": 3, "polyline": 1, "circle": 1, "rect": 2, "html": 1, "style": 1, "script": 0} {
		if count[name] != want {
			t.Errorf("%d elements %s, want %d", count[name], name, want)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	for name, write := range map[string]func(*report.Report, io.Writer) error{
		"text": (*report.Report).WriteText, "JSON": (*report.Report).WriteJSON, "HTML": (*report.Report).WriteHTML,
	} {
		if err := write(example(), brokenWriter{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestLatency(t *testing.T) {
	var h hist.Hist
	if m := report.NewLatency(&h).Metrics(); m != nil {
		t.Errorf("of nothing: %v", m)
	}
	for i := 1; i <= 10000; i++ {
		h.Add(time.Duration(i) * time.Microsecond)
	}
	want := map[string]float64{"p50": 5e-3, "p90": 9e-3, "p99": 9.9e-3, "p99.9": 9.99e-3, "max": 10e-3, "mean": 5.0005e-3}
	for _, m := range report.NewLatency(&h).Metrics() {
		if w := want[m.Key]; m.Unit != report.Seconds || m.Value > w*1.0001 || m.Value < w*.984 {
			t.Errorf("%s is %v, want %v", m.Key, m.Value, w)
		}
		delete(want, m.Key)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestStep(t *testing.T) {
	for _, top := range []float64{0.3, 1, 1.9, 2, 4.9, 5, 9.99, 17, 420} {
		if n := top / report.Step(top); n < 4 || n > 10.1 {
			t.Errorf("%v has %v steps", top, n)
		}
	}
}

// The texts below a plot have room, and the first line is drawn above the others.
func TestPlot(t *testing.T) {
	for _, axis := range []report.Axis{{}, {Log: true}} {
		for _, top := range []float64{1.1, 1.9, 3, 4.9, 7, 9.9, 150, 4e5} {
			c := report.Chart{X: axis, Lines: []report.Line{
				{Name: "first", Points: []report.Point{{X: .1, Y: 1}, {X: top, Y: 2}}},
				{Name: "second", Points: []report.Point{{X: .1, Y: 1}, {X: top, Y: 2}}},
			}}
			var b strings.Builder
			if err := (&report.Report{Charts: []report.Chart{c}}).WriteHTML(&b); err != nil {
				t.Fatal(err)
			}
			page := b.String()
			// Those of the x axis have their middle at the tick, as has the name of the axis.
			if n := strings.Count(page, `text-anchor="middle"`) - 1; n < 2 || n > 7 {
				t.Errorf("to %v, log %t: %d texts", top, axis.Log, n)
			}
			if first, second := strings.Index(page, `"line l1" points`), strings.Index(page, `"line l2" points`); first < second {
				t.Errorf("the first line is below the second one")
			}
		}
	}
}

// The title of the checks can be another one, in text and on the page.
func TestCheckTitle(t *testing.T) {
	r := &report.Report{Outcomes: []report.Outcome{{Check: "a<1", OK: true}}}
	for _, title := range []string{"Checks", "Thresholds"} {
		var text, page strings.Builder
		if err := r.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if err := r.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), "\n"+title+"\n") || !strings.Contains(page.String(), "<h2>"+title+"</h2>") {
			t.Errorf("the title %s is not in %s", title, text.String())
		}
		r.Checks = "Thresholds"
	}
}
