package inputfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := Read(name, 5); string(p) != "12345" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
	if p, err := Read(name, 4); p != nil || err == nil || !strings.HasSuffix(err.Error(), "file is longer than 4 bytes") {
		t.Errorf("with a limit of 4: %q, %v", p, err)
	}
	if _, err := Read(name+"x", 5); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
}
