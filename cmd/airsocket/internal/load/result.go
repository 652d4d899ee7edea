package load

import (
	"fmt"
	"math"

	"github.com/airsocket/airsocket/internal/hist"
	"github.com/airsocket/airsocket/internal/report"
)

// measures are what -check can refer to.
var measures = map[string]report.Measure{
	"p50": {Unit: report.Seconds}, "p90": {Unit: report.Seconds}, "p99": {Unit: report.Seconds},
	"p99.9": {Unit: report.Seconds}, "max": {Unit: report.Seconds}, "mean": {Unit: report.Seconds},
	"errors": {HasWhole: true}, "connected": {HasWhole: true}, "unanswered": {}, "rate": {Unit: report.PerSecond},
}

// report returns what was measured. The test is over.
func (r *run) report() *report.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.history.samples[len(r.history.samples)-1]
	rep := &report.Report{
		Title: r.config.title(), Notes: r.notes(last.counts),
		Started: r.epoch, Length: last.at,
		Groups: r.groups(last.counts),
		Charts: r.charts(),
	}
	values := r.values(rep.Groups, last.counts)
	for _, c := range r.config.parsed {
		rep.Outcomes = append(rep.Outcomes, c.Test(values))
	}
	return rep
}

func (r *run) notes(n counts) []string {
	notes := []string{r.config.settings()}
	if r.interrupted {
		notes = append(notes, "interrupted after "+report.Seconds.Format(r.stopped.Seconds()))
	}
	if r.missed > 0 {
		notes = append(notes, fmt.Sprintf("this machine is too slow for the load: %d messages were not sent", r.missed))
	}
	if len(r.config.messages) > 0 && r.opened > 0 && n.sent+n.unsent == 0 {
		notes = append(notes, "no message was due on the connections that were open; give a shorter -every, or a longer -duration")
	}
	if n.answered == 0 && n.unanswered > 0 {
		notes = append(notes, "the server has answered no message; if it is not meant to, give -match none")
	}
	return notes
}

func (r *run) groups(n counts) []report.Group {
	rates := r.rates()
	groups := []report.Group{
		{Key: "connections", Title: "Connections", Metrics: []report.Metric{
			{Key: "attempted", Value: float64(r.started)},
			{Key: "opened", Value: float64(r.opened)},
			{Key: "failed", Value: float64(r.started - r.opened)},
			{Key: "most", Label: "open at a time", Value: float64(r.mostOpen)},
		}},
		{Key: "opening", Title: "Time to open", Metrics: report.NewLatency(&r.openTime).Metrics()},
		{Key: "messages", Title: "Messages"},
		{Key: "latency", Title: "Latency", Metrics: report.NewLatency(&r.latency).Metrics()},
		{Key: "late", Title: "Late to send", Note: "because of this machine, or because the server took nothing"},
		{Key: "errors", Title: "Errors", Metrics: r.errors.Metrics()},
		{Key: "closes", Title: "Closes by code", Metrics: r.closes.Metrics()},
	}
	if len(r.config.messages) > 0 || n.received > 0 {
		groups[2].Metrics = []report.Metric{
			{Key: "sent", Value: float64(n.sent)},
			{Key: "received", Value: float64(n.received)},
			{Key: "unanswered", Value: float64(n.unanswered)},
			{Key: "unexpected", Value: float64(n.unexpected)},
			{Key: "unsent", Label: "due but not sent", Value: float64(n.unsent)},
			{Key: "sent_bytes", Label: "payload sent", Unit: report.Bytes, Value: float64(n.sentBytes)},
			{Key: "received_bytes", Label: "payload received", Unit: report.Bytes, Value: float64(n.receivedBytes)},
			{Key: "sent_rate", Label: "sent after the ramp", Unit: report.PerSecond, Value: rates.sent},
			{Key: "received_rate", Label: "received after the ramp", Unit: report.PerSecond, Value: rates.received},
		}
	}
	if r.config.every > 0 {
		groups[4].Metrics = report.NewLatency(&r.late).Metrics()
	}
	return groups
}

// rates are messages a second.
type rates struct{ sent, received float64 }

