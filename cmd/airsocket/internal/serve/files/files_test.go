package files_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// folder returns a folder with files by name.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "static")
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask sends a request as it is, and returns the response and its body.
func ask(t *testing.T, url, method, target string) (*http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(url, "ws:"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, method+" "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	p, _ := io.ReadAll(c)
	head, body, _ := strings.Cut(string(p), "\r\n\r\n")
	res := &http.Response{Header: http.Header{}}
	for i, line := range strings.Split(head, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			res.Header.Add(name, value)
		} else if i == 0 {
			_, res.Status, _ = strings.Cut(line, " ")
		}
	}
	return res, body
}

func TestStatic(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"index.html": "the page", "a.txt": "text", "sub/b.css": "b{}", ".env": "SECRET", ".git/config": "SECRET", "sub/.htpasswd": "SECRET",
		"../outside": "SECRET",
	})
	for _, link := range [][2]string{{"../outside", "out"}, {"loop", "loop"}, {"a.txt", "in"}, {"/etc/passwd", "passwd"}, {"..", "up"}} {
		if err := os.Symlink(link[0], filepath.Join(dir, link[1])); err != nil {
			t.Skip("symbolic links cannot be made here: ", err)
		}
	}
	s := clitest.StartServe(t, "--static", dir)
	if !strings.HasPrefix(s.Lines[1], "files http://") {
		t.Errorf("it says %q", s.Lines)
	}
	for _, test := range []struct{ method, target, status, kind, body string }{
		{"GET", "/", "200 OK", "text/html", "the page"},
		{"GET", "/a.txt", "200 OK", "text/plain", "text"},
		{"HEAD", "/a.txt", "200 OK", "text/plain", ""},
		{"GET", "/in", "200 OK", "", "text"},
		{"GET", "/sub/b.css", "200 OK", "text/css", "b{}"},
		{"GET", "/sub/", "200 OK", "text/html", "b.css"},
		{"POST", "/a.txt", "405 Method Not Allowed", "", ""},
		{"GET", "/page.js", "404 Not Found", "", ""},
		{"GET", "/.env", "404 Not Found", "", ""},
		{"GET", "/%2eenv", "404 Not Found", "", ""},
		{"GET", "/.git/config", "404 Not Found", "", ""},
		{"GET", "/.git/", "404 Not Found", "", ""},
		{"GET", "/sub/.htpasswd", "404 Not Found", "", ""},
		{"GET", "/../outside", "", "", ""},
		{"GET", "/sub/../../outside", "", "", ""},
		{"GET", "/..%2foutside", "", "", ""},
		{"GET", "/%2e%2e/outside", "", "", ""},
		{"GET", "/..%5coutside", "", "", ""},
		{"GET", "/out", "404 Not Found", "", ""},
		{"GET", "/passwd", "404 Not Found", "", ""},
		{"GET", "/up/", "404 Not Found", "", ""},
		{"GET", "/up/outside", "404 Not Found", "", ""},
		{"GET", "/loop", "404 Not Found", "", ""},
		{"GET", "/a.txt/b", "404 Not Found", "", ""},
		{"GET", "/" + strings.Repeat("a", 1000), "404 Not Found", "", ""},
		{"GET", "/a.txt%00.html", "404 Not Found", "", ""},
	} {
		res, body := ask(t, s.URL(), test.method, test.target)
		if test.status == "" { // any failure
			if strings.HasPrefix(res.Status, "2") {
				t.Errorf("%s %s: %s", test.method, test.target, res.Status)
			}
		} else if res.Status != test.status || !strings.Contains(res.Header.Get("Content-Type"), test.kind) || !strings.Contains(body, test.body) {
			t.Errorf("%s %s: %s, %s, %q", test.method, test.target, res.Status, res.Header.Get("Content-Type"), body)
		}
		if strings.Contains(body, "SECRET") || strings.Contains(body, "root:") || strings.Contains(body, "htpasswd") {
			t.Errorf("%s %s: %q", test.method, test.target, body)
		}
		if test.status == "200 OK" && res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the fields %v", test.target, res.Header)
		}
	}
	// The sockets are where the files are.
	if r := clitest.Execute(t, nil, "connect", s.URL(), "-x", "hello"); r.Stdout != "hello\n" {
		t.Errorf("%+v", r)
	}
	clitest.Execute(t, nil, "serve", "--static", filepath.Join(dir, "nothing")).Want(t, exit.Usage, "-static: ")
	clitest.Execute(t, nil, "serve", "--static", filepath.Join(dir, "a.txt")).Want(t, exit.Usage, "-static: ")
}
