package scenario_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/scenario"
)

// A run is what a script has printed, and what came out of the test.
type run struct {
	result *scenario.Result
	err    error
	took   time.Duration

	mu    sync.Mutex
	lines []string
}

// compile makes a test of a script. It is called outside of bubbles, because the compiler
// has goroutines.
func compile(t *testing.T, source string) (scenario.Config, *run) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.js")
	if err := os.WriteFile(path, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := bot.CompileFile(path, k6.Imports)
	if err != nil {
		t.Fatal(err)
	}
	r := new(run)
	return scenario.Config{Program: p, Path: path, Console: func(_ int, _, text string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, text)
	}}, r
}

func (r *run) start(ctx context.Context, c scenario.Config) {
	begun := time.Now()
	r.result, r.err = scenario.Run(ctx, c)
	r.took = time.Since(begun)
}

// bubble runs a test in a bubble, where waiting takes no time.
func bubble(t *testing.T, source string) *run {
	t.Helper()
	c, r := compile(t, source)
	synctest.Test(t, func(t *testing.T) {
		r.start(t.Context(), c)
	})
	return r
}

// numbers returns the groups of the report.
func (r *run) numbers(t *testing.T) map[string]map[string]float64 {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	var b bytes.Buffer
	if err := r.result.Report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	groups := make(map[string]map[string]float64)
	for name, text := range all {
		var g map[string]float64
		if json.Unmarshal(text, &g) == nil {
			groups[name] = g
		}
	}
	return groups
}

func (r *run) want(t *testing.T, group, metric string, want float64) {
	t.Helper()
	if got := r.numbers(t)[group][metric]; got != want {
		t.Errorf("%s %s is %v, want %v", group, metric, got, want)
	}
}

func (r *run) wantLines(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(r.lines, want) {
		t.Errorf("the script has printed %q, want %q", r.lines, want)
	}
}

func TestConstantVUs(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { vus: 3, duration: "10s" };
		export default function () { sleep(0.999); }`)
	r.want(t, "counters", "iterations", 33) // the last one begins before the end, and may end after it
	if want := 11 * 999 * time.Millisecond; r.took != want {
		t.Errorf("the test took %v, want %v", r.took, want)
	}
	r.want(t, "gauges", "vus_max", 3)
	r.want(t, "trend iteration_duration", "max", .999)
}

// Iterations also last as long as what they have begun: timers and promises.
func TestAsyncIterations(t *testing.T) {
	r := bubble(t, `
		export const options = { vus: 2, duration: "9s" };
		export default async function () {
			setTimeout(() => {}, 4000);
			await new Promise(resolve => setTimeout(resolve, 2000));
			Promise.resolve().then(() => setTimeout(() => {}, 3000));
		}`)
	r.want(t, "counters", "iterations", 4)
	r.want(t, "trend iteration_duration", "max", 5)
}

func TestSharedIterations(t *testing.T) {
	r := bubble(t, `
		import exec from "k6/execution";
		import { sleep } from "k6";
		export const options = { vus: 3, iterations: 7 };
		export default function () { console.log(exec.scenario.iterationInTest); sleep(1); }`)
	r.want(t, "counters", "iterations", 7)
	slices.Sort(r.lines)
	r.wantLines(t, "0", "1", "2", "3", "4", "5", "6")
	if r.took != 3*time.Second {
		t.Errorf("the test took %v", r.took)
	}
}

func TestPerVUIterations(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { all: { executor: "per-vu-iterations", vus: 2, iterations: 3 } } };
		export default function () { console.log(__VU + " " + __ITER); sleep(__VU); }`)
	slices.Sort(r.lines)
	r.wantLines(t, "1 0", "1 1", "1 2", "2 0", "2 1", "2 2")
	if r.took != 6*time.Second {
		t.Errorf("the test took %v", r.took)
	}
}

