package apitxt

import (
	"os"
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
	for i, pkg := range Load(t, paths...) {
		Compare(t, filepath.Join(top, dirs[i], "api.txt"), update, List(pkg.Package))
	}
}

// Compare compares the lines of a file with want, and writes them if update is true.
func Compare(t testing.TB, file string, update bool, want []string) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, []byte(strings.Join(want, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	got := strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })
	if slices.Equal(got, want) {
		return
	}
	t.Errorf("%s is not up to date: run %s with -update, and commit it", file, t.Name())
	for _, line := range without(got, want) {
		t.Errorf("-%s", line)
	}
	for _, line := range without(want, got) {
		t.Errorf("+%s", line)
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
