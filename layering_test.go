package airsocket_test

import (
	"bytes"
	"cmp"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/airsocket/airsocket"

// layers are the packages of the library from left to right: each imports only
// what stands to its left. What is below cmd and examples stands at the end, and
// there is no other place for a package.
var layers = []string{"wire", "extensions", "handshake", "internal/dial", "."}

// importers are the packages that may import a module of others.
var importers = map[string]string{
	"github.com/klauspost/compress": "extensions",
	"github.com/gobwas/httphead":    "handshake",
	"github.com/gobwas/pool":        ".",
	"golang.org/x/net":              "internal/dial",
	"golang.org/x/term":             "cmd/airsocket",
}

// forbidden are the packages that would tell a package of place, time or chance.
var forbidden = map[string][]string{
	"wire":      {"net", "net/http", "os", "time", "sync", "sync/atomic", "context", "math/rand", "math/rand/v2", "crypto/rand"},
	"handshake": {"net", "net/http", "os"},
}

// TestImports holds the imports of the code, tests aside, against the layers.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for name, imports := range sources(t) {
		dir := path.Dir(name)
		for _, imp := range imports {
			if slices.Contains(forbidden[dir], imp) {
				t.Errorf("%s imports %s", name, imp)
			}
			if own, ok := strings.CutPrefix(imp+"/", module+"/"); ok {
				to := cmp.Or(strings.TrimSuffix(own, "/"), ".")
				if !left(to, dir) {
					t.Errorf("%s imports %s, which does not stand to its left", name, imp)
				}
				continue
			}
			if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			of := moduleOf(imp)
			seen[of] = true
			if importers[of] != dir {
				t.Errorf("%s imports %s, which is for %q", name, imp, importers[of])
			}
		}
	}
	for _, of := range []string{"github.com/klauspost/compress", "github.com/gobwas/httphead", "github.com/gobwas/pool", "golang.org/x/net"} {
		if !seen[of] {
			t.Errorf("nothing imports %s", of)
		}
	}
}

// TestFolders refuses packages, those of tests alone too, that have no place
// among the layers.
func TestFolders(t *testing.T) {
	walk(t, func(name string, text []byte) {
		if strings.HasSuffix(name, ".go") && !known(path.Dir(name)) {
			t.Errorf("%s is in a folder that has no place among the layers", name)
		}
	})
	for dir, want := range map[string]bool{
		".": true, "wire": true, "cmd": true, "cmd/airsocket": true, "examples/chat": true,
		"internal": false, "wire/internal/other": false, "util": false, "cmdline": false, "examples2/chat": false,
	} {
		if known(dir) != want {
			t.Errorf("known(%q) is %v", dir, !want)
		}
	}
}

// known reports whether dir has a place among the layers, or behind them.
func known(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return slices.Contains(layers, dir) || top == "cmd" || top == "examples"
}

// left reports whether a package may be imported by those of dir.
func left(pkg, dir string) bool {
	to, from := slices.Index(layers, pkg), slices.Index(layers, dir)
	if from < 0 { // known, and so below cmd and examples: all of the library and what is below itself
		return to >= 0 || strings.HasPrefix(pkg, dir+"/")
	}
	return to >= 0 && to < from
}

func moduleOf(imp string) string {
	for m := range maps.Keys(importers) {
		if imp == m || strings.HasPrefix(imp, m+"/") {
			return m
		}
	}
	return imp
}

// sources are the imports of the module's Go files, by name. Nested modules are
// no part of it.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	walk(t, func(name string, text []byte) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		imports := []string{}
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			imports = append(imports, imp)
		}
		files[name] = imports
	})
	if len(files) < 30 {
		t.Fatalf("only %d files were found", len(files))
	}
	return files
}

// TestFilesAreShort keeps every Go file to what can be read in one go.
func TestFilesAreShort(t *testing.T) {
	const most = 600
	walk(t, func(name string, text []byte) {
		if n := bytes.Count(text, []byte("\n")); strings.HasSuffix(name, ".go") && n > most {
			t.Errorf("%s has %d lines, more than %d", name, n, most)
		}
	})
}

func walk(t *testing.T, visit func(name string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			hidden := name != "." && strings.HasPrefix(d.Name(), ".")
			if name != "." && (err == nil || hidden || d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(name)
		if err == nil {
			visit(filepath.ToSlash(name), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
