package wstest

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Missing skips a test whose peer is not on this machine, or fails it if peers are
// required.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("AIRSOCKET_INTEROP") == "required" {
		t.Fatalf("not on this machine: %s", what)
	}
	t.Skipf("not on this machine: %s", what)
}

// Find returns the path of the first of the programs that is on this machine. See
// Missing if none is.
func Find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, names[0])
	return ""
}

// RunChild starts cmd and lets read read one of its outputs. cmd must have the
// context of the test, which ends it. What cmd otherwise writes to standard
// error is shown if the test fails.
func RunChild(t testing.TB, cmd *exec.Cmd, pipe func() (io.ReadCloser, error), read func(lines *bufio.Scanner)) {
	t.Helper()
	out, err := pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 16<<20)
		read(lines)
		io.Copy(io.Discard, out) // so that the child can go on writing
	}()
	t.Cleanup(func() {
		<-done
		cmd.Wait()
		if t.Failed() && stderr.Len() > 0 {
			t.Logf("%s: %s", filepath.Base(cmd.Path), stderr.Bytes())
		}
	})
}
