package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// unit returns the text of the unit of systemd, and the command that it runs.
func unit(t *testing.T) (text string, command []string) {
	t.Helper()
	p, err := os.ReadFile("../../examples/deploy/airsocket-serve.service")
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(p), "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	if command = strings.Fields(line); !ok || len(command) < 2 || command[1] != "serve" {
		t.Fatalf("the unit runs %q", line)
	}
	return string(p), command
}

// The unit runs the program where its comment installs it, with flags that it has.
func TestUnitRunsTheProgram(t *testing.T) {
	t.Parallel()
	text, command := unit(t)
	if !strings.Contains(text, "#\tCGO_ENABLED=0 go build -o "+command[0]+" ./cmd/airsocket\n") {
		t.Errorf("%s is not installed", command[0])
	}
	args := command[2:]
	if i := slices.Index(args, "-listen"); i >= 0 {
		args = slices.Delete(args, i, i+2) // the port may be in use
	}
	s := clitest.StartServe(t, args...)
	res, err := http.Get(strings.Replace(s.URL(), "ws:", "http:", 1) + "health")
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Errorf("/health: %s", res.Status)
	}
}

// systemd knows all settings of the unit, and does not think that they let the program do
// much.
func TestInteropUnit(t *testing.T) {
	t.Parallel()
	path := wstest.Find(t, "systemd-analyze")
	text, command := unit(t)
	file := filepath.Join(t.TempDir(), "airsocket-serve.service")
	if err := os.WriteFile(file, []byte(strings.Replace(text, "="+command[0]+" ", "="+os.Args[0]+" ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify"}, {"security", "--offline=true", "--threshold=20"}} {
		out, err := exec.CommandContext(t.Context(), path, append(args, file)...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args, err, out)
		}
	}
}
