package scenario_test

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Only some errors are printed, but all are counted.
func TestManyErrors(t *testing.T) {
	r := bubble(t, `
		export const options = { iterations: 100 };
		export default function () { throw new Error("error " + __ITER % 50); }`)
	if len(r.lines) != 20 {
		t.Errorf("%d errors were printed", len(r.lines))
	}
	sum := 0.0
	for _, n := range r.numbers(t)["errors"] {
		sum += n
	}
	if sum != 100 {
		t.Errorf("%v errors were counted", sum)
	}
}

// What a script names is shown in one line, without control characters, and cut.
func TestTextsOfScripts(t *testing.T) {
	r := bubble(t, `
		import { check } from "k6";
		export default function () {
			check(null, { ["a\n\u001b[31mb"]: true });
			throw new Error("x".repeat(1000));
		}`)
	r.want(t, "script_checks", "a [31mb", 1)
	for kind := range r.numbers(t)["errors"] {
		if n := utf8.RuneCountInString(kind); n != 201 || !strings.HasSuffix(kind, "x…") {
			t.Errorf("the error has %d characters: %s", n, kind)
		}
	}
}

// The plots of a long test have as many points as those of a short one, over its whole time.
func TestLongTest(t *testing.T) {
	r := bubble(t, `
		import { sleep } from "k6";
		export const options = { duration: "3h" };
		export default function () { sleep(100); }`)
	if r.err != nil {
		t.Fatal(r.err)
	}
	points := r.result.Report.Charts[0].Lines[0].Points
	if n, last := len(points), points[len(points)-1].X; n > 600 || n < 300 || last < 10_700 {
		t.Errorf("there are %d points, the last at %v s", n, last)
	}
}
