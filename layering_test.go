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
// packages to its left and those below its own internal folder. Packages below the
// root's internal folder have a place of their own in this order. Everything below the
// folders of programs comes after all of them. Packages for tests may import all of
// the library and each other, and only tests import them.
var (
	layers   = []string{"wire", "extensions", "handshake", "internal/browser", "internal/bubble", "internal/buffers", "internal/forwarded", "internal/origin", "internal/proxyproto", "internal/workers", "internal/transport", "internal/dial", "internal/waiting", ".", "blocking", "inspector", "internal/hist", "internal/report"}
	programs = []string{"cmd", "examples"}
	tests    = []string{"internal/test/wstest", "internal/test/apitxt", "internal/test/chromium", "internal/test/connecting", "internal/test/faults", "internal/test/footprint", "internal/test/interop", "internal/test/recorded", "internal/test/serving", "internal/test/versions"}
)

// tool lists the packages of cmd/airsocket from left to right, which import those to their
// left and all of the library. Only tests import toolTest, which may import all of them and
// the packages for tests.
var tool = []string{"escape", "exit", "color", "width", "journal", "inputfile", "clientcert", "command", "completion", "man", "options", "console", "view", "connect", "serve/hold", "serve/bridge", "serve/echo", "serve/files", "serve/metrics", "serve/process", "serve/topics", "serve", "load", "record", "replay", "program"}

const toolFolder, toolTest = "cmd/airsocket/internal/", "clitest"

// importers lists the external modules, each with the only package that may import
// it.
var importers = map[string]string{
	"github.com/klauspost/compress": "extensions",
	"github.com/gobwas/httphead":    "handshake",
	"github.com/gobwas/pool":        "internal/buffers",
	"golang.org/x/net":              "internal/dial",
	"golang.org/x/term":             "cmd/airsocket/internal/console",

	"github.com/clipperhouse/displaywidth": "cmd/airsocket/internal/width",
}

// forbidden lists imports that would make a package, or one below it, depend on
// I/O, time or chance, or on its users.
var forbidden = map[string][]string{
	"wire":                {"net", "net/http", "os", "time", "sync", "sync/atomic", "context", "math/rand", "math/rand/v2", "crypto/rand"},
	"extensions/internal": {module + "/wire"},
	"handshake":           {"net", "net/http", "os"},
}

// TestImports checks the imports of all code except tests against the layers.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for name, imports := range sources(t) {
		dir := path.Dir(name)
		for _, imp := range imports {
			if isForbidden(imp, dir) {
				t.Errorf("%s imports %s", name, imp)
			}
			if own, ok := strings.CutPrefix(imp+"/", module+"/"); ok {
				to := cmp.Or(strings.TrimSuffix(own, "/"), ".")
				if !mayImport(dir, to) {
					t.Errorf("%s imports %s, which is not to its left", name, imp)
				}
				continue
			}
			if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			of := moduleOf(imp)
			seen[of] = true
			if importers[of] != dir {
				t.Errorf("%s imports %s, which only %q may import", name, imp, importers[of])
			}
		}
	}
	for _, of := range []string{"github.com/klauspost/compress", "github.com/gobwas/httphead", "github.com/gobwas/pool"} {
		if !seen[of] {
			t.Errorf("nothing imports %s", of)
		}
	}
}

// TestImportRules checks that the rules of TestImports refuse some imports.
func TestImportRules(t *testing.T) {
	for _, c := range []struct {
		dir, pkg string
		want     bool
	}{
		{"extensions", "wire", true},
		{"wire", "extensions", false},
		{".", "handshake", true},
		{"wire", "wire/internal/mask", true},
		{"wire/internal/mask", "wire/internal/cpu", true},
		{"wire/internal/mask", "wire", false},
		{"wire/internal/mask", "extensions", false},
		{"extensions", "wire/internal/mask", false},
		{"cmd/airsocket", ".", true},
		{"cmd/airsocket", "cmd/bench", false},
		{"cmd/airsocket", "cmd/airsocket/internal/program", true},
		{"cmd/airsocket/internal/connect", ".", true},
		{"cmd/airsocket/internal/connect", "cmd/airsocket/internal/console", true},
		{"cmd/airsocket/internal/console", "cmd/airsocket/internal/connect", false},
		{"cmd/airsocket/internal/connect", "cmd/airsocket/internal/clitest", false},
		{"cmd/airsocket/internal/clitest", "cmd/airsocket/internal/program", true},
		{"cmd/airsocket/internal/clitest", "internal/test/wstest", true},
		{"cmd/airsocket/internal/connect", "internal/test/wstest", false},
		{"cmd/airsocket", "internal/test/wstest", false},
		{".", "internal/test/wstest", false},
		{"blocking", ".", true},
		{".", "blocking", false},
		{"internal/test/wstest", ".", true},
		{"internal/test/recorded", "internal/test/wstest", true},
		{"internal/test/recorded", "cmd/airsocket", false},
	} {
		if got := mayImport(c.dir, c.pkg); got != c.want {
			t.Errorf("mayImport(%q, %q) = %t", c.dir, c.pkg, got)
		}
	}
	for _, c := range []struct {
		dir, imp string
		want     bool
	}{
		{"wire", "time", true},
		{"wire/internal/mask", "time", true},
		{"wirecutter", "time", false},
		{"extensions", module + "/wire", false},
		{"extensions/internal/inflate", module + "/wire", true},
		{".", "testing", true},
		{"wire/internal/mask", "testing/iotest", true},
		{"internal/test/wstest", "testing", false},
	} {
		if got := isForbidden(c.imp, c.dir); got != c.want {
			t.Errorf("%s must not import %s: %t", c.dir, c.imp, got)
		}
	}
}

