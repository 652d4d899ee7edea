package k6_test

import (
	"testing"
)

// A promise would count as true, whatever it is resolved with.
func TestAsyncChecks(t *testing.T) {
	r := wantLines(t, `
		import { check, group } from "k6";
		export default function () {
			for (const fn of [
				() => check(1, { one: async () => false }),
				() => check(1, { two: () => Promise.resolve(false) }),
				() => check(1, { three: Promise.resolve(false) }),
				() => group("four", async () => {}),
			]) try { fn(); console.log("no error"); } catch (err) { console.log(err.message); }
		}`, nil,
		"check() takes no async function: await its result first",
		"check(): two is a promise, which would always count as true: await it first",
		"check(): three is a promise, which would always count as true: await it first",
		"group() takes no async function: await its result first")
	wantMetrics(t, r, map[string]float64{"rates/checks": -1})
}

// Names of checks and groups, and what a script may pass in place of them.
func TestNamesOfChecks(t *testing.T) {
	r := wantLines(t, `
		import { check, group } from "k6";
		const a = (n) => "a".repeat(n);
		export default function () {
			for (const fn of [
				() => check(1, { "a::b": true }),
				() => group("a::b", () => {}),
				() => check(1, { [a(1001)]: true }),
				() => group(a(1001), () => {}),
				() => group(a(500), () => group(a(499), () => {})),
				() => group(a(500), () => group(a(496), () => check(1, { inner: true }))),
				() => check(1, null),
				() => check(1, "xy"),
				() => group("b", 5),
				() => check(1, { thrown: () => { throw new Error("oops") }, never: true }),
				() => check(1, { ":": true, [a(1000)]: true }),
			]) try { console.log(fn()); } catch (err) { console.log(err.message); }
			check(1, { outside: true });
		}`, nil,
		`check(): the name "a::b" has two colons, which separate the names of groups`,
		`group(): the name "a::b" has two colons, which separate the names of groups`,
		"check(): a name has at most 1000 bytes, not 1001",
		"group(): a name has at most 1000 bytes, not 1001",
		"group(): the names of a group and of those that it is in have at most 1000 bytes together",
		"true",
		"Cannot convert undefined or null to object",
		"true",
		"group() needs a function",
		"oops",
		"true")
	wantMetrics(t, r, map[string]float64{"script_checks/outside": 1, "script_checks/0": 1, "script_checks/1": 1, "script_checks/thrown": 0, "script_checks/never": -1, "script_checks/:": 1})
}

// Tags are texts, numbers, true or false.
func TestTagValues(t *testing.T) {
	r := wantLines(t, `
		import { check } from "k6";
		import exec from "k6/execution";
		import { Counter } from "k6/metrics";
		const counter = new Counter("mine");
		export const options = { thresholds: { "checks{n:5,b:true}": ["rate==1"], "mine{n:1.5}": ["count==2"], "mine{set:7}": ["count==3"] } };
		export default function () {
			console.log(check(1, { x: true }, { n: 5, b: true }), counter.add(2, { n: 1.5 }));
			for (const value of [{}, null, undefined, Symbol("a"), () => {}, new Number(5)]) {
				for (const fn of [() => counter.add(1, { own: value }), () => { exec.vu.tags.own = value; }]) {
					try { fn(); console.log("no error"); } catch (err) { if (!/text/.test(err.message) && !/Symbol/.test(err.message)) console.log(err.message); }
				}
			}
			exec.vu.tags.set = 7;
			console.log(exec.vu.tags.set === "7", exec.vu.tags.own, counter.add(3));
			for (let i = 0; i < 200; i++) try { exec.vu.tags["tag" + i] = i; } catch (err) { console.log(err.message); break; }
		}`, nil, "true true", "true undefined true", "a VU has at most 100 tags")
	if r.Err != nil {
		t.Error(r.Err, r.Report.Outcomes)
	}
}

// What is no number is not added, and the script is told.
func TestSamples(t *testing.T) {
	r := wantLines(t, `
		import { Trend } from "k6/metrics";
		const trend = new Trend("mine");
		export default function () {
			console.log([NaN, "a", null, undefined, {}, Infinity, Symbol("a")].map((n) => trend.add(n)).join());
			console.log(["5", -1, true, false].map((n) => trend.add(n)).join());
		}`, nil,
		"mine.add() was called with what is no number, and has added nothing",
		"mine.add() was called with what is no number, and has added nothing",
		"mine.add() was called with what is no number, and has added nothing",
		"mine.add() was called with what is no number, and has added nothing",
		"mine.add() was called with what is no number, and has added nothing",
		"mine.add() was called with what is no number, and has added nothing",
		"mine.add() was called with what is no number, and has added nothing",
		"false,false,false,false,false,false,false", "true,true,true,true")
	wantMetrics(t, r, map[string]float64{"trend mine/count": 4, "trend mine/max": 5, "trend mine/min": -1})
}

// Nothing that a VU changes is seen by another one.
func TestNothingIsShared(t *testing.T) {
	r := wantLines(t, `
		import exec from "k6/execution";
		import { check } from "k6";
		import { SharedArray } from "k6/data";
		import { Counter } from "k6/metrics";
		const shared = new SharedArray("list", () => [{ n: 1 }, [2]]), counter = new Counter("mine");
		export const options = {
			tags: { all: "1" }, thresholds: { "mine{all:1}": ["count==200"] },
			scenarios: { a: { executor: "per-vu-iterations", vus: 20, iterations: 10, env: { A: "a" }, tags: { own: "2" } } },
		};
		export function setup() { return { list: [1] }; }
		export default function (data) {
			const o = exec.test.options;
			check(null, {
				"options": o.tags.all === "1" && o.scenarios.a.vus === 20 && o.mine === undefined,
				"data": data.list.length === 1 + __ITER,
				"shared": shared[0].n === 1 && shared[1].length === 1 && shared.length === 2,
				"env": __ENV.A === "a" + (__ITER ? __VU : ""),
				"tags": exec.vu.tags.own === "2" && (exec.vu.tags.mine === undefined || exec.vu.tags.mine === "" + __VU),
			});
			o.tags.all = __VU; o.scenarios.a.vus = __VU; o.mine = {}; delete o.thresholds;
			data.list.push(__VU);
			shared[0].n = __VU; shared[1].push(__VU);
			for (const write of [() => shared[0] = 1, () => shared.length = 0, () => shared.push(1)]) try { write(); } catch (err) {}
			__ENV.A = "a" + __VU; __ENV["B" + __VU] = "b";
			exec.vu.tags.mine = __VU;
			counter.add(1);
		}
		export function teardown(data) { if (data.list.length !== 1) throw new Error("changed"); }`, nil)
	wantMetrics(t, r, map[string]float64{"rates/checks": 1, "iterations": 200})
	if r.Err != nil {
		t.Error(r.Err, r.Report.Outcomes)
	}
}