func TestRampingVUs(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { ramp: { executor: "ramping-vus", startVUs: 0,
			stages: [{ duration: "4s", target: 4 }, { duration: "4s", target: 4 }, { duration: "0s", target: 1 }, { duration: "2s", target: 1 }] } } };
		export default function () { console.log(__VU); sleep(0.9999); }`)
	// VU n begins after n seconds, and all but the first stop after eight.
	count := map[string]int{}
	for _, line := range r.lines {
		count[line]++
	}
	if count["1"] != 10 || count["2"] != 7 || count["3"] != 6 || count["4"] != 5 || len(count) != 4 {
		t.Errorf("the iterations by VU are %v", count)
	}
}

// A VU that must end does so after gracefulRampDown, and one in its place can begin later.
func TestGracefulRampDown(t *testing.T) {
	r := bubble(t, `
		export const options = { scenarios: { ramp: { executor: "ramping-vus", startVUs: 1, gracefulRampDown: "2s", gracefulStop: "1s",
			stages: [{ duration: "1s", target: 1 }, { duration: "0s", target: 0 }, { duration: "4s", target: 0 }, { duration: "0s", target: 1 }, { duration: "5s", target: 1 }] } } };
		export default async function () {
			console.log("begin " + __VU);
			await new Promise(resolve => setTimeout(resolve, 60_000));
			console.log("not reached");
		}`)
	r.wantLines(t, "begin 1", "begin 1")
	r.want(t, "counters", "iterations", 0)
	if r.took != 11*time.Second {
		t.Errorf("the test took %v", r.took)
	}
	if notes := strings.Join(r.result.Report.Notes, "\n"); !strings.Contains(notes, "2 iterations were stopped before their end") {
		t.Errorf("the notes are %s", notes)
	}
}

func TestConstantArrivalRate(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { a: { executor: "constant-arrival-rate", rate: 4, duration: "10s", preAllocatedVUs: 1, maxVUs: 2 } } };
		export default function () { sleep(0.4); }`)
	// The second VU is made when the first one is busy, so one iteration is dropped.
	r.want(t, "counters", "iterations", 39)
	r.want(t, "counters", "dropped_iterations", 1)
	r.want(t, "gauges", "vus_max", 2)
}

// A rate that the VUs cannot reach drops iterations.
func TestDroppedIterations(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { a: { executor: "constant-arrival-rate", rate: 10, duration: "10s", preAllocatedVUs: 1 } } };
		export default function () { sleep(0.95); }`)
	r.want(t, "counters", "iterations", 10)
	r.want(t, "counters", "dropped_iterations", 90)
}

// An iteration that does not end in time is stopped, even in an endless loop.
func TestGracefulStop(t *testing.T) {
	for name, body := range map[string]string{
		"sleep":   `sleep(100)`,
		"timer":   `setTimeout(() => console.log("too late"), 100_000)`,
		"promise": `return new Promise(resolve => setTimeout(resolve, 100_000))`,
	} {
		t.Run(name, func(t *testing.T) {
			r := bubble(t, `
				import { sleep } from "k6";
				export const options = { scenarios: { a: { executor: "constant-vus", duration: "3s", gracefulStop: "2s" } } };
				export default function () { `+body+` }`)
			r.wantLines(t)
			if r.took != 5*time.Second {
				t.Errorf("the test took %v", r.took)
			}
			if r.result.Err != nil {
				t.Error(r.result.Err)
			}
		})
	}
}

func TestEndlessLoop(t *testing.T) {
	c, r := compile(t, `
		export const options = { scenarios: { a: { executor: "constant-vus", duration: "1ms", gracefulStop: 0 } } };
		export default function () { for (;;); }`)
	r.start(t.Context(), c)
	r.want(t, "counters", "iterations", 0)
}

func TestSetupAndTeardown(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export async function setup() { await null; sleep(2); return { list: [1, 2] }; }
		export default function (data) { data.list.push(__VU); console.log(JSON.stringify(data)); }
		export function teardown(data) { console.log("end " + JSON.stringify(data)); }`)
	r.wantLines(t, `{"list":[1,2,1]}`, `end {"list":[1,2]}`)
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name, script string
		code         int
		text         string
	}{
		{"init", `throw new Error("oops"); export default function () {}`, 107, "oops"},
		{"no exports", `import "k6"; console.log(1)`, 104, "no function default"},
		{"no module", `console.log(1)`, 107, "export default function"},
		{"no default", `export const a = 1`, 104, "no function default"},
		{"exec", `export const options = { scenarios: { a: { executor: "constant-vus", duration: "1s", exec: "other" } } }; export default function () {}`, 104, "no function other"},
		{"options", `export const options = { duration: {} }; export default function () {}`, 104, "is not a time"},
		{"threshold", `export const options = { thresholds: { nothing: ["count>1"] } }; export default function () {}`, 104, "no such metric"},
		{"setup", `export function setup() { throw new Error("oops") } export default function () {}`, 107, "oops"},
		{"setup time", `import { sleep } from "k6"; export const options = { setupTimeout: "2s" }; export function setup() { sleep(9) } export default function () {}`, 100, "setupTimeout"},
		{"setup loops", `export const options = { setupTimeout: "1ms" }; export function setup() { for (;;); } export default function () {}`, 100, "setupTimeout"},
		{"teardown", `export default function () {} export function teardown() { throw new Error("oops") }`, 107, "oops"},
		{"teardown time", `import { sleep } from "k6"; export const options = { teardownTimeout: "2s" }; export function teardown() { sleep(9) } export default function () {}`, 101, "teardownTimeout"},
		{"abort", `import exec from "k6/execution"; export const options = { duration: "1h" }; export default function () { exec.test.abort("enough") }`, 108, "enough"},
		{"fail", `import exec from "k6/execution"; export default function () { exec.test.fail("bad") }`, 110, "bad"},
		{"missing module", `import grpc from "k6/net/grpc"; export default function () { grpc }`, 107, "k6/net/grpc: this module of k6 is not there"},
		{"iteration", `export default function () { throw new Error("oops") }`, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, r := compile(t, c.script)
			run := func(t *testing.T) { r.start(t.Context(), config) }
			if strings.Contains(c.name, "loops") {
				run(t) // which a bubble would never end: its clock stands still
			} else {
				synctest.Test(t, run)
			}
			err := r.err
			if err == nil {
				err = r.result.Err
			}
			if code := scenario.ExitCode(err); code != c.code {
				t.Errorf("the exit code is %d for %v, want %d", code, err, c.code)
			}
			if c.text != "" && (err == nil || !strings.Contains(err.Error(), c.text)) {
				t.Errorf("the error is %v, want one with %q", err, c.text)
			}
		})
	}
}

