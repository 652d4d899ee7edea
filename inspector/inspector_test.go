package inspector_test

import (
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/inspector"
)

func TestPage(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(inspector.Handler())
	defer s.Close()
	base := s.URL
	for _, test := range []struct {
		method, path string
		status       int
		kind, has    string
	}{
		{"GET", "/", 200, "text/html", "<button id=connect"},
		{"HEAD", "/", 200, "text/html", ""},
		{"GET", "/connection.js", 200, "javascript", "new WebSocket"},
		{"GET", "/page.css", 200, "text/css", "color-scheme"},
		{"POST", "/", 405, "", ""},
		{"GET", "/index.html", 404, "", ""},
		{"GET", "/page/", 404, "", ""},
		{"POST", "/nothing", 404, "", ""},
	} {
		req, _ := http.NewRequest(test.method, base+test.path, nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != test.status || !strings.Contains(res.Header.Get("Content-Type"), test.kind) || !strings.Contains(string(body), test.has) {
			t.Errorf("%s %s: %s, %s, %.60q", test.method, test.path, res.Status, res.Header.Get("Content-Type"), body)
		}
		if test.status != 200 {
			continue
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-cache",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", test.method, test.path, name, got, want)
			}
		}
	}
}

// TestPageTypes checks that each file has the type that a browser requires, whatever the system
// takes it for, as Windows may after some programs have been installed.
func TestPageTypes(t *testing.T) {
	want := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
	for ext := range want {
		before := mime.TypeByExtension(ext)
		mime.AddExtensionType(ext, "text/plain")
		defer mime.AddExtensionType(ext, before)
	}
	names, err := filepath.Glob("page/*")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		w := httptest.NewRecorder()
		path := strings.TrimSuffix(filepath.Base(name), "index.html")
		inspector.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/"+path, nil))
		h := w.Header()
		if got := h.Get("Content-Type"); w.Code != 200 || got != want[filepath.Ext(name)]+"; charset=utf-8" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: status %d, %q, %q", name, w.Code, got, h.Get("X-Content-Type-Options"))
		}
	}
}

// The page works without a network: it refers only to its own files. Its policy forbids what
// would be a script or style in its markup.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	const limit = 60_000
	total := 0
	names, err := filepath.Glob("page/*")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		total += len(b)
		for _, bad := range []string{"http://", "https://", "@import", "innerHTML", "outerHTML", "insertAdjacentHTML", "<style", " style=", " onclick="} {
			if strings.Contains(string(b), bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
	if total >= limit {
		t.Errorf("the files of the page have %d bytes, and must have less than %d", total, limit)
	}
}
