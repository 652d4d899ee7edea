// Package porting has no code of its own. Its tests check what PORTING-GO.md says about
// the Go libraries that this module depends on, with their sources at hand.
package porting

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/test/apitxt"
)

var update = flag.Bool("update", false, "write the lists of members")

// lists has, for each of the library's lists of members, the package that it is of.
var lists = map[string]string{
	"gorilla.txt":      "github.com/gorilla/websocket",
	"coder.txt":        "github.com/coder/websocket",
	"coder-wsjson.txt": "github.com/coder/websocket/wsjson",
	"gws.txt":          "github.com/lxzan/gws",
}

// TestMembers compares the lists of members, which the library's tests compare with
// PORTING-GO.md, with the packages themselves.
func TestMembers(t *testing.T) {
	packages := listPackages(t)
	for name, path := range lists {
		p := packages[path]
		if p == nil || p.Module == nil {
			t.Fatalf("go list does not know %s", path)
		}
		want := append([]string{"# " + path + " " + p.Module.Version}, apitxt.List(load(t, packages, path))...)
		file := filepath.Join("..", "..", "..", "testdata", "porting", name)
		if *update {
			if err := os.WriteFile(file, []byte(strings.Join(want, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Errorf("%s has %q, and %s has not", name, line, path)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s lacks %q; after go test ./porting -update, PORTING-GO.md needs it too", name, line)
			}
		}
	}
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath, Export string
	Module             *struct{ Version string }
}

// listPackages returns the packages of lists, and all that they import, by path.
func listPackages(t *testing.T) map[string]*listed {
	args := []string{"list", "-deps", "-export", "-json=ImportPath,Export,Module"}
	for _, path := range lists {
		args = append(args, path)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
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

// load returns a package as the compiler has exported it.
func load(t *testing.T, packages map[string]*listed, path string) *types.Package {
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path].Export)
	})
	pkg, err := imports.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
