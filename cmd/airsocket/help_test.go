package main

import (
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"help", "-h", "--help", "help help", "help version"} {
		r := command(t, nil, strings.Fields(args)...)
		if r.want(t, exitOK, ""); !strings.HasPrefix(r.stdout, "usage: airsocket serve") || r.stderr != "" {
			t.Errorf("%s: stdout %.60q, stderr %q", args, r.stdout, r.stderr)
		}
	}
	for _, name := range []string{"serve", "connect"} {
		want := command(t, nil, name, "-h")
		if !strings.HasPrefix(want.stdout, "usage: airsocket "+name) {
			t.Errorf("%s -h prints %.60q", name, want.stdout)
		}
		if got := command(t, nil, "help", name); got != want {
			t.Errorf("help %s prints %.60q, %s -h prints %.60q", name, got.stdout, name, want.stdout)
		}
		if !strings.Contains(want.stdout, "\nExamples:\n  airsocket "+name) {
			t.Errorf("the help text of %s has no examples", name)
		}
		for line := range strings.Lines(want.stdout) {
			if n := len(strings.ReplaceAll(line, "\t", "    ")); n > 101 {
				t.Errorf("%s -h has a line of %d columns: %s", name, n, line)
			}
		}
	}
	command(t, nil, "help", "serve", "connect").want(t, exitUsage, "help takes one command, not 2")
}

// The help text of connect says what a URL can contain.
func TestHelpOfURLs(t *testing.T) {
	t.Parallel()
	r := command(t, nil, "connect", "-h")
	for _, say := range []string{"user:pass@", "Basic authentication", "%40", "ws:// is assumed"} {
		if !strings.Contains(r.stdout, say) {
			t.Errorf("the help text of connect does not say %q", say)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"version", "--version", "-version"} {
		r := command(t, nil, arg)
		if r.want(t, exitOK, ""); !strings.HasPrefix(r.stdout, "airsocket ") || !strings.Contains(r.stdout, " go1.") || strings.Count(r.stdout, "\n") != 1 {
			t.Errorf("%s prints %q", arg, r.stdout)
		}
	}
	command(t, nil, "version", "extra").want(t, exitUsage, `not "extra"`)
}
