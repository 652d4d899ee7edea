package scenario_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/bot/internal/scenario"
)

// A handleSummary that fails costs neither the report nor, as in k6, the exit code.
func TestHandleSummaryFails(t *testing.T) {
	for _, c := range []struct{ function, text string }{
		{`function handleSummary() { throw new Error("oops") }`, "oops"},
		{`async function handleSummary() { throw new Error("oops") }`, "oops"},
		{`function handleSummary() { return new Promise(() => {}) }`, "nothing is left that could resolve"},
		{`function handleSummary() { const p = Promise.reject(new Error("oops")); p.catch(() => {}); return p }`, "oops"},
		{`function handleSummary() { const a = {}; a.a = a; return a }`, "a: it must return an object"},
		{`function handleSummary() { return { stdout: 5 } }`, "stdout: it must return an object"},
		{`function handleSummary() { return { get stdout() { throw new Error("oops") } } }`, "oops"},
		{`function handleSummary() { return 5 }`, "it must return an object"},
		{`function handleSummary() { return ["text"] }`, "it must return an object"},
		{`function handleSummary() { sleep(1e6) }`, "longer than 2m0s"},
	} {
		for code, threshold := range map[int]string{0: "count==1", 99: "count==2"} {
			r := bubble(t, `
				import { sleep } from "k6";
				export const options = { thresholds: { iterations: ["`+threshold+`"] } };
				export default function () {}
				export `+c.function)
			r.want(t, "counters", "iterations", 1)
			if got := scenario.ExitCode(r.result.Err); got != code {
				t.Errorf("%s: the exit code is %d for %v, want %d", c.function, got, r.result.Err, code)
			}
			if err := r.result.SummaryErr; r.result.Files != nil || err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: the error is %v, want one with %q; the files are %q", c.function, err, c.text, r.result.Files)
			}
		}
	}
}

// What handleSummary may return.
func TestHandleSummaryReturns(t *testing.T) {
	for _, c := range []struct {
		value string
		want  map[string]string
	}{
		{`undefined`, nil},
		{`null`, nil},
		{`{}`, map[string]string{}},
		{`Promise.resolve({ stdout: "a" })`, map[string]string{"stdout": "a"}},
		{`{ file: new Uint8Array([65, 66]).buffer, other: new Uint8Array([67]), "": "" }`, map[string]string{"file": "AB", "other": "C", "": ""}},
	} {
		r := bubble(t, `export default function () {} export function handleSummary() { return `+c.value+` }`)
		if r.err != nil || r.result.SummaryErr != nil || (r.result.Files == nil) != (c.want == nil) || len(r.result.Files) != len(c.want) {
			t.Errorf("%s: %v, %+v", c.value, r.err, r.result)
			continue
		}
		for name, want := range c.want {
			if got := r.result.Files[name]; got != want {
				t.Errorf("%s: %s is %q, want %q", c.value, name, got, want)
			}
		}
	}
}

// handleSummary gets groups in groups.
func TestSummaryGroups(t *testing.T) {
	r := bubble(t, `
		import { check, group } from "k6";
		export default function () {
			try {
				group("a", () => group("b", () => { check(null, { x: true }); throw new Error("oops") }));
			} catch (err) { console.log(err.message); }
			group("", () => check(null, { in: true }));
			group("a", () => check(null, { z: false }));
			check(null, { y: true });
		}
		export function handleSummary(data) {
			const show = (g) => g.path + "(" + g.checks.map((c) => c.path + "=" + c.passes + "/" + c.fails).concat(g.groups.map(show)).join(" ") + ")";
			return { stdout: show(data.root_group) + data.metrics.group_duration.values.count };
		}`)
	r.wantLines(t, "oops")
	if got := r.result.Files["stdout"]; got != "(::y=1/0 ::(::::in=1/0) ::a(::a::z=0/1 ::a::b(::a::b::x=1/0)))4" {
		t.Errorf("the groups are %s", got)
	}
}

// handleSummary gets the metrics with thresholds, also without a sample.
func TestSummaryOfNothing(t *testing.T) {
	r := bubble(t, `
		export const options = { thresholds: { "iterations{a:b}": ["count==0"] } };
		export default function () {}
		export function handleSummary(data) { return { stdout: JSON.stringify(data.metrics["iterations{a:b}"]) + (data.metrics.ws_sessions === undefined) } }`)
	if got := r.result.Files["stdout"]; !strings.Contains(got, `{"count==0":{"ok":true}}`) || !strings.HasSuffix(got, "true") {
		t.Errorf("the metric is %s", got)
	}
}

