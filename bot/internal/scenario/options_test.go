package scenario_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/bot/internal/scenario"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options string
		over    scenario.Overrides
		want    string
	}{
		{``, scenario.Overrides{}, "default: per-vu-iterations, 1 iterations of each of 1 VUs"},
		{`{"vus":3}`, scenario.Overrides{}, "default: per-vu-iterations, 1 iterations of each of 1 VUs"},
		{`{"vus":3,"iterations":7}`, scenario.Overrides{}, "default: shared-iterations, 7 iterations shared by 3 VUs"},
		{`{"vus":2,"duration":"1m30s"}`, scenario.Overrides{}, "default: constant-vus, 2 VUs over 1m30s"},
		{`{"duration":1500}`, scenario.Overrides{}, "default: constant-vus, 1 VUs over 1.5s"},
		{`{"duration":"1d2h"}`, scenario.Overrides{}, "default: constant-vus, 1 VUs over 26h0m0s"},
		{`{"stages":[{"duration":"1s","target":4},{"duration":"0s","target":9}]}`, scenario.Overrides{}, "default: ramping-vus, up to 9 VUs over 1s"},
		{`{"scenarios":{"b":{"executor":"per-vu-iterations","vus":2,"iterations":3}}}`, scenario.Overrides{}, "b: per-vu-iterations, 3 iterations of each of 2 VUs"},
		{`{"scenarios":{"a":{"executor":"constant-arrival-rate","rate":30,"timeUnit":"1m","duration":"10s","preAllocatedVUs":2}}}`, scenario.Overrides{}, "a: constant-arrival-rate, 30 iterations per 1m0s over 10s, up to 2 VUs"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","startRate":3,"stages":[{"duration":"1s","target":4}],"preAllocatedVUs":2,"maxVUs":5}}}`, scenario.Overrides{}, "a: ramping-arrival-rate, 1 stages over 1s, up to 5 VUs"},
		{`{"stages":[{"duration":"1s","target":4}]}`, scenario.Overrides{VUs: 9}, "default: ramping-vus, up to 9 VUs over 1s"},
		{`{"vus":2,"duration":"1m"}`, scenario.Overrides{VUs: 5}, "default: constant-vus, 5 VUs over 1m0s"},
		{`{"scenarios":{"b":{"executor":"per-vu-iterations"}}}`, scenario.Overrides{Duration: time.Second}, "default: constant-vus, 1 VUs over 1s"},
		{`{"stages":[{"duration":"1s","target":4}]}`, scenario.Overrides{Iterations: 8, VUs: 2}, "default: shared-iterations, 8 iterations shared by 2 VUs"},
	} {
		o, err := scenario.ParseOptions([]byte(c.options), c.over)
		if err != nil {
			t.Errorf("%s: %v", c.options, err)
			continue
		}
		if got := strings.Join(o.Describe(), "\n"); got != c.want {
			t.Errorf("%s is %q, want %q", c.options, got, c.want)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for _, c := range []struct{ options, text string }{
		{`{"duration":"soon"}`, `"soon" is not a time`},
		{`{"duration":-1}`, "negative"},
		{`{"duration":"400d"}`, "longer than a year"},
		{`{"duration":1e300}`, "is not a time"},
		{`{"vus":-1}`, "vus is negative"},
		{`{"vus":"many"}`, "vus"},
		{`{"vus":100001,"duration":"1s"}`, "more than 100000 VUs"},
		{`{"iterations":-1}`, "less than vus"},
		{`{"stages":[{"target":1}]}`, "has no duration"},
		{`{"stages":[{"duration":"1s","target":-1}]}`, "its target is negative"},
		{`{"vus":1,"scenarios":{"a":{"executor":"constant-vus","duration":"1s"}}}`, "together"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","stages":[{"duration":"1s","target":1}]}}}`, "preAllocatedVUs"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","preAllocatedVUs":1}}}`, "stages"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","startRate":-1,"stages":[{"duration":"1s","target":1}],"preAllocatedVUs":1}}}`, "startRate"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","stages":[{"duration":"1s","target":2000000}],"preAllocatedVUs":1}}}`, "rate"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","timeUnit":0,"stages":[{"duration":"1s","target":1}],"preAllocatedVUs":1}}}`, "timeUnit"},
		{`{"scenarios":{"a":{"executor":"ramping-arrival-rate","stages":[{"duration":"1s","target":1}],"preAllocatedVUs":0}}}`, "maxVUs"},
		{`{"scenarios":{"a":{"executor":"externally-controlled"}}}`, "no such executor"},
		{`{"scenarios":{"a":{"executor":"constant-vus"}}}`, "needs a duration"},
		{`{"scenarios":{"a":{"executor":"constant-vus","duration":"1s","vu":2}}}`, "constant-vus has no option vu"},
		{`{"scenarios":{"a":{"executor":"constant-arrival-rate","duration":"1s","rate":1}}}`, "preAllocatedVUs"},
		{`{"scenarios":{"a":{"executor":"constant-arrival-rate","duration":"1s","preAllocatedVUs":1}}}`, "rate"},
		{`{"scenarios":{"a":{"executor":"constant-arrival-rate","duration":"1s","rate":2000000,"preAllocatedVUs":1}}}`, "rate"},
		{`{"scenarios":{"a":{"executor":"constant-arrival-rate","duration":"1s","rate":2,"preAllocatedVUs":3,"maxVUs":2}}}`, "less than preAllocatedVUs"},
		{`{"scenarios":{"a":{"executor":"ramping-vus","startVUs":-1,"stages":[{"duration":"1s","target":1}]}}}`, "startVUs"},
		{`{"scenarios":{"a":{"executor":"ramping-vus"}}}`, "stages"},
	} {
		_, err := scenario.ParseOptions([]byte(c.options), scenario.Overrides{})
		if !errors.Is(err, scenario.ErrOptions) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the error is %v, want one with %q", c.options, err, c.text)
		}
		if code := scenario.ExitCode(err); code != 104 {
			t.Errorf("%s: the exit code is %d", c.options, code)
		}
	}
}

// Options that have no effect are named in the report.
func TestIgnoredOptions(t *testing.T) {
	o, err := scenario.ParseOptions([]byte(`{"hosts":{},"blacklistIPs":[],"duration":"1s"}`), scenario.Overrides{})
	if err != nil || strings.Join(o.Ignored, " ") != "blacklistIPs hosts" {
		t.Errorf("ignored are %q, %v", o.Ignored, err)
	}
}
