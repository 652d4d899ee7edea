package connect

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Nothing is left of a file that cannot be written.
func TestSavedInPart(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	full := errors.New("no space left")
	if _, err := saveFile(name, func(w io.Writer) error { io.WriteString(w, "part"); return full }); !errors.Is(err, full) {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the file is left")
	}
}
