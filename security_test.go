package airsocket_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestSecurity checks that the code in SECURITY.md is that of this file, which is tested,
// that the tests exist by which each row of its tables is shown, and that the names that it
// uses exist.
func TestSecurity(t *testing.T) {
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.ReadFile("security_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Errorf("SECURITY.md has %d blocks of code", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(string(here), "\n"+string(b[1])) {
			t.Errorf("this code of SECURITY.md is not in security_test.go:\n%s", b[1])
		}
	}
	tests, names, rows := testNames(t), exportedNames(t), 0
	isTest := regexp.MustCompile(`^((?:[a-z]+/)*[a-z]+\.)?(Test|Fuzz)[A-Z]\w+$`)
	for line := range strings.Lines(string(text)) {
		row := strings.Split(line, "|")
		if !strings.HasPrefix(line, "|") {
			row = nil
		}
		shown := 0
		for _, quoted := range inCode.FindAllString(line, -1) {
			name := strings.Trim(quoted, "`")
			if isTest.MatchString(name) {
				if shown++; !tests[name] {
					t.Errorf("there is no test %s", name)
				}
			} else if err := names.check(name); err != nil && !strings.ContainsAny(name, " -:/\"") && !strings.HasPrefix(name, "http.") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(row) == 5 && strings.Contains(row[3], "`") {
			rows++
		} else if len(row) > 1 && !strings.HasPrefix(line, "|--") && !strings.HasPrefix(line, "| promise") {
			t.Errorf("this row is shown by no test: %s", line)
		}
		if len(row) == 5 && shown != strings.Count(row[3], "`")/2 {
			t.Errorf("this row is shown by what is no test: %s", line)
		}
	}
	if rows < 40 {
		t.Errorf("only %d rows were found", rows)
	}
	for _, bad := range []string{"TestNothing", "handshake.TestSecurity"} {
		if tests[bad] || !isTest.MatchString(bad) {
			t.Errorf("%s passes as a test", bad)
		}
	}
}

// testNames returns the tests and fuzz targets of the repository, with the folder and a dot
// before their names unless that is this one.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		prefix := ""
		if dir := filepath.ToSlash(filepath.Dir(path)); dir != "." {
			prefix = dir + "."
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				names[prefix+f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func openInternet() *airsocket.Server {
	return &airsocket.Server{
		MaxConns:        10_000,
		MaxConnsPerIP:   20,
		HandshakesPerIP: 2,
		MaxBuffered:     64 << 20,
		Options: &airsocket.Options{
			Origins:        []string{"https://example.com"},
			MaxMessage:     64 << 10,
			MaxBuffered:    1 << 20,
			MessageTimeout: 60 * time.Second,
			IdleTimeout:    5 * time.Minute,
			RateLimit:      &airsocket.RateLimit{Messages: 20, Bytes: 128 << 10, Close: true},
		},
	}
}

func acceptHosts(srv *airsocket.Server, hosts ...string) {
	srv.OnRequest(func(r *airsocket.Request) {
		if !slices.Contains(hosts, strings.ToLower(r.Host)) || strings.HasPrefix(r.Origin, "http:") {
			r.Reject(http.StatusForbidden, "not a page of this site")
			return
		}
		r.Accept("")
	})
}

// TestAcceptHosts checks what acceptHosts refuses that a Server accepts by default: a page
// whose name its owner has pointed to the server (DNS rebinding), and a page without TLS,
// which anybody on the way can write.
func TestAcceptHosts(t *testing.T) {
	checked, open := new(airsocket.Server), new(airsocket.Server)
	acceptHosts(checked, "example.com", "example.com:8443")
	byDefault, byHosts := wstest.Serve(t, open), wstest.Serve(t, checked)
	for _, c := range []struct {
		line, host, origin string
		open, checked      int
	}{
		{"GET / HTTP/1.1", "example.com", "https://example.com", 101, 101},
		{"GET / HTTP/1.1", "Example.COM", "https://example.com", 101, 101},
		{"GET / HTTP/1.1", "example.com:8443", "https://example.com:8443", 101, 101},
		{"GET / HTTP/1.1", "example.com", "", 101, 101},
		{"GET / HTTP/1.1", "rebound.example", "https://rebound.example", 101, 403},
		{"GET / HTTP/1.1", "rebound.example", "", 101, 403},
		{"GET http://rebound.example/ HTTP/1.1", "example.com", "http://rebound.example", 101, 403},
		{"GET / HTTP/1.1", "127.0.0.1", "https://127.0.0.1", 101, 403},
		{"GET / HTTP/1.1", "example.com", "http://example.com", 101, 403},
		{"GET / HTTP/1.1", "example.com", "https://rebound.example", 403, 403},
	} {
		fields := []string{"Host: " + c.host}
		if c.origin != "" {
			fields = append(fields, "Origin: "+c.origin)
		}
		for url, want := range map[string]int{byDefault: c.open, byHosts: c.checked} {
			p := wstest.DialRaw(t, url)
			p.WriteRaw([]byte(wstest.RequestWith(c.line, fields...)))
			if got := p.ReadResponse().StatusCode; got != want {
				t.Errorf("%+v: status %d, with a check of hosts %t", c, got, url == byHosts)
			}
			p.Close()
		}
	}
}

// TestReadmeNamesSecurity checks that README.md leads to SECURITY.md.
func TestReadmeNamesSecurity(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "(SECURITY.md)") {
		t.Error("README.md has no link to SECURITY.md")
	}
}
