// Package inspector serves a page on which to try a WebSocket server. A program mounts it
// beside its own sockets while it is being developed; `airsocket serve` has it too.
package inspector

import (
	"bytes"
	"embed"
	"net/http"
	"path"
	"time"
)

//go:embed page
var files embed.FS

// policy allows the page to load its own scripts and styles and to connect to any
// WebSocket server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws: wss:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler returns a handler that serves the page at / and its files beside it. Use
// [http.StripPrefix] to mount it elsewhere.
func Handler() http.Handler { return http.HandlerFunc(servePage) }

func servePage(w http.ResponseWriter, r *http.Request) {
	name := path.Clean("/" + r.URL.Path)[1:]
	if name == "" {
		name = "index.html"
	} else if name == "index.html" {
		http.NotFound(w, r)
		return
	}
	content, err := files.ReadFile("page/" + name)
	switch {
	case err != nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