// An error ends its iteration with all that it has begun, and the next one begins.
func TestFailedIterations(t *testing.T) {
	r := bubble(t, `
		import { sleep, fail } from "k6";
		export const options = { iterations: 4 };
		export default async function () {
			setTimeout(() => console.log("not reached"), 1000);
			switch (__ITER) {
			case 0: throw new Error("one\ntwo");
			case 1: await null; fail("no");
			case 2: setTimeout(() => { nothing() }, 500); return;
			case 3: Promise.reject(new Error("promise"));
			}
		}`)
	r.want(t, "counters", "iterations", 4)
	if len(r.lines) != 4 || r.took != 500*time.Millisecond {
		t.Errorf("the script has printed %q in %v", r.lines, r.took)
	}
	var kinds []string
	for kind := range r.numbers(t)["errors"] {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	want := []string{"ReferenceError: nothing is not defined", "uncaught (in promise) Error: one", "uncaught (in promise) Error: promise", "uncaught (in promise) GoError: no"}
	if !slices.Equal(kinds, want) {
		t.Errorf("the errors are %q, want %q", kinds, want)
	}
}

func TestThresholdsOfScript(t *testing.T) {
	r := bubble(t, `
		import { check, sleep, group } from "k6";
		import { Counter, Trend, Rate, Gauge } from "k6/metrics";
		const waits = new Trend("waits", true), sum = new Counter("sum"), rate = new Rate("rate"), gauge = new Gauge("gauge");
		export const options = { iterations: 4, thresholds: {
			checks: ["rate>0.7", "rate<0.7"],
			waits: [{ threshold: "max<=300" }],
			"sum{kind:odd}": ["count==4"],
			"checks{group:::inner}": ["rate==1"],
		} };
		export default function () {
			sleep(1);
			check(__ITER, { "not three": n => n !== 3 }, { a: "b" });
			group("inner", () => check(null, { always: true }));
			waits.add(100 * __ITER, { kind: "x" });
			sum.add(__ITER, { kind: __ITER % 2 ? "odd" : "even" });
			rate.add(__ITER > 0);
			gauge.add(__ITER);
		}`)
	if !errors.Is(r.result.Err, scenario.ErrThresholds) || scenario.ExitCode(r.result.Err) != 99 {
		t.Errorf("the error is %v", r.result.Err)
	}
	var got []string
	for _, o := range r.result.Report.Outcomes {
		result := "failed"
		if o.OK {
			result = "ok"
		}
		got = append(got, result+" "+o.Check)
	}
	want := []string{"ok checks: rate>0.7", "failed checks: rate<0.7", "ok checks{group:::inner}: rate==1", "ok sum{kind:odd}: count==4", "ok waits: max<=300"}
	if !slices.Equal(got, want) {
		t.Errorf("the thresholds are %q, want %q", got, want)
	}
	r.want(t, "script_checks", "not three", .75)
	r.want(t, "script_checks", "inner::always", 1)
	r.want(t, "rates", "checks", .875)
	r.want(t, "rates", "rate", .75)
	r.want(t, "counters", "sum", 6)
	r.want(t, "gauges", "gauge", 3)
	r.want(t, "trend waits", "max", .3)
	r.want(t, "trend group_duration", "count", 4)
}

// A threshold with abortOnFail ends the test when it does not hold, but not before its delay.
func TestAbortOnFail(t *testing.T) {
	r := bubble(t, `
		import { check, sleep } from "k6";
		export const options = { duration: "1h", thresholds: { checks: [{ threshold: "rate==1", abortOnFail: true, delayAbortEval: "10s" }] } };
		export default function () { sleep(0.3); check(null, { never: false }); }
		export function teardown() { console.log("end"); }`)
	if !errors.Is(r.result.Err, scenario.ErrThresholds) || r.took != 10*time.Second {
		t.Errorf("the error is %v after %v", r.result.Err, r.took)
	}
	r.wantLines(t, "end")
}

// An interrupt ends iterations at once, and teardown is called nevertheless.
func TestInterrupt(t *testing.T) {
	c, r := compile(t, `
		import { sleep } from "k6";
		export const options = { duration: "1h", vus: 10 };
		export default function () { sleep(3000); }
		export function teardown() { sleep(1); console.log("end"); }`)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r.start(ctx, c)
	})
	r.wantLines(t, "end")
	if r.took != 6*time.Second || scenario.ExitCode(r.result.Err) != 105 {
		t.Errorf("the error is %v after %v", r.result.Err, r.took)
	}
}

