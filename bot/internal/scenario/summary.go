package scenario

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/internal/report"
)

// insecure returns a configuration that takes every certificate.
func insecure(c *tls.Config) *tls.Config {
	c = c.Clone()
	if c == nil {
		c = new(tls.Config)
	}
	c.InsecureSkipVerify = true
	return c
}

// maxText is how many characters of a text of the script a report shows.
const maxText = 200

// clean returns a text of the script as reports may show it: a line without control
// characters.
func clean(text string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text))
	if len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return string(runes)
}

// kindOf returns the text under which an error is counted.
func kindOf(err error) string {
	text := err.Error()
	if thrown, ok := errors.AsType[*realm.Error](err); ok {
		text = thrown.Text()
	}
	first, _, _ := strings.Cut(text, "\n")
	return clean(first)
}

// textOf returns an error with the place in the script.
func textOf(err error) string {
	if thrown, ok := errors.AsType[*realm.Error](err); ok {
		return "uncaught " + thrown.Trace()
	}
	return err.Error()
}

// result sums up the test. failure is why it has ended early, or nil.
func (t *test) result(ctx context.Context, failure error) *Result {
	r := &Result{Report: t.report(failure), Err: failure}
	if reason, failed := t.shared.Failed(); failed && r.Err == nil {
		r.Err = fmt.Errorf("%w: %s", ErrMarked, clean(reason))
	}
	if !r.Report.OK() && r.Err == nil {
		r.Err = ErrThresholds
	}
	t.shared.Summary = func() string {
		var b strings.Builder
		r.Report.WriteText(&b) // which fails only if the Writer does
		return b.String()
	}
	r.Files, r.SummaryErr = t.handleSummary(ctx)
	return r
}

func (t *test) report(failure error) *report.Report {
	r := &report.Report{
		Title:   "airsocket-bot scenario " + clean(filepath.Base(t.config.Path)),
		Started: t.shared.Begun,
		Length:  t.end,
		Charts:  t.history.charts(),
		Checks:  "Thresholds",
	}
	for _, s := range t.list {
		r.Notes = append(r.Notes, clean(s.describe()))
	}
	for _, name := range t.options.Ignored {
		r.Notes = append(r.Notes, "the option "+clean(name)+" has no effect")
	}
	if n := t.shared.Interrupted.Load(); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d iterations were stopped before their end", n))
	}
	if t.shared.Checks.More() {
		r.Notes = append(r.Notes, fmt.Sprintf("only the first %d checks with different names are listed, "+
			"but the metric checks has all", k6.MaxChecks))
	}
	if failure != nil {
		r.Notes = append(r.Notes, clean(failure.Error()))
	}
	r.Groups = t.groups()
	for _, c := range t.checks {
		r.Outcomes = append(r.Outcomes, c.Test(t.end))
	}
	return r
}

// groups returns the metrics: a group for each Trend, and one for all of each other kind.
func (t *test) groups() []report.Group {
	checks := report.Group{Key: "script_checks", Title: "Checks"}
	for _, c := range t.shared.Checks.All() {
		name := clean(strings.TrimPrefix(c.Group+"::"+c.Name, "::"))
		checks.Metrics = append(checks.Metrics, report.Metric{
			Key: name, Label: fmt.Sprintf("%s (%d of %d)", name, c.Passed, c.Passed+c.Failed),
			Unit: report.Share, Value: float64(c.Passed) / float64(c.Passed+c.Failed),
		})
	}
	counters := report.Group{Key: "counters", Title: "Counters"}
	rates := report.Group{Key: "rates", Title: "Rates"}
	gauges := report.Group{Key: "gauges", Title: "Gauges"}
	var trends []report.Group
	for _, m := range t.shared.Metrics.All() {
		s := m.Sink()
		if s.Count == 0 {
			continue
		}
		unit := m.Contents.Unit()
		switch m.Kind {
		case metrics.Counter:
			counters.Metrics = append(counters.Metrics,
				report.Metric{Key: m.Name, Unit: unit, Value: m.Contents.Value(s.Sum)},
				report.Metric{Key: m.Name + "_rate", Label: m.Name + " a second", Unit: report.PerSecond, Value: s.Sum / max(t.end.Seconds(), 1e-9)})
		case metrics.Gauge:
			gauges.Metrics = append(gauges.Metrics,
				report.Metric{Key: m.Name, Unit: unit, Value: m.Contents.Value(s.Last)},
				report.Metric{Key: m.Name + "_max", Label: m.Name + " at most", Unit: unit, Value: m.Contents.Value(s.Max)})
		case metrics.Rate:
			rates.Metrics = append(rates.Metrics, report.Metric{
				Key: m.Name, Label: fmt.Sprintf("%s (%d of %d)", m.Name, s.NonZero, s.Count), Unit: report.Share, Value: s.Rate(),
			})
		case metrics.Trend:
			trends = append(trends, trend(m, &s))
		}
	}
	groups := append([]report.Group{checks, rates, counters, gauges}, trends...)
	return append(groups, report.Group{Key: "errors", Title: "Errors", Note: "what the script has not caught", Metrics: t.errors.Metrics()})
}

