package program_test

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"-h"}, {"serve", "-h"}, {"connect", "--help"}} {
		r := clitest.Execute(t, nil, args...)
		r.Want(t, exit.OK, "")
		if !strings.HasPrefix(r.Stdout, "usage: airsocket") || r.Stderr != "" {
			t.Errorf("%q: stdout %.60q, stderr %q", args, r.Stdout, r.Stderr)
		}
	}
	clitest.Execute(t, nil).Want(t, exit.Usage, "usage: airsocket")
}
