// Package inputfile reads the small files that flags name.
package inputfile

import (
	"fmt"
	"io"
	"os"
)

// Read returns the contents of a file. It is an error if there are more than limit bytes.
func Read(name string, limit int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(p) > limit {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, limit)
	}
	return p, nil
}
