package scenario_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/bot/internal/scenario"
)

// What a script exports as its options may be anything. The error names the option.
func TestOptionsOfScript(t *testing.T) {
	for _, c := range []struct{ options, text string }{
		{`{ get vus() { throw new Error("oops") } }`, "vus: Error: oops"},
		{`new Proxy({}, { ownKeys() { throw new Error("oops") } })`, "Error: oops"},
		{`new Proxy({ vus: "x" }, {})`, "vus: "},
		{`{ scenarios: new Proxy({}, { ownKeys() { throw new Error("oops") } }) }`, "scenarios: Error: oops"},
		{`(() => { const o = {}; o.tags = o; return o })()`, "tags: tags: "},
		{`(() => { const o = {}; Object.defineProperty(o, "tags", { enumerable: true, get: () => ({ get tags() { return o } }) }); return o })()`, "contains itself"},
		{`{ stages: new Array(1e9) }`, "stages: "},
		{`{ vus: NaN }`, "vus: it is NaN"},
		{`{ duration: NaN }`, "duration: it is NaN"},
		{`{ duration: Infinity }`, "duration: it is +Inf"},
		{`{ vus: 1e300 }`, "vus: it must be a whole number, not 1e+300"},
		{`{ vus: 1.5 }`, "vus: it must be a whole number, not 1.5"},
		{`{ vus: -1 }`, "vus is negative"},
		{`{ vus: 100001 }`, "more than 100000 VUs"},
		{`{ vus: 9223372036854775807n, duration: "1s" }`, "more than 100000 VUs"},
		{`{ vus: 2n ** 70n }`, "vus: it must be a whole number, not 1180591620717411303424"},
		{`{ vus: Symbol("a") }`, "vus: it must be a text"},
		{`{ vus: () => 5 }`, "vus: it must be a text"},
		{`{ vus: new Map() }`, "vus: it must be a text"},
		{`{ vus: {} }`, "vus: it must be a whole number, not {}"},
		{`{ vus: true }`, "vus: it must be a whole number, not true"},
		{`{ iterations: "many" }`, `iterations: it must be a whole number, not "many"`},
		{`{ toJSON() { throw new Error("oops") } }`, "toJSON: it must be a text"},
		{`() => ({ vus: 1 })`, "it must be a text"},
		{`Promise.resolve({ vus: 1 })`, "it must be a text"},
		{`5`, "they must be an object, not 5"},
		{`"vus"`, `they must be an object, not "vus"`},
		{`[1]`, "they must be an object, not [1]"},
		{`{ userAgent: 5 }`, "userAgent: it must be a text, not 5"},
		{`{ insecureSkipTLSVerify: "yes" }`, `insecureSkipTLSVerify: it must be true or false, not "yes"`},
		{`{ tags: { a: 1 } }`, "tags: a: it must be a text, not 1"},
		{`{ tags: 1 }`, "tags: it must be an object, not 1"},
		{`{ setupTimeout: {} }`, "setupTimeout: {} is not a time"},
		{`{ teardownTimeout: "-1s" }`, "teardownTimeout: the time"},
		{`{ duration: "NaN" }`, "duration: "},
		{`{ stages: { duration: "1s", target: 1 } }`, "stages: it must be an array, not {"},
		{`{ stages: [{ duration: "1s", target: 1 }, { duration: "1s", target: "x" }] }`, `stages: element 1: target: it must be a whole number, not "x"`},
		{`{ stages: [{ duration: "1s" }] }`, "stages: element 0: it has no target"},
		{`{ stages: [{ target: 1 }] }`, "stages: element 0: it has no duration"},
		{`{ stages: [null] }`, "stages: element 0: it has no duration"},
		{`{ stages: [{ duration: "1s", targets: 1 }] }`, "stages: element 0: there is no option targets"},
		{`{ stages: new Array(400).fill({ duration: "365d", target: 1 }) }`, "stages: they last longer than"},
		{`{ thresholds: { checks: "rate>0" } }`, "thresholds: checks: it must be an array"},
		{`{ thresholds: { checks: [5] } }`, "thresholds: checks: element 0: it must be a text"},
		{`{ thresholds: { checks: [{}] } }`, "thresholds: checks"},
		{`{ thresholds: { checks: [{ threshold: "rate>0", delayAbortEval: "x" }] } }`, "thresholds: checks: element 0: delayAbortEval: "},
		{`{ thresholds: { checks: [{ threshold: "rate>0", abortOnFails: true }] } }`, "thresholds: checks: element 0: there is no option abortOnFails"},
		{`{ scenarios: { a: null } }`, `scenario "a": "": there is no such executor`},
		{`{ scenarios: { a: 5 } }`, "scenarios: a: it must be an object, not 5"},
		{`{ scenarios: { a: { executor: 5 } } }`, "scenarios: a: executor: it must be a text, not 5"},
		{`{ scenarios: { a: { executor: "shared-iterations", exec: 5 } } }`, "scenarios: a: exec: it must be a text, not 5"},
		{`{ scenarios: { a: { executor: "shared-iterations", env: { A: 1 } } } }`, "scenarios: a: env: A: it must be a text, not 1"},
		{`{ scenarios: { a: { executor: "constant-vus", duration: "1s", stages: [] } } }`, "scenarios: a: constant-vus has no option stages"},
		{`{ scenarios: { a: { executor: "shared-iterations", duration: "1s" } } }`, "scenarios: a: shared-iterations has no option duration"},
		{`{ scenarios: { a: { get executor() { throw 5 } } } }`, "scenarios: a: executor: 5"},
		{`{ scenarios: { "a b": { executor: "shared-iterations" } } }`, `scenario "a b": its name`},
		{`{ scenarios: { "": { executor: "shared-iterations" } } }`, `scenario "": its name`},
		{`{ scenarios: { a: { executor: "shared-iterations", exec: "toString" } } }`, "no function toString"},
		{`{ scenarios: { a: { executor: "shared-iterations", vus: 5, iterations: 2 } } }`, "iterations (2)"},
		{`{ iterations: 0 }`, "iterations (0)"},
		{`{ vus: 0, iterations: 1 }`, "vus is less than 1"},
		{`{ vus: 5, iterations: 2 }`, "iterations (2)"},
		{`{ iterations: 1, stages: [{ duration: "1s", target: 1 }] }`, "iterations and stages cannot be used together"},
		{`{ duration: "1s", stages: [{ duration: "1s", target: 1 }] }`, "duration and stages cannot be used together"},
		{`{ duration: 0 }`, "needs a duration"},
	} {
		r := bubble(t, `export const options = `+c.options+`; export default function () {}`)
		if !errors.Is(r.err, scenario.ErrOptions) || scenario.ExitCode(r.err) != 104 || !strings.Contains(r.err.Error(), c.text) {
			t.Errorf("%s: the error is %v, want one with %q", c.options, r.err, c.text)
		}
	}
}

