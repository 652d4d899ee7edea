package apitxt

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	// Package blocking imports the others. The test runs again when one changes.
	_ "github.com/airsocket/airsocket/blocking"
)

var update = flag.Bool("update", false, "write the api.txt of each public package")

const module = "github.com/airsocket/airsocket"

// TestUpToDate compares the api.txt of each public package with the package.
func TestUpToDate(t *testing.T) {
	packages := listPackages(t)
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path].Export)
	})
	for _, dir := range []string{".", "wire", "extensions", "handshake", "blocking"} {
		want := List(check(t, packages[path.Join(module, dir)], imports))
		file := filepath.Join("..", "..", "..", dir, "api.txt")
		if *update {
			if err := os.WriteFile(file, []byte(strings.Join(want, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		got := strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })
		if slices.Equal(got, want) {
			continue
		}
		t.Errorf("%s is not up to date: run go test ./internal/test/apitxt -update, and commit it", filepath.Join(dir, "api.txt"))
		for _, line := range without(got, want) {
			t.Errorf("-%s", line)
		}
		for _, line := range without(want, got) {
			t.Errorf("+%s", line)
		}
	}
}

// without returns the lines of a that b does not have.
func without(a, b []string) (lines []string) {
	for _, line := range a {
		if !slices.Contains(b, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// listPackages returns the packages of the module and all packages that they import,
// by path.
func listPackages(t *testing.T) map[string]*listed {
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles", module+"/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	packages := map[string]*listed{}
	for in := json.NewDecoder(bytes.NewReader(out)); in.More(); {
		p := new(listed)
		if err := in.Decode(p); err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
	return packages
}

// check type-checks the package that p describes, and returns it. Its imports are
// read from the compiler's export data, because checking them too would take
// seconds.
func check(t *testing.T, p *listed, imports types.Importer) *types.Package {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	config := types.Config{Importer: imports, IgnoreFuncBodies: true}
	pkg, err := config.Check(p.ImportPath, fset, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

func TestList(t *testing.T) {
	const source = `package p

const Answer = 42
const Big Size = 1 << 40
const Hello, hidden = "hello", 1
var Err, _ error = nil, nil
var unexported int

type Size int64
func (Size) String() string { return "" }

type Alias = Size

type Shape interface { Area() (width, height float64); Stringer }
type Stringer interface { String() string }
type Sealed interface { sealed() }

type base struct { Depth int; deep int }
func (b *base) Push(values ...int) {}
func (b base) pop() {}

type Public struct{ X int }
func (Public) Visible() {}

type Box struct {
	base
	*Public
	Next *Box
	Fn   func(n int, more ...string) (ok bool)
	Any  struct{ A, b int }
	private int
}
func (b *Box) Open(key string) (err error) { return nil }
func (b Box) Close() {}
func (b Box) hide() {}

type Pair[K comparable, V any] struct { Key K; Value V }
func (p *Pair[K, V]) Set(k K, v V) {}
func Map[E, F any](list []E, fn func(E) F) []F { return nil }
func New() *Box { return nil }
func lower() {}
`
	want := strings.Split(`const Answer untyped int = 42
const Big Size = 1099511627776
const Hello untyped string = "hello"
field Box.*Public // embedded
field Box.Any struct{A int; b int}
field Box.Depth int
field Box.Fn func(n int, more ...string) (ok bool)
field Box.Next *Box
field Pair.Key K
field Pair.Value V
field Public.X int
func Map[E, F any](list []E, fn func(E) F) []F
func New() *Box
method (*Box) Open(key string) (err error)
method (*Box) Push(values ...int)
method (*Pair) Set(k K, v V)
method (Box) Close()
method (Public) Visible()
method (Shape) Area() (width float64, height float64)
method (Shape) String() string
method (Size) String() string
method (Stringer) String() string
type Alias = Size
type Box struct
type Pair[K comparable, V any] struct
type Public struct
type Sealed interface // sealed
type Shape interface
type Size int64
type Stringer interface
var Err error`, "\n")
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("p", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := List(pkg)
	for _, line := range without(got, want) {
		t.Errorf("%s: not expected", line)
	}
	for _, line := range without(want, got) {
		t.Errorf("%s: missing", line)
	}
	if !slices.IsSorted(got) || len(got) != len(want) {
		t.Errorf("the list is not in order:\n%s", strings.Join(got, "\n"))
	}
}
