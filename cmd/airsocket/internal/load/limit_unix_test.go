//go:build unix

package load_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// -n is compared with the limit of open files before anything is opened, and the soft limit
// is raised as far as it goes.
func TestLimitOfOpenFiles(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	for _, test := range []struct {
		limit, n string
		code     int
		say      string
	}{
		{"ulimit -n 1000", "1000", exit.Usage, "-n 1000 is more than the limit of 1000 open files allows, which is 712 connections; raise the limit (ulimit -n), or give a lower -n"},
		{"ulimit -n 100", "1", exit.Usage, "which is 0 connections"},
		{"ulimit -n 1000", "100", exit.OK, ""},
		{"ulimit -H -n 1000; ulimit -S -n 100", "100", exit.OK, ""},
	} {
		program := clitest.AsProgram("load", s.URL(), "-n", test.n, "-duration", "0", "-quiet")
		args := append([]string{"-c", test.limit + ` && exec "$@"`, "sh", program.Path}, program.Args[1:]...)
		cmd := exec.CommandContext(t.Context(), "sh", args...)
		cmd.Env = program.Env
		var stderr strings.Builder
		cmd.Stderr = &stderr
		err := cmd.Run()
		if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
			t.Skipf("no shell: %v", err)
		}
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(stderr.String(), test.say) {
			t.Errorf("%s, -n %s: exit code %d, stderr %q, want %d, %q", test.limit, test.n, code, stderr.String(), test.code, test.say)
		}
	}
}
