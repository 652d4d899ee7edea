package browsertest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDifferences checks that testdata/differences.txt names scripts and lines that exist.
func TestDifferences(t *testing.T) {
	seen := 0
	for _, script := range scripts(t) {
		if _, n := expected(t, script); n > 0 {
			seen += n
		}
	}
	if all := differences(t); seen != len(all) {
		t.Errorf("%d of %d differences are of scripts that exist", seen, len(all))
	}
}

// A difference is one between Chromium and a bot that has a reason.
type difference struct {
	script        string
	chromium, bot []string // lines that come after each other
}

// differences reads testdata/differences.txt. A paragraph has the reason in lines that begin
// with #, the name of a script, the lines of Chromium, which begin with -, and those of the
// bot, which begin with +. More of the same reason may follow.
func differences(t *testing.T) []difference {
	t.Helper()
	text, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []difference
	script := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		last := len(all) - 1
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '-':
			if last < 0 || all[last].bot != nil || all[last].script != script {
				all = append(all, difference{script: script})
				last++
			}
			all[last].chromium = append(all[last].chromium, line[1:])
		case line[0] == '+':
			all[last].bot = append(all[last].bot, line[1:])
		default:
			script = line
		}
	}
	return all
}

// expected returns what a bot should print, and how many differences that has from what
// Chromium prints.
func expected(t *testing.T, script string) (text string, n int) {
	t.Helper()
	data, err := os.ReadFile(recorded(script))
	if err != nil {
		t.Fatal(err)
	}
	lines, done := strings.Split(string(data), "\n"), 0
	for _, d := range differences(t) {
		if d.script != name(script) {
			continue
		}
		n++
		at := done
		for at <= len(lines)-len(d.chromium) && !slices.Equal(lines[at:at+len(d.chromium)], d.chromium) {
			at++
		}
		if at > len(lines)-len(d.chromium) {
			t.Fatalf("%s has no such lines, or not in this order: %q", recorded(script), d.chromium)
		}
		lines = slices.Replace(lines, at, at+len(d.chromium), d.bot...)
		done = at + len(d.bot)
	}
	return strings.Join(lines, "\n"), n
}
