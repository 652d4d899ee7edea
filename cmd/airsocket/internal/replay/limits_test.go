package replay

import (
	"fmt"
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
