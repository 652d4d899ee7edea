package browsertest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/test/chromium"
)

var update = flag.Bool("update", false, "write testdata/*.txt from what Chromium prints")

// scripts returns the files of all scripts.
func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.js")
	if err != nil || len(files) < 60 {
		t.Fatalf("there are %d scripts: %v", len(files), err)
	}
	return files
}

// recorded returns the name of the file with what a script prints.
func recorded(script string) string { return strings.TrimSuffix(script, ".js") + ".txt" }

// name returns the name of the test of a script.
func name(script string) string { return strings.TrimSuffix(filepath.Base(script), ".js") }

// TestInteropChromium runs the scripts in Chromium, and compares what it prints with what is
// recorded.
func TestInteropChromium(t *testing.T) {
	tab := chromium.Start(t).Open(t, "about:blank")
	for _, script := range scripts(t) {
		t.Run(name(script), func(t *testing.T) {
			got := inChromium(t, tab.For(t), script)
			if *update {
				if err := os.WriteFile(recorded(script), []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(recorded(script))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "Chromium", got, string(want))
		})
	}
}

// inChromium returns what a script prints in Chromium.
func inChromium(t *testing.T, p *chromium.Tab, script string) string {
	t.Helper()
	s := serve(t, script)
	p.Do("Network.clearBrowserCookies", nil)
	p.Navigate(s.page())
	text, ok := p.Evaluate(`Promise.race([finished, new Promise((resolve) => setTimeout(resolve, 15000))])`).(string)
	if !ok {
		text, _ = p.Evaluate(`lines.join("\n")`).(string)
		t.Errorf("the script has not called done after\n%s", text)
	}
	return s.mask(text) + "\n"
}

// compare reports the first line of what somebody has printed that differs.
func compare(t *testing.T, who, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	ours, theirs := strings.Split(got, "\n"), strings.Split(want, "\n")
	n := 0
	for n < len(ours) && n < len(theirs) && ours[n] == theirs[n] {
		n++
	}
	line := func(lines []string) string { return strings.Join(lines[min(n, len(lines)):min(n+1, len(lines))], "") }
	t.Errorf("line %d of %s is\n\t%s\nand should be\n\t%s\nall of it:\n%s", n+1, who, line(ours), line(theirs), got)
}
