package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// systems are the systems for which the originals were written.
var systems = []string{"AIR", "AS3WebSocket", "faye-websocket-ruby", "WebSocket-Node", "web-socket-js"}

// others are the examples that are no ports. Only those that are true may use goroutines,
// channels and locks.
var others = map[string]bool{"browser": true, "rooms": false, "httpmux": true, "metrics": false, "restart": true, "tokenclient": false, "tokenserver": false}

// nameOf returns the name of the example with a main.go file.
func nameOf(file string) string { return path.Base(filepath.ToSlash(filepath.Dir(file))) }

// mains returns the names of the main.go files of the examples.
func mains(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/main.go")
	if err != nil || len(files) < 9+len(others) {
		t.Fatalf("%q %v", files, err)
	}
	return files
}

// TestNoConcurrency checks that the examples need no goroutine, channel or
// lock, and that ports name their original.
func TestNoConcurrency(t *testing.T) {
	for _, file := range mains(t) {
		concurrent, isOther := others[nameOf(file)]
		if concurrent {
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range f.Imports {
			if name, _ := strconv.Unquote(imp.Path.Value); name == "sync" || name == "sync/atomic" {
				t.Errorf("%s imports %s", file, name)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if what := concurrency(n); what != "" {
				t.Errorf("%s: %s", fset.Position(n.Pos()), what)
			}
			return true
		})
		if doc := f.Doc.Text(); !isOther && !slices.ContainsFunc(systems, func(s string) bool { return strings.Contains(doc, s) }) {
			t.Errorf("%s does not name its original", file)
		}
	}
}

func concurrency(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
		return "a channel"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "a channel"
		}
	case *ast.SelectorExpr:
		if n.Sel.Name == "Lock" || n.Sel.Name == "Mutex" {
			return "a lock"
		}
	}
	return ""
}

// TestReadme checks that the tables list every example.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range mains(t) {
		name := nameOf(file)
		if !strings.Contains(string(readme), "| ["+name+"]("+name+"/main.go) |") {
			t.Errorf("README.md has no row for %s", name)
		}
	}
}
