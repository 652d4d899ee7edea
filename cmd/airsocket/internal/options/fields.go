package options

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/inputfile"
)

// maxFields is the length of the longest file with header fields, in bytes.
const maxFields = 1 << 20

// parseFields returns the fields of -H, each NAME:VALUE or @FILE.
func parseFields(fields []string) (http.Header, error) {
	h := http.Header{}
	for _, f := range fields {
		name, ok := strings.CutPrefix(f, "@")
		if !ok {
			if !addField(h, f) {
				return nil, fmt.Errorf("-H %q is not NAME:VALUE", f)
			}
			continue
		}
		p, err := inputfile.Read(name, maxFields)
		if err != nil {
			return nil, fmt.Errorf("-H: %w", err)
		}
		n := 0
		for line := range strings.Lines(string(p)) {
			n++
			line = strings.TrimSpace(line)
			if line != "" && line[0] != '#' && !addField(h, line) {
				return nil, fmt.Errorf("-H: %s, line %d is not NAME:VALUE", name, n)
			}
		}
	}
	if h.Get("Host") != "" {
		return nil, errors.New("-H: the Host field is that of the URL; give that URL, and with -dial the address to connect to")
	}
	return h, nil
}

// addField adds a field of the form NAME:VALUE, and reports whether it has this form.
func addField(h http.Header, field string) bool {
	name, value, ok := strings.Cut(field, ":")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return false
	}
	h.Add(name, strings.TrimSpace(value))
	return true
}
