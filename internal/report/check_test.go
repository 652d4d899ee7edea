package report_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/report"
)

var measures = map[string]report.Measure{
	"p99": {Unit: report.Seconds}, "p99.9": {Unit: report.Seconds}, "rate": {Unit: report.PerSecond},
	"errors": {HasWhole: true}, "connected": {HasWhole: true}, "unanswered": {},
}

func TestCheck(t *testing.T) {
	values := map[string]report.Value{
		"p99": {Number: 0.05}, "p99.9": {Number: math.NaN()}, "rate": {Number: 900.5},
		"errors": {Number: 5, Whole: 1000}, "connected": {Number: 990, Whole: 1000},
	}
	for text, want := range map[string]string{
		"p99<50ms":         "false 50ms",
		"p99<=50ms":        "true 50ms",
		" p99 < 50.001ms ": "true 50ms",
		"p99>49999us":      "true 50ms",
		"p99>=0.05s":       "true 50ms",
		"p99>1m":           "false 50ms",
		"p99.9<1h":         "false nothing was measured",
		"p99.9>0s":         "false nothing was measured",
		"unanswered<1":     "false nothing was measured",
		"rate>900":         "true 900.5/s",
		"rate>=900.6/s":    "false 900.5/s",
		"errors<6":         "true 5",
		"errors<5":         "false 5",
		"errors<0.5%":      "false 0.5%",
		"errors<=0.5%":     "true 0.5%",
		"connected>=99%":   "true 99%",
		"connected>=991":   "false 990",
	} {
		c, err := report.ParseCheck(text, measures)
		if err != nil {
			t.Error(err)
			continue
		}
		o := c.Test(values)
		if got := fmt.Sprint(o.OK, " ", o.Text); got != want || o.Check != strings.TrimSpace(text) || (o.Actual == nil) != strings.HasSuffix(want, "measured") {
			t.Errorf("%q: %s, want %s (%+v)", text, got, want, o)
		}
	}
}

func TestBadCheck(t *testing.T) {
	for text, say := range map[string]string{
		"":               "has none of < <= > >=",
		"p99=50ms":       "has none of",
		"p98<50ms":       "begins with none of connected, errors, p99, p99.9, rate, unanswered",
		"<50ms":          "begins with none of",
		"p99<50":         `"50" is not a time with a unit`,
		"p99<0":          "is not a time with a unit",
		"p99<":           "is not a time",
		"p99<5%":         "is not a time",
		"p99<<50ms":      "is not a time",
		"errors<few":     `"few" is not a number`,
		"errors<nan":     "is not a number",
		"unanswered<1%":  "unanswered has no percentage",
		"rate>50%":       "rate has no percentage",
		"rate>9/s/s":     "is not a number",
		"connected>=9/s": "is not a number",
	} {
		if c, err := report.ParseCheck(text, measures); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %+v, %v, want %q", text, c, err, say)
		}
	}
}

// The memory of Kinds is bounded, and no call is lost.
func TestKinds(t *testing.T) {
	var k report.Kinds
	if k.Total() != 0 || k.Metrics() != nil {
		t.Errorf("of nothing: %d, %v", k.Total(), k.Metrics())
	}
	for i := range 1000 {
		k.Add(fmt.Sprintf("kind %04d", i))
		k.Add("frequent")
	}
	all := k.Metrics()
	if len(all) != report.MaxKinds+1 || k.Total() != 2000 {
		t.Fatalf("%d kinds, total %d", len(all), k.Total())
	}
	if m := all[0]; m.Key != "frequent" || m.Value != 1000 {
		t.Errorf("first: %+v", m)
	}
	if m := all[1]; m.Key != "other" || m.Value != 1000-report.MaxKinds+1 {
		t.Errorf("second: %+v", m)
	}
	if m := all[2]; m.Key != "kind 0000" || m.Value != 1 {
		t.Errorf("third: %+v", m)
	}
}

func TestUnits(t *testing.T) {
	for _, test := range []struct {
		unit report.Unit
		v    float64
		want string
	}{
		{report.Seconds, 0, "0s"},
		{report.Seconds, 1e-9, "1ns"},
		{report.Seconds, 9.996e-7, "1µs"},
		{report.Seconds, 1.2345e-5, "12.3µs"},
		{report.Seconds, 0.00123456, "1.23ms"},
		{report.Seconds, 0.1, "100ms"},
		{report.Seconds, 0.9999, "1s"},
		{report.Seconds, 59.96, "60s"},
		{report.Seconds, 120, "2m"},
		{report.Seconds, 125, "2m5s"},
		{report.Seconds, 7200, "2h"},
		{report.Bytes, 0, "0 B"},
		{report.Bytes, 1023, "1023 B"},
		{report.Bytes, 1536, "1.5 KiB"},
		{report.Bytes, 3 << 20, "3 MiB"},
		{report.Bytes, 5 << 40, "5 TiB"},
		{report.Count, 19000, "19000"},
		{report.Count, 0.25, "0.25"},
		{report.PerSecond, 12345.6, "12346/s"},
		{report.PerSecond, 999.94, "999.9/s"},
		{report.PerSecond, 99.5, "99.50/s"},
		{report.Share, .5, "50%"},
		{report.Share, .98765, "98.77%"},
		{report.Count, math.NaN(), "-"},
	} {
		if got := test.unit.Format(test.v); got != test.want {
			t.Errorf("%v in unit %d is %q, want %q", test.v, test.unit, got, test.want)
		}
	}
}
