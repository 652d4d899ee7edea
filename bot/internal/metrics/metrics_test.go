package metrics_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/bot/internal/metrics"
)

func add(t *testing.T, r *metrics.Registry, name string, kind metrics.Kind, samples ...float64) *metrics.Metric {
	t.Helper()
	m, err := r.New(name, kind, metrics.Default)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range samples {
		m.Add(v, nil)
	}
	return m
}

func TestKinds(t *testing.T) {
	var r metrics.Registry
	s := add(t, &r, "m", metrics.Trend, 3, -1, 0, 8).Sink()
	if s.Count != 4 || s.NonZero != 3 || s.Sum != 10 || s.Last != 8 || s.Min != -1 || s.Max != 8 || s.Rate() != .75 || s.Mean() != 2.5 {
		t.Errorf("the sink is %+v, its rate %v, its mean %v", s, s.Rate(), s.Mean())
	}
	s = add(t, &r, "none", metrics.Trend).Sink()
	if s.Rate() != 0 || s.Mean() != 0 || s.Quantile(.5) != 0 {
		t.Errorf("without a sample the rate is %v, the mean %v, the median %v", s.Rate(), s.Mean(), s.Quantile(.5))
	}
}

// Samples that are no numbers would make all sums useless.
func TestNoNumbers(t *testing.T) {
	var r metrics.Registry
	s := add(t, &r, "m", metrics.Counter, math.NaN(), math.Inf(1), math.Inf(-1), 2).Sink()
	if s.Count != 1 || s.Sum != 2 {
		t.Errorf("%d samples with the sum %v, want one of 2", s.Count, s.Sum)
	}
}

// Quantiles are up to 1.6 % nearer to 0 than the sample.
func TestQuantiles(t *testing.T) {
	var samples []float64
	for i := range 1000 {
		samples = append(samples, float64(i-300)*1.7)
	}
	var r metrics.Registry
	s := add(t, &r, "m", metrics.Trend, samples...).Sink()
	for _, q := range []float64{0, .001, .1, .299, .3, .301, .5, .9, .99, 1} {
		want := samples[max(int(math.Ceil(q*1000)), 1)-1]
		got := s.Quantile(q)
		if math.Abs(got) > math.Abs(want) || math.Abs(got) < .984*math.Abs(want) || got*want < 0 {
			t.Errorf("the %v-quantile is %v, want %v", q, got, want)
		}
	}
}

// Small whole numbers are not rounded at all.
func TestQuantilesOfWholeNumbers(t *testing.T) {
	for v := range 128 {
		var r metrics.Registry
		s := add(t, &r, "m", metrics.Trend, float64(v), float64(v), 1000).Sink()
		if got := s.Quantile(.5); got != float64(v) {
			t.Errorf("the median of %d, %d and 1000 is %v", v, v, got)
		}
	}
}

func TestNames(t *testing.T) {
	var r metrics.Registry
	for _, name := range []string{"", "1a", "a b", "a-b", "ä", strings.Repeat("a", 129)} {
		if _, err := r.New(name, metrics.Counter, metrics.Default); !errors.Is(err, metrics.ErrName) {
			t.Errorf("the error for the name %q is %v", name, err)
		}
	}
	a := add(t, &r, "a", metrics.Counter)
	if b := add(t, &r, "a", metrics.Counter); a != b {
		t.Error("the same name makes two metrics")
	}
	if _, err := r.New("a", metrics.Gauge, metrics.Default); !errors.Is(err, metrics.ErrKind) {
		t.Errorf("another kind: %v", err)
	}
	if _, err := r.New("a", metrics.Counter, metrics.Time); !errors.Is(err, metrics.ErrKind) {
		t.Errorf("other contents: %v", err)
	}
}

func TestMaxMetrics(t *testing.T) {
	var r metrics.Registry
	for i := range metrics.MaxMetrics {
		add(t, &r, fmt.Sprintf("m%d", i), metrics.Counter)
	}
	if _, err := r.New("more", metrics.Counter, metrics.Default); !errors.Is(err, metrics.ErrTooMany) {
		t.Errorf("one metric too many: %v", err)
	}
	if _, err := r.NewThreshold("m0{a:b}", "count>1"); !errors.Is(err, metrics.ErrTooMany) {
		t.Errorf("one metric with tags too many: %v", err)
	}
	if all := r.All(); len(all) != metrics.MaxMetrics || !slices.IsSortedFunc(all, func(a, b *metrics.Metric) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("there are %d metrics, or their order is wrong", len(all))
	}
}

