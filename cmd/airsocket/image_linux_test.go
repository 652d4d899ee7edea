package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// TestImageHoldsTheProgramOnly checks that what the Dockerfile builds runs in an empty root
// folder, as the user and with the arguments that the Dockerfile says.
func TestImageHoldsTheProgramOnly(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can change the root folder of a process")
	}
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	instruction := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(`(?m)^`+pattern+`$`).FindAllStringSubmatch(string(text), -1)
		if len(m) != 1 {
			t.Fatalf("the Dockerfile has %d lines like %s", len(m), pattern)
		}
		return m[0][1]
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	build := strings.Fields(strings.Replace(instruction(`RUN CGO_ENABLED=0 (go build .*)`), "-o /airsocket ./cmd/airsocket", "-o "+filepath.Join(dir, "airsocket")+" .", 1))
	b := exec.CommandContext(t.Context(), build[0], build[1:]...)
	b.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := b.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", build, err, out)
	}
	var entry, args []string
	for pattern, to := range map[string]*[]string{`ENTRYPOINT (\[.*\])`: &entry, `CMD (\[.*\])`: &args} {
		if err := json.Unmarshal([]byte(instruction(pattern)), to); err != nil {
			t.Fatal(err)
		}
	}
	var uid, gid uint32
	if _, err := fmt.Sscanf(instruction(`USER (.*)`), "%d:%d", &uid, &gid); err != nil || uid == 0 || gid == 0 {
		t.Fatalf("user %d, group %d: %v", uid, gid, err)
	}

	// The port of the Dockerfile may be in use.
	line := strings.Replace(strings.Join(args, " "), ":"+instruction(`EXPOSE (.*)`)+" ", "127.0.0.1:0 ", 1)
	run := &exec.Cmd{Path: entry[0], Args: append(entry[:1:1], strings.Fields(line)...), Env: []string{}, Dir: "/"}
	run.SysProcAttr = &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr clitest.Output
	run.Stderr = &stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer run.Process.Kill()
	first := make([]byte, 200)
	n, _ := out.Read(first)
	m := regexp.MustCompile(`^listening on (ws://\S+)`).FindSubmatch(first[:n])
	if m == nil {
		t.Fatalf("it prints %q and %q", first[:n], stderr.String())
	}
	url := string(m[1])
	if r := clitest.Execute(t, nil, "connect", url, "-x", "hello"); r.Code != exit.OK || r.Stdout != "hello\n" {
		t.Errorf("%+v", r)
	}
	res, err := http.Get(strings.Replace(url, "ws:", "http:", 1) + "health")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("/health: %s", res.Status)
	}
	run.Process.Signal(syscall.SIGTERM) // as "docker stop" does
	io.Copy(io.Discard, out)
	if err := run.Wait(); err != nil || stderr.String() != "" {
		t.Errorf("it ends with %v, stderr %q", err, stderr.String())
	}
}