// TestFolders checks that every folder with Go files, tests included, has a place
// among the layers.
func TestFolders(t *testing.T) {
	walk(t, func(name string, _ []byte) {
		if strings.HasSuffix(name, ".go") && !isKnown(path.Dir(name)) {
			t.Errorf("%s is in a folder that layers does not list", name)
		}
	})
	for dir, want := range map[string]bool{
		".": true, "wire": true, "wire/internal/mask": true, "wire/internal/a/b": true, "cmd/airsocket": true, "cmd/airsocket/internal/serve": true, "examples": true,
		"internal/test/wstest": true, "internal/test/wstest/sub": false, "internal": false,
		"util": false, "cmd/airsocket/internal/util": false, "wire/sub": false, "wire/sub/internal": false, "internal/unlisted": false, "cmdline": false,
	} {
		if got := isKnown(dir); got != want {
			t.Errorf("isKnown(%q) = %t", dir, got)
		}
	}
}

// isKnown reports whether a folder is a layer, is below a layer's own internal
// folder, or belongs to tests or a program.
func isKnown(dir string) bool {
	if name, ok := strings.CutPrefix(dir, toolFolder); ok {
		return name == toolTest || slices.Contains(tool, name)
	}
	return layerOf(dir) != "" || slices.Contains(tests, dir) || slices.ContainsFunc(programs, func(p string) bool { return isBelow(dir, p) })
}

// layerOf returns the layer that a folder belongs to, or "".
func layerOf(dir string) string {
	for _, layer := range layers {
		if dir == layer || isBelow(dir, layer+"/internal") {
			return layer
		}
	}
	return ""
}

// isBelow reports whether dir is the folder or one below it.
func isBelow(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

func isForbidden(imp, dir string) bool {
	if isBelow(imp, "testing") && layerOf(dir) != "" {
		return true // it would become part of every program that uses the library
	}
	for folder, list := range forbidden {
		if isBelow(dir, folder) && slices.Contains(list, imp) {
			return true
		}
	}
	return false
}

// mayImport reports whether the packages of dir may import pkg.
func mayImport(dir, pkg string) bool {
	own, to := layerOf(dir), slices.Index(layers, pkg)
	if slices.Contains(tests, dir) {
		return to >= 0 || slices.Contains(tests, pkg)
	}
	if dir == toolFolder+toolTest && slices.Contains(tests, pkg) {
		return true
	}
	if name, ok := strings.CutPrefix(dir, toolFolder); ok {
		to := slices.Index(tool, strings.TrimPrefix(pkg, toolFolder))
		return slices.Contains(layers, pkg) || to >= 0 && (name == toolTest || to < slices.Index(tool, name))
	}
	if own == "" { // a program may import all of the library and what is below itself
		return to >= 0 || strings.HasPrefix(pkg, dir+"/")
	}
	return to >= 0 && to < slices.Index(layers, own) || isBelow(pkg, own+"/internal")
}

func moduleOf(imp string) string {
	for m := range maps.Keys(importers) {
		if imp == m || strings.HasPrefix(imp, m+"/") {
			return m
		}
	}
	return imp
}

// sources returns the imports of the module's Go files by file name, without those
// of nested modules.
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

// TestFilesAreShort checks that no Go file is too long to be read in one go.
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

// TestLayersAreDocumented checks that the layout in CONTRIBUTING.md has all packages.
func TestLayersAreDocumented(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if names, ok := strings.CutPrefix(line, "    "); ok {
			for _, word := range strings.Fields(names) {
				documented[strings.TrimSuffix(word, ",")] = true
			}
		}
	}
	for _, name := range slices.Concat(layers, tests, tool, []string{toolTest}) {
		if !documented[name] {
			t.Errorf("the layout in CONTRIBUTING.md does not have %s", name)
		}
	}
}
