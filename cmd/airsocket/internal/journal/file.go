package journal

import (
	"io"
	"os"
)

// Create creates the file with the name, for a journal, or empties it if there is one. Only
// the owner may read a new file, as messages often have passwords in them.
func Create(name string) (io.WriteCloser, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}