func TestThresholds(t *testing.T) {
	var r metrics.Registry
	add(t, &r, "counter", metrics.Counter, 2, 3)
	add(t, &r, "gauge", metrics.Gauge, 7, 4)
	add(t, &r, "rate", metrics.Rate, 1, 0, 1, 1)
	add(t, &r, "trend", metrics.Trend, 10, 20, 30, 40)
	add(t, &r, "nothing", metrics.Trend)
	add(t, &r, "never", metrics.Rate)
	for _, c := range []struct {
		name, text string
		ok         bool
		actual     string
	}{
		{"counter", "count>4", true, "5"},
		{"counter", "count>5", false, "5"},
		{"counter", "count >= 5", true, "5"},
		{"counter", "count==5", true, "5"},
		{"counter", "count===5", true, "5"},
		{"counter", "count!=5", false, "5"},
		{"counter", "rate<=0.5", true, "0.5/s"},
		{"gauge", "value<5", true, "4"},
		{"rate", "rate>0.74", true, "75%"},
		{"rate", "rate<0.75", false, "75%"},
		{"never", "rate<0.1", true, "0%"},
		{"trend", "avg<=25", true, "25"},
		{"trend", "min<10.5", true, "10"},
		{"trend", "max<1e1", false, "40"},
		{"trend", " p(99.9) < 41 ", true, ""},
		{"trend", "p(25)<15", true, ""},
		{"trend", "med>25", false, ""},
		{"nothing", "p(95)<500", false, "nothing was measured"},
	} {
		th, err := r.NewThreshold(c.name, c.text)
		if err != nil {
			t.Errorf("%s %s: %v", c.name, c.text, err)
			continue
		}
		o := th.Test(10 * time.Second)
		if o.OK != c.ok || c.actual != "" && o.Text != c.actual {
			t.Errorf("%s: ok is %t, the text %q, want %t, %q", o.Check, o.OK, o.Text, c.ok, c.actual)
		}
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"unknown", "count>4", metrics.ErrNoMetric},
		{"counter", "p(95)<4", metrics.ErrThreshold},
		{"counter", "count", metrics.ErrThreshold},
		{"counter", "count>x", metrics.ErrThreshold},
		{"counter", "count=4", metrics.ErrThreshold},
		{"trend", "p(101)<4", metrics.ErrThreshold},
		{"trend", "p(-1)<4", metrics.ErrThreshold},
		{"trend", "rate<4", metrics.ErrThreshold},
		{"trend{a:b", "max<4", metrics.ErrThreshold},
		{"trend{a}", "max<4", metrics.ErrThreshold},
	} {
		if _, err := r.NewThreshold(c.name, c.text); !errors.Is(err, c.want) {
			t.Errorf("%s %s: the error is %v, want %v", c.name, c.text, err, c.want)
		}
	}
}

// A time is printed with its unit, while the number is in milliseconds, as the limit.
func TestThresholdOfTime(t *testing.T) {
	var r metrics.Registry
	m, err := r.New("waiting", metrics.Trend, metrics.Time)
	if err != nil {
		t.Fatal(err)
	}
	m.Add(250, nil)
	th, err := r.NewThreshold("waiting", "max<300")
	if err != nil {
		t.Fatal(err)
	}
	if o := th.Test(time.Second); !o.OK || *o.Actual != 250 || o.Text != "250ms" {
		t.Errorf("ok is %t, the number %v, the text %s", o.OK, *o.Actual, o.Text)
	}
}

// A threshold with tags sees only the samples that have all of them.
func TestThresholdWithTags(t *testing.T) {
	var r metrics.Registry
	m := add(t, &r, "m", metrics.Counter)
	th, err := r.NewThreshold(`m{a:1, "b":x}`, "count==4")
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.NewThreshold(`m{a:1, "b":x}`, "count>100")
	if err != nil || again.Metric != th.Metric {
		t.Errorf("the second threshold has another metric, or the error %v", err)
	}
	m.Add(1, metrics.Tags{"a": "1"})
	m.Add(4, metrics.Tags{"a": "1"}.With(metrics.Tags{"b": "x", "c": "y"}))
	m.Add(8, metrics.Tags{"a": "2", "b": "x"})
	if o := th.Test(time.Second); !o.OK {
		t.Errorf("%s: %s", o.Check, o.Text)
	}
	if s := m.Sink(); s.Sum != 13 {
		t.Errorf("the metric without tags has %v", s.Sum)
	}
}