// null and undefined are options that are not given, and numbers may be texts, as those of
// __ENV are.
func TestLenientOptions(t *testing.T) {
	for options, want := range map[string]string{
		`null`: "default: per-vu-iterations, 1 iterations of each of 1 VUs",
		`{ vus: null, iterations: undefined, stages: null, scenarios: {}, thresholds: null, tags: null }`: "default: per-vu-iterations, 1 iterations of each of 1 VUs",
		`{ vus: "2", iterations: " 6 " }`:                                        "default: shared-iterations, 6 iterations shared by 2 VUs",
		`{ vus: 2n, iterations: 6 }`:                                             "default: shared-iterations, 6 iterations shared by 2 VUs",
		`{ duration: "100" }`:                                                    "default: constant-vus, 1 VUs over 100ms",
		`{ duration: 10 }`:                                                       "default: constant-vus, 1 VUs over 10ms",
		`new Proxy({ iterations: 2 }, {})`:                                       "default: shared-iterations, 2 iterations shared by 1 VUs",
		`Object.assign(Object.create(null), { iterations: 2 })`:                  "default: shared-iterations, 2 iterations shared by 1 VUs",
		`{ get iterations() { return 2 } }`:                                      "default: shared-iterations, 2 iterations shared by 1 VUs",
		`{ stages: [{ duration: "1ms", target: "2" }], vus: 0 }`:                 "default: ramping-vus, up to 2 VUs over 1ms",
		`{ scenarios: { a: { executor: "shared-iterations", startTime: null }}}`: "a: shared-iterations, 1 iterations shared by 1 VUs",
	} {
		r := bubble(t, `import { sleep } from "k6"; export const options = `+options+`; export default function () { sleep(1) }`)
		if r.err != nil || r.result.Report.Notes[0] != want {
			t.Errorf("%s: %v, %+v, want %q", options, r.err, r.result, want)
		}
	}
}

// vus alone has no effect, and the report says so.
func TestVUsAlone(t *testing.T) {
	r := bubble(t, `export const options = { vus: 3 }; export default function () {}`)
	r.want(t, "counters", "iterations", 1)
	if notes := strings.Join(r.result.Report.Notes, "\n"); !strings.Contains(notes, "the option vus without iterations, duration or stages has no effect") {
		t.Errorf("the notes are %s", notes)
	}
}

// A getter that never returns can be interrupted.
func TestEndlessOptions(t *testing.T) {
	c, r := compile(t, `export const options = { get vus() { for (;;); } }; export default function () {}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r.start(ctx, c)
	if !errors.Is(r.err, context.DeadlineExceeded) || scenario.ExitCode(r.err) != 105 {
		t.Errorf("the error is %v", r.err)
	}
}
