package bot_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/airsocket/airsocket/bot"

// layers are the packages of this module from left to right: each imports only packages to its
// left. Programs come after all of them, and only tests are in testOnly.
var (
	layers   = []string{"internal/realm", "internal/events", "internal/blob", "internal/urls", "internal/timers", "internal/console", "internal/crypto", "internal/encoding", "internal/fetch", "internal/websocket", ".", "internal/metrics", "internal/k6", "internal/scenario"}
	programs = []string{"cmd", "examples", "bench"}
	testOnly = []string{"internal/browsertest", "internal/pages"}
)

// importers lists the external modules that only some packages may import.
var importers = map[string][]string{
	"github.com/evanw/esbuild":    {"."},
	"github.com/nlnwa/whatwg-url": {"internal/urls", "internal/websocket"},
	"golang.org/x/net":            {"internal/fetch"},
	"golang.org/x/text":           {"internal/encoding", "internal/fetch"},
}

// TestImports checks the imports of all code except tests against the layers.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(name))
		seen[dir] = true
		if place(dir) < 0 {
			t.Errorf("%s is in no layer", dir)
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !mayImport(dir, imported) {
				t.Errorf("%s imports %s, which is not to its left", name, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range layers {
		if !seen[dir] {
			t.Errorf("there is no package %s", dir)
		}
	}
}

// TestImportRules checks that the rules of TestImports refuse some imports.
func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		dir, imported string
		want          bool
	}{
		{"internal/events", module + "/internal/realm", true},
		{"internal/realm", module + "/internal/events", false},
		{"internal/websocket", module, false},
		{".", module + "/internal/websocket", true},
		{".", module + "/internal/k6", false},
		{"internal/k6", module, true},
		{"cmd/airsocket-bot", module + "/internal/scenario", true},
		{"internal/scenario", module + "/cmd/airsocket-bot", false},
		{"internal/scenario", module + "/internal/browsertest", false},
		{"internal/realm", module + "/internal/realm", false},
		{"internal/realm", "github.com/airsocket/airsocket", true},
		{"internal/realm", "github.com/evanw/esbuild/pkg/api", false},
		{".", "github.com/evanw/esbuild/pkg/api", true},
		{"internal/realm", "testing", false},
	} {
		if got := mayImport(c.dir, c.imported); got != c.want {
			t.Errorf("mayImport(%q, %q) = %t", c.dir, c.imported, got)
		}
	}
}

// place returns the place of a folder among the layers, or -1.
func place(dir string) int {
	top, _, _ := strings.Cut(dir, "/")
	switch {
	case slices.Contains(programs, top), slices.Contains(testOnly, dir):
		return len(layers)
	}
	return slices.Index(layers, dir)
}

func mayImport(dir, imported string) bool {
	if own, ok := strings.CutPrefix(imported+"/", module+"/"); ok {
		own = strings.TrimSuffix(own, "/")
		if own == "" {
			own = "."
		}
		at := place(own)
		return at >= 0 && at < place(dir) && !slices.Contains(testOnly, own)
	}
	for of, users := range importers {
		if strings.HasPrefix(imported+"/", of+"/") {
			return slices.Contains(users, dir)
		}
	}
	isTest := imported == "testing" || strings.HasPrefix(imported, "testing/")
	return !isTest || slices.Contains(testOnly, dir)
}
