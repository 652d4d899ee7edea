package replay

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// steps returns steps with the letters as keys, and what came with others.
func steps(want, came string) (all []*step, others []got) {
	for i, r := range want {
		all = append(all, &step{key: "text\n" + string(r), line: i + 1})
	}
	for _, r := range came {
		others = append(others, got{key: "text\n" + string(r)})
	}
	return all, others
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ want, came, differences string }{
		{"", "", ""},
		{"abc", "abc", ""},
		{"abc", "ac", "-b"},
		{"ac", "abc", "+b after 1"},
		{"abc", "axc", "b:x"},
		{"abcd", "axycd", "b:x +y after 2"},
		{"abcdefg", "bcxdfgh", "-a +x after 3 -e +h after 7"},
		{"", "ab", "+a after 0 +b after 0"},
		{"ab", "", "-a -b"},
	} {
		var got []string
		for _, d := range compare(steps(test.want, test.came)) {
			switch {
			case d.got == nil:
				got = append(got, "-"+d.want.key[5:])
			case d.want == nil:
				got = append(got, fmt.Sprintf("+%s after %d", d.got.key[5:], d.line))
			default:
				got = append(got, d.want.key[5:]+":"+d.got.key[5:])
			}
		}
		if s := strings.Join(got, " "); s != test.differences {
			t.Errorf("%s and %s differ in %s, want %s", test.want, test.came, s, test.differences)
		}
	}
}

// No more is in common than what common finds.
func TestCommon(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	letters := func() string {
		p := make([]byte, random.IntN(12))
		for i := range p {
			p[i] = "abc"[random.IntN(3)]
		}
		return string(p)
	}
	for range 2000 {
		a, b := letters(), letters()
		pairs := common(steps(a, b))
		last := [2]int{-1, -1}
		for _, p := range pairs {
			if p[0] <= last[0] || p[1] <= last[1] || a[p[0]] != b[p[1]] {
				t.Fatalf("%s and %s have %v in common", a, b, pairs)
			}
			last = p
		}
		if want := longest(a, b); len(pairs) != want {
			t.Fatalf("%s and %s have %d in common, and not %v", a, b, want, pairs)
		}
	}
}

// longest returns the length of a longest common subsequence.
func longest(a, b string) int {
	switch {
	case a == "" || b == "":
		return 0
	case a[0] == b[0]:
		return 1 + longest(a[1:], b[1:])
	}
	return max(longest(a[1:], b), longest(a, b[1:]))
}

// In a long recording, only what differs is told.
func TestCompareFew(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("abcdefghij", 10_000)
	if got := compare(steps("x"+many+"y"+many+"z", many+"u"+many+"v")); len(got) != 3 {
		t.Errorf("there are %d differences", len(got))
	}
}

// Long recordings that differ much are compared without much memory.
func TestCompareLong(t *testing.T) {
	t.Parallel()
	want, came := steps("x"+strings.Repeat("ab", 3000), strings.Repeat("ac", 3000)+"y")
	if n := len(common(want, came)); n != 0 { // at no place are both the same
		t.Errorf("%d are the same", n)
	}
	if n := len(common(want, append([]got{{}}, came...))); n != 3000 {
		t.Errorf("%d are the same, want 3000", n)
	}
}

// More differences than people read are counted only.
func TestManyDifferences(t *testing.T) {
	t.Parallel()
	events := []any{0, opened, 1, out("?a"), 2, in("a")}
	for range 150 {
		events = append(events, 3, in("b"))
	}
	_, output, code := play(t, journalOf(append(events, 4, `"type":"close","direction":"in","code":1000`)...), 0, "-wait", "10ms", "-speed", "max")
	if strings.Count(output, "did not come") != 100 || !strings.Contains(output, "and 51 more\ndifferent in 151 places") || code != exit.Check {
		t.Errorf("exit code %d, %s", code, output)
	}
}
