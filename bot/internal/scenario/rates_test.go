package scenario_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The first iteration begins at once, and the others at equal distances.
func TestConstantArrivalTimes(t *testing.T) {
	r := bubble(t, `
		export const options = { scenarios: { a: { executor: "constant-arrival-rate", rate: 4, timeUnit: "2s", duration: "2s", preAllocatedVUs: 1 } } };
		const begun = Date.now();
		export default function () { console.log(Date.now() - begun); }`)
	r.wantLines(t, "0", "500", "1000", "1500")
	if r.took != 2*time.Second {
		t.Errorf("the test took %v", r.took)
	}
}

// An iteration begins whenever the area below the rate is a whole number.
func TestRampingArrivalRate(t *testing.T) {
	for _, c := range []struct{ options, want string }{
		{`startRate: 2, stages: [{ duration: "2s", target: 2 }]`, "500 1000 1500 2000"},
		// 2t²/4 = n
		{`stages: [{ duration: "4s", target: 4 }]`, "1414 2000 2449 2828 3162 3464 3741 4000"},
		// 2t - t²/4 = n
		{`startRate: 2, stages: [{ duration: "4s", target: 0 }]`, "535 1171 2000 4000"},
		// The rate jumps, and what the first stage has left over counts in the second one.
		{`startRate: 1, stages: [{ duration: "1500ms", target: 1 }, { duration: 0, target: 4 }, { duration: "1s", target: 4 }]`, "1000 1625 1875 2125 2375"},
		{`timeUnit: "1m", startRate: 30, stages: [{ duration: "5s", target: 30 }]`, "2000 4000"},
		{`startRate: 0, stages: [{ duration: "5s", target: 0 }]`, ""},
	} {
		r := bubble(t, `
			export const options = { scenarios: { a: { executor: "ramping-arrival-rate", preAllocatedVUs: 1, `+c.options+` } } };
			const begun = Date.now();
			export default function () { console.log(Date.now() - begun); }`)
		if got := strings.Join(r.lines, " "); r.err != nil || got != c.want {
			t.Errorf("%s: iterations begin after %s, want %s; %v", c.options, got, c.want, r.err)
		}
	}
}

// More VUs are made for a rate that has grown, up to maxVUs, and what cannot begin is dropped.
func TestRampingArrivalRateVUs(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { tags: { all: "x" }, scenarios: { a: { executor: "ramping-arrival-rate", preAllocatedVUs: 1, maxVUs: 3, startRate: 1,
			stages: [{ duration: "10s", target: 1 }, { duration: "0s", target: 10 }, { duration: "10s", target: 10 }] } },
			thresholds: { "dropped_iterations{scenario:a}": ["count==70"], "dropped_iterations{all:x}": ["count==70"] } };
		export default function () { sleep(0.95); }`)
	// Ten iterations begin in the first stage, and then three a second.
	r.want(t, "gauges", "vus_max", 3)
	r.want(t, "counters", "dropped_iterations", 70)
	r.want(t, "counters", "iterations", 40)
	if r.result.Err != nil {
		t.Error(r.result.Err)
	}
}

// Iterations may end until gracefulStop after the end of the stages.
func TestRampingArrivalRateEnds(t *testing.T) {
	r := bubble(t, `
		export const options = { scenarios: { a: { executor: "ramping-arrival-rate", preAllocatedVUs: 1, startRate: 1, gracefulStop: "2s", stages: [{ duration: "1s", target: 1 }, { duration: "4s", target: 0 }] } } };
		export default function () { setTimeout(() => console.log("too late"), 100_000); }`)
	r.wantLines(t)
	if r.took != 7*time.Second {
		t.Errorf("the test took %v", r.took)
	}
	if notes := r.result.Report.Notes; !slices.Contains(notes, "a: ramping-arrival-rate, 2 stages over 5s, up to 1 VUs") {
		t.Errorf("the notes are %q", notes)
	}
}
