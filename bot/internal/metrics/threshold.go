package metrics

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airsocket/airsocket/internal/report"
)

// A Threshold is a condition for a metric, such as p(95)<500.
type Threshold struct {
	Metric *Metric
	Text   string        // as it was given
	Abort  bool          // the test is to end when it does not hold
	Delay  time.Duration // how long after the start that is looked at first

	aggregate string
	quantile  float64 // of p(n)
	op        string
	limit     float64
}

// ErrThreshold is the error for a condition that is none.
var ErrThreshold = errors.New(`a threshold is an aggregate, one of < <= > >= == !=, and a number, as in "p(95)<500"`)

var condition = regexp.MustCompile(`^\s*(count|rate|value|avg|min|med|max|p\(\s*\d+(?:\.\d+)?\s*\))\s*(<=|>=|===|==|!=|<|>)\s*([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*$`)

// aggregates are those that the kinds have.
var aggregates = map[Kind][]string{
	Counter: {"count", "rate"},
	Gauge:   {"value"},
	Rate:    {"rate"},
	Trend:   {"avg", "min", "med", "max", "p(n)"},
}

// NewThreshold parses a condition for a metric, which may have tags: name{tag:value,...}. The
// registry then counts samples with these tags separately.
func (r *Registry) NewThreshold(name, text string) (*Threshold, error) {
	m, err := r.find(name)
	if err != nil {
		return nil, err
	}
	parts := condition.FindStringSubmatch(text)
	if parts == nil {
		return nil, fmt.Errorf("%s: %q: %w", name, text, ErrThreshold)
	}
	t := &Threshold{Metric: m, Text: strings.TrimSpace(text), aggregate: parts[1], op: parts[2]}
	t.limit, _ = strconv.ParseFloat(parts[3], 64) // the expression admits numbers only
	if inner, ok := strings.CutPrefix(t.aggregate, "p("); ok {
		percent, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(inner, ")")), 64)
		if percent > 100 {
			return nil, fmt.Errorf("%s: %q: %w: %g is more than 100", name, text, ErrThreshold, percent)
		}
		t.aggregate, t.quantile = "p(n)", percent/100
	}
	if !slices.Contains(aggregates[m.Kind], t.aggregate) {
		return nil, fmt.Errorf("%s: %q: %w: a %s has %s", name, text, ErrThreshold, m.Kind, strings.Join(aggregates[m.Kind], ", "))
	}
	return t, nil
}

// ErrNoMetric is the error for a threshold of a metric that does not exist.
var ErrNoMetric = errors.New("there is no such metric")

func (r *Registry) find(selector string) (*Metric, error) {
	name, list, tagged := strings.Cut(selector, "{")
	m := r.Get(name)
	if m == nil {
		return nil, fmt.Errorf("%s: %w", selector, ErrNoMetric)
	}
	if !tagged {
		return m, nil
	}
	list, ok := strings.CutSuffix(list, "}")
	if !ok {
		return nil, fmt.Errorf("%s: %w: a } is missing", selector, ErrThreshold)
	}
	tags := make(Tags)
	for item := range strings.SplitSeq(list, ",") {
		key, value, ok := strings.Cut(item, ":")
		if !ok {
			return nil, fmt.Errorf("%s: %w: %q has no colon", selector, ErrThreshold, item)
		}
		tags[strings.Trim(key, ` "'`)] = strings.Trim(value, ` "'`)
	}
	return r.sub(m, selector, tags)
}

// Test reports whether the condition holds after a time. As in k6 a count and a rate are 0
// if there is no sample; a condition for a Trend does not hold then.
func (t *Threshold) Test(passed time.Duration) report.Outcome {
	s := t.Metric.Sink()
	o := report.Outcome{Check: t.Metric.Name + ": " + t.Text}
	if s.Count == 0 && t.Metric.Kind == Trend {
		o.Text = "nothing was measured"
		return o
	}
	v, unit := t.actual(&s, passed)
	o.OK = report.Holds(v, t.op, t.limit)
	o.Actual = &v
	if o.Text = unit.Format(v); unit == report.Seconds {
		o.Text = unit.Format(v / 1000)
	}
	return o
}

func (t *Threshold) actual(s *Sink, passed time.Duration) (float64, report.Unit) {
	unit := t.Metric.Contents.Unit()
	switch t.aggregate {
	case "count":
		return s.Sum, unit
	case "rate":
		if t.Metric.Kind == Rate {
			return s.Rate(), report.Share
		}
		return perSecond(s.Sum, passed), report.PerSecond
	case "value":
		return s.Last, unit
	case "avg":
		return s.Mean(), unit
	case "min":
		return s.Min, unit
	case "med":
		return s.Quantile(.5), unit
	case "max":
		return s.Max, unit
	}
	return s.Quantile(t.quantile), unit
}

func perSecond(sum float64, passed time.Duration) float64 {
	if passed <= 0 {
		return 0
	}
	return sum / passed.Seconds()
}