// What setup returns must be JSON, or the promise of it.
func TestSetupFails(t *testing.T) {
	for _, c := range []struct {
		setup string
		code  int
		text  string
	}{
		{`async function setup() { throw new Error("oops") }`, 107, "oops"},
		{`function setup() { return new Promise(() => {}) }`, 107, "nothing is left that could resolve"},
		{`function setup() { const a = {}; a.a = a; return a }`, 107, "circular"},
		{`function setup() { return () => {} }`, 107, "a function"},
		{`function setup() { return 5n }`, 107, "BigInt"},
		{`function setup() { return { toJSON() { throw new Error("oops") } } }`, 107, "oops"},
		{`const setup = 5`, 107, "exports setup, which is not a function"},
		{`const teardown = 5`, 107, "exports teardown, which is not a function"},
		{`const handleSummary = 5`, 107, "exports handleSummary, which is not a function"},
		{`function setup() { exec.test.abort("enough") }`, 108, "enough"},
		{`function teardown() { exec.test.abort("enough") }`, 108, "enough"},
		{`function teardown() { setTimeout(() => { throw new Error("oops") }, 1000) }`, 107, "oops"},
	} {
		r := bubble(t, `import exec from "k6/execution"; export default function () {} export `+c.setup)
		err := r.err
		if err == nil {
			err = r.result.Err
		}
		if code := scenario.ExitCode(err); code != c.code || err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the exit code is %d for %v, want %d and %q", c.setup, code, err, c.code, c.text)
		}
	}
}

// JSON passes data on whatever the script makes of the object of this name.
func TestJSONReplaced(t *testing.T) {
	r := bubble(t, `
		globalThis.JSON = 5;
		export function setup() { return [1, 2]; }
		export default function (data) { console.log(data.join()); }`)
	r.wantLines(t, "1,2")
}

// An interrupt before the first iteration.
func TestInterruptEarly(t *testing.T) {
	for _, script := range []string{
		`import { sleep } from "k6"; export function setup() { sleep(1000); } export default function () {}`,
		`await new Promise(resolve => setTimeout(resolve, 1_000_000)); export default function () {}`,
		`if (__VU) await new Promise(resolve => setTimeout(resolve, 1_000_000)); export default function () {}`,
	} {
		c, r := compile(t, script)
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			r.start(ctx, c)
		})
		if code := scenario.ExitCode(r.err); code != 105 || r.took != 5*time.Second {
			t.Errorf("%s: the exit code is %d for %v after %v", script, code, r.err, r.took)
		}
	}
}

// The exit code of a test that the script has aborted does not depend on thresholds, as in k6.
// teardown is called nevertheless.
func TestAbortWithThresholds(t *testing.T) {
	r := bubble(t, `
		import exec from "k6/execution";
		export const options = { duration: "1h", vus: 3, thresholds: { iterations: ["count>1000"] } };
		export default function () { exec.test.abort("enough"); }
		export function teardown() { console.log("end"); }`)
	if code := scenario.ExitCode(r.result.Err); code != 108 {
		t.Errorf("the exit code is %d for %v", code, r.result.Err)
	}
	r.wantLines(t, "end")
}

// A threshold with abortOnFail that does not hold at the end has not ended the test early.
func TestAbortOnFailAtTheEnd(t *testing.T) {
	r := bubble(t, `
		import { check, sleep } from "k6";
		export const options = { iterations: 1, thresholds: { checks: [{ threshold: "rate==1", abortOnFail: true }] } };
		export default function () { sleep(0.5); check(null, { never: false }); }`)
	if !errors.Is(r.result.Err, scenario.ErrThresholds) {
		t.Errorf("the error is %v", r.result.Err)
	}
	if notes := strings.Join(r.result.Report.Notes, "\n"); strings.Contains(notes, "threshold") {
		t.Errorf("the notes are %s", notes)
	}
}

// A function that only some VUs export, or that is no function any more.
func TestFunctionGoesAway(t *testing.T) {
	for _, script := range []string{
		`export let main; if (!__VU) main = () => {};`,
		`export let main = () => { main = 5; }; if (__VU) main();`,
	} {
		r := bubble(t, `export const options = { scenarios: { a: { executor: "shared-iterations", exec: "main", iterations: 3 } } };`+script)
		if n := r.numbers(t)["errors"]["the script exports no function main"]; n != 3 {
			t.Errorf("%s: there are %v errors, want 3", script, n)
		}
	}
}

// What begins after an error, in the same turn, is dropped too.
func TestBegunAfterError(t *testing.T) {
	r := bubble(t, `
		export const options = { iterations: 2 };
		export default function () {
			const target = new EventTarget();
			target.addEventListener("a", () => { throw new Error("oops") });
			target.dispatchEvent(new Event("a"));
			setTimeout(() => console.log("not reached"), 60_000);
		}`)
	if r.want(t, "errors", "Error: oops", 2); len(r.lines) != 1 || r.took != 0 {
		t.Errorf("the script has printed %q in %v", r.lines, r.took)
	}
}