// rates returns the mean rates from the end of the ramp to the end of sending.
func (r *run) rates() rates {
	passed := (r.stopped - r.ramped).Seconds()
	if r.end == never || passed <= 0 {
		return rates{math.NaN(), math.NaN()}
	}
	return rates{float64(r.atStop.sent-r.atRamp.sent) / passed, float64(r.atStop.received-r.atRamp.received) / passed}
}

// values returns what checks can refer to.
func (r *run) values(groups []report.Group, n counts) map[string]report.Value {
	all := map[string]report.Value{
		"errors":     {Number: float64(r.errors.Total()), Whole: float64(r.config.conns)},
		"connected":  {Number: float64(r.opened), Whole: float64(r.config.conns)},
		"unanswered": {Number: float64(n.unanswered)},
		"rate":       {Number: r.rates().received},
	}
	for _, g := range groups {
		if g.Key != "latency" || n.answered == 0 {
			continue
		}
		for _, m := range g.Metrics {
			all[m.Key] = report.Value{Number: m.Value}
		}
	}
	return all
}

func (r *run) charts() []report.Chart {
	var open, failed, sent, received report.Line
	var p50, p99, highest report.Line
	open.Name, failed.Name, sent.Name, received.Name = "open", "errors", "sent", "received"
	p50.Name, p99.Name, highest.Name = "p50", "p99", "max"
	before := sample{}
	add := func(l *report.Line, x, y float64) { l.Points = append(l.Points, report.Point{X: x, Y: y}) }
	for _, s := range r.history.samples {
		passed := (s.at - before.at).Seconds()
		at := s.at.Seconds()
		add(&open, at, float64(s.open))
		add(&failed, at, float64(s.errors))
		long := passed >= r.period.Seconds()/2 // the others have too few messages for a rate
		quiet := s.at > r.stopped && s.sent == before.sent && s.received == before.received
		if long && !quiet {
			add(&sent, at, float64(s.sent-before.sent)/passed)
			add(&received, at, float64(s.received-before.received)/passed)
		}
		switch {
		case s.some:
			add(&p50, at, s.p50.Seconds())
			add(&p99, at, s.p99.Seconds())
			add(&highest, at, s.max.Seconds())
		case long:
			add(&p50, at, math.NaN())
			add(&p99, at, math.NaN())
			add(&highest, at, math.NaN())
		}
		if long {
			before = s
		}
	}
	seconds := report.Axis{Label: "time", Unit: report.Seconds}
	charts := []report.Chart{{Title: "Connections over time", X: seconds, Lines: []report.Line{open, failed}}}
	if len(r.config.messages) == 0 && r.atStop.received == 0 {
		return charts
	}
	return append([]report.Chart{
		{Title: "Latency over time", X: seconds, Y: report.Axis{Unit: report.Seconds}, Lines: []report.Line{p50, p99, highest}},
		{Title: "Rate over time", X: seconds, Y: report.Axis{Label: "messages a second"}, Lines: []report.Line{sent, received}},
		distribution(&r.latency),
	}, charts...)
}

// distribution returns a chart of how many answers took how long.
func distribution(h *hist.Hist) report.Chart {
	c := report.Chart{
		Title: "Distribution of latencies", Bars: true,
		X: report.Axis{Label: "latency", Unit: report.Seconds, Log: true},
		Y: report.Axis{Label: "messages"},
	}
	const perDecade = 12
	var line report.Line
	last := math.MinInt
	edge := func(bin int) float64 { return math.Pow(10, float64(bin)/perDecade) }
	for low, n := range h.Buckets() {
		bin := int(math.Floor(math.Log10(low.Seconds()) * perDecade))
		if last == math.MinInt {
			last = bin - 1
		}
		for ; last < bin; last++ {
			line.Points = append(line.Points, report.Point{X: edge(last + 1)})
		}
		line.Points[len(line.Points)-1].Y += float64(n)
	}
	if len(line.Points) > 0 {
		line.Points = append(line.Points, report.Point{X: edge(last + 1)})
	}
	c.Lines = []report.Line{line}
	return c
}
