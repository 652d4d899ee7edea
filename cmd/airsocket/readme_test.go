package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// The README's client prints an error and exits with a code other than 0 if the
// server refuses it or cannot be reached, or if the URL is invalid.
func TestReadmeClient(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## A client\n")
	_, block, _ := strings.Cut(section, "```go\n")
	source, _, _ := strings.Cut(block, "```")
	const url = `"ws://127.0.0.1:10081/"`
	if strings.Count(source, url) != 1 {
		t.Fatalf("the README's client does not connect to %s:\n%s", url, source)
	}
	dir := t.TempDir()
	file, client := filepath.Join(dir, "main.go"), filepath.Join(dir, "client")
	source = "package main\n\nimport \"os\"\n" + strings.Replace(strings.TrimPrefix(source, "package main\n"), url, "os.Args[1]", 1)
	if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", client, file).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, test := range []struct {
		url, stdout, stderr string
		code                int
	}{
		{clitest.StartServe(t, "-quiet").URL(), "hello\n", "", 0},
		{"ws://127.0.0.1:1", "", "refused", 1},
		{clitest.StartServe(t, "-quiet", "-tls-self-signed").URL(), "", "certificate", 1},
		{clitest.StartServe(t, "-quiet", "-versions", "75").URL(), "", "426", 1},
		{"127.0.0.1:10081", "", "bad URL", 1},
	} {
		var stdout, stderr strings.Builder
		cmd := exec.CommandContext(t.Context(), client, test.url)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != test.code || stdout.String() != test.stdout || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q, want %d, %q, %q", test.url, code, stdout.String(), stderr.String(), test.code, test.stdout, test.stderr)
		}
	}
}