// A VU that is wanted again before gracefulRampDown is over goes on with its iteration.
func TestRampDownAndUp(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { a: { executor: "ramping-vus", startVUs: 2, gracefulRampDown: "5s", gracefulStop: "9s",
			stages: [{ duration: "3s", target: 2 }, { duration: 0, target: 0 }, { duration: "2s", target: 0 }, { duration: 0, target: 2 }, { duration: "10s", target: 2 }] } } };
		export default function () { sleep(8); console.log(__VU + " " + __ITER); }`)
	slices.Sort(r.lines)
	r.wantLines(t, "1 0", "1 1", "2 0", "2 1")
	if r.took != 16*time.Second {
		t.Errorf("the test took %v", r.took)
	}
}

// With a gracefulRampDown of 0 iterations are stopped at once.
func TestNoGracefulRampDown(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { a: { executor: "ramping-vus", startVUs: 1, gracefulRampDown: 0, gracefulStop: 0,
			stages: [{ duration: "3s", target: 1 }, { duration: 0, target: 0 }, { duration: "3s", target: 0 }] } } };
		export default function () { sleep(2); console.log(__ITER); }`)
	r.wantLines(t, "0")
	if notes := r.result.Report.Notes; r.took != 6*time.Second || !slices.Contains(notes, "1 iterations were stopped before their end") {
		t.Errorf("the test took %v, the notes are %q", r.took, notes)
	}
}

// A scenario may begin when all others are over.
func TestStartTime(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		import exec from "k6/execution";
		export const options = { scenarios: {
			a: { executor: "shared-iterations" },
			b: { executor: "constant-vus", duration: "2s", startTime: "1m", exec: "late" },
			c: { executor: "ramping-vus", stages: [{ duration: "1s", target: 0 }], startTime: "2m" },
		} };
		const begun = Date.now();
		export default function () { console.log(exec.scenario.name); sleep(0.7); }
		export function late() { console.log(exec.scenario.name, Date.now() - begun); sleep(1.5); }`)
	r.wantLines(t, "a", "b 60000", "b 61500", "c", "c")
	if r.took != 2*time.Minute+1400*time.Millisecond {
		t.Errorf("the test took %v", r.took)
	}
}

// A transport answers requests after a time.
type transport time.Duration

func (d transport) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-time.After(time.Duration(d)):
		return &http.Response{StatusCode: 200, Request: r, Body: http.NoBody, Header: http.Header{"Agent": r.Header["User-Agent"]}}, nil
	}
}

// A request may take a minute, unless the script says otherwise.
func TestRequestTimeout(t *testing.T) {
	c, r := compile(t, `
		import http from "k6/http";
		export const options = { userAgent: "load test", setupTimeout: "5m" };
		export function setup() { console.log(http.get("http://example.com/", { timeout: "3m" }).headers.Agent); }
		export default function () {
			const took = (params) => { const begun = Date.now(), r = http.get("http://example.com/", params); console.log(r.status, Date.now() - begun, r.error !== ""); };
			took();
			for (const timeout of [1500, "2s", "2500", "1m30s", null, "3m"]) took({ timeout });
			for (const timeout of [0, -1, NaN, "soon", {}]) try { took({ timeout }) } catch (err) { console.log(err.message); }
		}`)
	c.Transport = transport(2 * time.Minute)
	synctest.Test(t, func(t *testing.T) { r.start(t.Context(), c) })
	r.wantLines(t, "load test", "0 60000 true", "0 1500 true", "0 2000 true", "0 2500 true", "0 90000 true", "0 60000 true", "200 120000 false",
		`k6/http: the timeout "0" is not more than 0`, `k6/http: the timeout "-1" is not more than 0`,
		`k6/http: the timeout "NaN" is not a time such as "10s" or "1m30s"`, `k6/http: the timeout "soon" is not a time such as "10s" or "1m30s"`,
		`k6/http: the timeout "[object Object]" is not a time such as "10s" or "1m30s"`)
}

// sleep takes any number.
func TestSleep(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { scenarios: { a: { executor: "constant-vus", duration: "1h", gracefulStop: 0 } } };
		export default function () { for (const s of [NaN, -1, "a", -Infinity]) sleep(s); sleep(__ITER ? Infinity : 1e10); console.log("not reached"); }`)
	r.wantLines(t)
	if r.took != time.Hour {
		t.Errorf("the test took %v", r.took)
	}
}
