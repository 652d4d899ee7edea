package program_test

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"help", "-h", "--help", "help help"} {
		r := clitest.Execute(t, nil, strings.Fields(args)...)
		if r.Want(t, exit.OK, ""); !strings.HasPrefix(r.Stdout, "usage: airsocket serve") || r.Stderr != "" {
			t.Errorf("%s: stdout %.60q, stderr %q", args, r.Stdout, r.Stderr)
		}
	}
	for _, name := range []string{"serve", "connect", "load", "record", "replay", "version", "completion", "man"} {
		want := clitest.Execute(t, nil, name, "-h")
		if !strings.HasPrefix(want.Stdout, "usage: airsocket "+name) {
			t.Errorf("%s -h prints %.60q", name, want.Stdout)
		}
		if got := clitest.Execute(t, nil, "help", name); got != want {
			t.Errorf("help %s prints %.60q, %s -h prints %.60q", name, got.Stdout, name, want.Stdout)
		}
		if name != "version" && !strings.Contains(want.Stdout, "\nExamples:\n  airsocket "+name) {
			t.Errorf("the help text of %s has no examples", name)
		}
		for line := range strings.Lines(want.Stdout) {
			if n := len(strings.ReplaceAll(line, "\t", "    ")); n > 101 {
				t.Errorf("%s -h has a line of %d columns: %s", name, n, line)
			}
		}
	}
	clitest.Execute(t, nil, "help", "serve", "connect").Want(t, exit.Usage, "help takes one command, not 2")
}

// The summaries of commands are below each other.
func TestSummariesAreAligned(t *testing.T) {
	t.Parallel()
	usage, _, _ := strings.Cut(clitest.Execute(t, nil, "help").Stdout, "\n\n")
	lines := strings.Split(usage, "\n")
	column := strings.Index(lines[0], "run a server")
	for _, line := range lines {
		if len(line) <= column || line[column-2:column] != "  " || line[column] == ' ' {
			t.Errorf("the summary does not begin in column %d: %s", column, line)
		}
	}
}

// The help text of connect says what a URL can contain.
func TestHelpOfURLs(t *testing.T) {
	t.Parallel()
	r := clitest.Execute(t, nil, "connect", "-h")
	for _, say := range []string{"user:pass@", "Basic authentication", "%40", "ws:// is assumed"} {
		if !strings.Contains(r.Stdout, say) {
			t.Errorf("the help text of connect does not say %q", say)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"version", "--version", "-version"} {
		r := clitest.Execute(t, nil, arg)
		if r.Want(t, exit.OK, ""); !strings.HasPrefix(r.Stdout, "airsocket ") || !strings.Contains(r.Stdout, " go1.") || strings.Count(r.Stdout, "\n") != 1 {
			t.Errorf("%s prints %q", arg, r.Stdout)
		}
	}
	clitest.Execute(t, nil, "version", "extra").Want(t, exit.Usage, `not "extra"`)
}
