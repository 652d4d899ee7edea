package apitxt

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	// These packages import the others. The test runs again when one changes.
	_ "github.com/airsocket/airsocket/blocking"
	_ "github.com/airsocket/airsocket/inspector"
)

var update = flag.Bool("update", false, "write the api.txt of each public package")

// TestUpToDate compares the api.txt of each public package with the package.
func TestUpToDate(t *testing.T) {
	UpToDate(t, "github.com/airsocket/airsocket", filepath.Join("..", "..", ".."), *update, ".", "wire", "extensions", "handshake", "blocking", "inspector")
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