func TestHandleSummary(t *testing.T) {
	r := bubble(t, `
		import { textSummary } from "https://jslib.k6.io/k6-summary/0.1.0/index.js";
		import { Trend } from "k6/metrics";
		const trend = new Trend("mine");
		export const options = { iterations: 2, thresholds: { iterations: ["count==2"] } };
		export default function () { trend.add(5); }
		export function handleSummary(data) {
			const m = data.metrics;
			return {
				stdout: textSummary(data, { indent: " " }),
				"summary.json": JSON.stringify([m.iterations.values.count, m.iterations.thresholds["count==2"].ok, m.mine.values.max, m.mine.type, data.options.iterations]),
			};
		}`)
	if r.err != nil {
		t.Fatal(r.err)
	}
	if got := r.result.Files["summary.json"]; got != `[2,true,5,"trend",2]` {
		t.Errorf("the file has %s", got)
	}
	if text := r.result.Files["stdout"]; !strings.Contains(text, "airsocket-bot scenario script.js") || !strings.Contains(text, "iterations: count==2") {
		t.Errorf("the text is %s", text)
	}
}

// What a scenario is told is only its own.
func TestEnvAndTags(t *testing.T) {
	c, r := compile(t, `
		import exec from "k6/execution";
		export const options = { tags: { all: "1" }, scenarios: {
			a: { executor: "per-vu-iterations", env: { NAME: "A" }, tags: { own: "2" } },
			b: { executor: "per-vu-iterations", startTime: "1s", exec: "other" },
		}, thresholds: { "iterations{own:2}": ["count==1"], "iterations{all:1}": ["count==2"], "iterations{scenario:b}": ["count==1"], "iterations{mine:x}": ["count==1"] } };
		export default function () { console.log(exec.scenario.name, __ENV.NAME, __ENV.GIVEN, exec.vu.tags.own); }
		export function other() { exec.vu.tags.mine = "x"; console.log(exec.scenario.name, __ENV.NAME, __ENV.GIVEN, exec.vu.tags.own); }`)
	c.Env = map[string]string{"NAME": "given", "GIVEN": "yes"}
	synctest.Test(t, func(t *testing.T) { r.start(t.Context(), c) })
	r.wantLines(t, "a A yes 2", "b given yes undefined")
	if r.result.Err != nil {
		t.Error(r.result.Err, r.result.Report.Outcomes)
	}
}
