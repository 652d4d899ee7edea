package apitxt

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A Package is a package as its code declares it.
type Package struct {
	*types.Package
	Version string // of its module; empty if that is the main one
}

// Load returns the packages with the given paths, in this order. The go command must find
// them from the current folder.
func Load(t testing.TB, paths ...string) (packages []Package) {
	t.Helper()
	listed := list(t, paths)
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(listed[path].Export)
	})
	for _, path := range paths {
		p := Package{Package: check(t, listed[path], imports)}
		if m := listed[path].Module; m != nil {
			p.Version = m.Version
		}
		packages = append(packages, p)
	}
	return packages
}

// A listing is a package as go list describes it.
type listing struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Module                  *struct{ Version string }
}

// list returns the packages with the given paths and all packages that they import, by
// path.
func list(t testing.TB, paths []string) map[string]listing {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles,Module"}, paths...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	listed := map[string]listing{}
	for in := json.NewDecoder(bytes.NewReader(out)); in.More(); {
		var l listing
		if err := in.Decode(&l); err != nil {
			t.Fatal(err)
		}
		listed[l.ImportPath] = l
	}
	return listed
}

// check type-checks the package that l describes, and returns it. Its imports are read
// from the compiler's export data, because checking them too would take seconds. It itself
// is not, because there the compiler has named results that the code does not name.
func check(t testing.TB, l listing, imports types.Importer) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	config := types.Config{Importer: imports, IgnoreFuncBodies: true}
	pkg, err := config.Check(l.ImportPath, fset, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
