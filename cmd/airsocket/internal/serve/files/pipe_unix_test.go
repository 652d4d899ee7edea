//go:build unix

package files_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// Opening a pipe to which nobody writes would wait for ever.
func TestStaticServesNoPipes(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a": "a"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Skip("named pipes cannot be made here: ", err)
	}
	if res, _ := ask(t, clitest.StartServe(t, "--static", dir).URL(), "GET", "/pipe"); res.Status != "404 Not Found" {
		t.Errorf("a pipe: %s", res.Status)
	}
}
