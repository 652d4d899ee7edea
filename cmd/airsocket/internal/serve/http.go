package serve

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/files"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/metrics"
)

// An httpConfig says what is served to clients that ask for no socket.
type httpConfig struct {
	static, health, metrics string
}

func (c *httpConfig) resolve() error {
	for _, f := range []struct{ name, path string }{{"health", c.health}, {"metrics", c.metrics}} {
		if f.path != "" && (!strings.HasPrefix(f.path, "/") || strings.ContainsAny(f.path, "?#")) {
			return fmt.Errorf("-%s is a path that begins with a slash, not %q", f.name, f.path)
		}
	}
	if c.health != "" && c.health == c.metrics {
		return errors.New("-health and -metrics are the same path")
	}
	return nil
}

// handler returns what answers the requests to srv, and a Closer for when that is done. The
// Options of srv must not have been used.
func (c *httpConfig) handler(srv *airsocket.Server) (http.Handler, io.Closer, error) {
	others := page()
	var closer io.Closer = io.NopCloser(nil)
	if c.static != "" {
		h, root, err := files.Open(c.static)
		if err != nil {
			return nil, nil, fmt.Errorf("-static: %w", err)
		}
		others, closer = h, root
	}
	paths := map[string]http.Handler{}
	if c.health != "" {
		paths[c.health] = http.HandlerFunc(healthy)
	}
	if c.metrics != "" {
		paths[c.metrics] = metrics.New(srv)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := paths[r.URL.Path]
		switch {
		case !ok:
			others.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		default:
			h.ServeHTTP(w, r)
		}
	}), closer, nil
}

// serves says what a browser gets.
func (c *httpConfig) serves() string {
	if c.static != "" {
		return "files"
	}
	return "test page"
}

// healthy answers that the server is running.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, "ok\n")
}
