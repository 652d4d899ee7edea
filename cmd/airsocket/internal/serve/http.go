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
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/inspector"
)

// An httpConfig says what is served to clients that ask for no socket.
type httpConfig struct {
	static, health, metrics string
	inspect                 bool // the page shows the server's side of its connections
}

// resolve checks the flags, of which given holds those that were given. isLocal says whether
// only this machine can connect.
func (c *httpConfig) resolve(given map[string]bool, isLocal bool) error {
	switch {
	case !given["inspect"]:
		c.inspect = isLocal
	case c.inspect && c.static != "":
		return errors.New("-inspect is of use only with the test page: do not give -static")
	}
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
	paths := map[string]http.Handler{}
	if c.health != "" {
		paths[c.health] = http.HandlerFunc(healthy)
	}
	if c.metrics != "" {
		paths[c.metrics] = metrics.New(srv)
	}
	var others http.Handler
	var closer io.Closer = io.NopCloser(nil)
	switch {
	case c.static != "":
		h, root, err := files.Open(c.static)
		if err != nil {
			return nil, nil, fmt.Errorf("-static: %w", err)
		}
		others, closer = h, root
	case c.inspect:
		others = inspector.Observe(srv) // besides the hooks of metrics
	default:
		others = inspector.Handler()
		srv.PassOn = asksToObserve // so that the page is answered at once, and is no client
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

// asksToObserve reports whether a request is one of the test page, to be shown the server's side.
func asksToObserve(r *handshake.Request) bool {
	return r.Header.Get("Sec-WebSocket-Protocol") == "airsocket-observe"
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