func trend(m *metrics.Metric, s *metrics.Sink) report.Group {
	g := report.Group{Key: "trend " + m.Name, Title: m.Name}
	for _, row := range []struct {
		key   string
		value float64
	}{{"avg", s.Mean()}, {"min", s.Min}, {"med", s.Quantile(.5)}, {"max", s.Max}, {"p90", s.Quantile(.9)}, {"p95", s.Quantile(.95)}, {"p99", s.Quantile(.99)}} {
		g.Metrics = append(g.Metrics, report.Metric{Key: row.key, Unit: m.Contents.Unit(), Value: m.Contents.Value(row.value)})
	}
	g.Metrics = append(g.Metrics, report.Metric{Key: "count", Value: float64(s.Count)})
	return g
}

// handleSummary calls the function of that name, if there is one, with what k6 passes to it,
// as far as it is known here.
func (t *test) handleSummary(ctx context.Context) (files map[string]string, err error) {
	fn := t.first.function("handleSummary")
	if fn == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, handleSummaryTime, errSummaryTime)
	defer cancel()
	err = t.first.run(ctx, fn, func() goja.Value { return t.first.realm.ToValue(t.summaryData()) }, func(result goja.Value) {
		files = t.first.files(result)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: handleSummary: %w", ErrScript, err)
	}
	return files, nil
}

// handleSummaryTime is how long handleSummary may take.
const handleSummaryTime = 2 * time.Minute

var (
	errSummary     = errors.New("it must return an object whose members are texts or ArrayBuffers, by the names of files")
	errSummaryTime = fmt.Errorf("it took longer than %s", handleSummaryTime)
)

// files returns what handleSummary has returned, nil for null and undefined.
func (v *vu) files(result goja.Value) map[string]string {
	if goja.IsUndefined(result) || goja.IsNull(result) {
		return nil
	}
	o, ok := result.(*goja.Object)
	if !ok || o.ClassName() == "Array" {
		panic(v.realm.NewGoError(errSummary))
	}
	files := make(map[string]string)
	for _, name := range o.Keys() {
		content := o.Get(name)
		data, ok := v.realm.Bytes(content)
		if text, isText := content.(goja.String); isText {
			data, ok = []byte(v.realm.Text(text)), true
		}
		if !ok {
			panic(v.realm.NewGoError(fmt.Errorf("%s: %w", name, errSummary)))
		}
		files[name] = string(data)
	}
	return files
}

func (t *test) summaryData() map[string]any {
	all := make(map[string]any)
	for _, m := range t.shared.Metrics.All() {
		s := m.Sink()
		thresholds := make(map[string]any)
		for _, c := range t.checks {
			if c.Metric == m {
				thresholds[c.Text] = map[string]any{"ok": c.Test(t.end).OK}
			}
		}
		if s.Count == 0 && len(thresholds) == 0 {
			continue
		}
		var values map[string]any
		switch m.Kind {
		case metrics.Counter:
			values = map[string]any{"count": s.Sum, "rate": s.Sum / max(t.end.Seconds(), 1e-9)}
		case metrics.Gauge:
			values = map[string]any{"value": s.Last, "min": s.Min, "max": s.Max}
		case metrics.Rate:
			values = map[string]any{"rate": s.Rate(), "passes": s.NonZero, "fails": s.Count - s.NonZero}
		case metrics.Trend:
			values = map[string]any{"avg": s.Mean(), "min": s.Min, "med": s.Quantile(.5), "max": s.Max, "p(90)": s.Quantile(.9), "p(95)": s.Quantile(.95), "p(99)": s.Quantile(.99), "count": s.Count}
		}
		entry := map[string]any{"type": m.Kind.String(), "contains": m.Contents.String(), "values": values}
		if len(thresholds) > 0 {
			entry["thresholds"] = thresholds
		}
		all[m.Name] = entry
	}
	root := new(group)
	for _, path := range t.shared.Checks.Groups() {
		root.in(path)
	}
	for _, c := range t.shared.Checks.All() {
		g := root.in(c.Group)
		g.checks = append(g.checks, map[string]any{"name": c.Name, "path": c.Group + "::" + c.Name, "passes": c.Passed, "fails": c.Failed})
	}
	return map[string]any{
		"metrics":    all,
		"root_group": root.data(),
		"options":    t.first.state.Parse(t.shared.Options),
		"state":      map[string]any{"isStdOutTTY": false, "isStdErrTTY": false, "testRunDurationMs": float64(t.end) / 1e6},
	}
}

// A group has the checks of a group of the script, and other groups.
type group struct {
	name, path string
	checks     []any
	groups     []*group
}

// in returns the group with a path, such as ::a::b, inside of g.
func (g *group) in(path string) *group {
	name, rest, more := strings.Cut(strings.TrimPrefix(path, "::"), "::")
	if path == "" {
		return g
	}
	if more {
		rest = "::" + rest
	}
	for _, inner := range g.groups {
		if inner.name == name {
			return inner.in(rest)
		}
	}
	inner := &group{name: name, path: g.path + "::" + name}
	g.groups = append(g.groups, inner)
	return inner.in(rest)
}

// data returns the group as k6 passes it to handleSummary.
func (g *group) data() map[string]any {
	groups := []any{}
	for _, inner := range g.groups {
		groups = append(groups, inner.data())
	}
	return map[string]any{"name": g.name, "path": g.path, "groups": groups, "checks": append([]any{}, g.checks...)}
}
