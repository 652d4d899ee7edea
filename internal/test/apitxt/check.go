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
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// UpToDate compares the api.txt of packages with the packages, and writes it if update is
// true. The packages are in the folders dirs below top, which is the folder of a module.
func UpToDate(t testing.TB, module, top string, update bool, dirs ...string) {
	t.Helper()
	var paths []string
	for _, dir := range dirs {
		paths = append(paths, path.Join(module, dir))
	}
	packages := listPackages(t, paths)
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path].Export)
	})
	for i, dir := range dirs {
		want := List(check(t, packages[paths[i]], imports))
		file := filepath.Join(top, dir, "api.txt")
		if update {
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
		t.Errorf("%s is not up to date: run %s with -update, and commit it", filepath.Join(dir, "api.txt"), t.Name())
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

// listPackages returns the packages with the given paths and all packages that they
// import, by path.
func listPackages(t testing.TB, paths []string) map[string]*listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-export", "-json=ImportPath,Dir,Export,GoFiles"}, paths...)...)
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
func check(t testing.TB, p *listed, imports types.Importer) *types.Package {
	t.Helper()
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
