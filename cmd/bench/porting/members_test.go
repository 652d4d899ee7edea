// Package porting has no code of its own. Its tests check what PORTING-GO.md says about
// the Go libraries that this module depends on, with their sources at hand.
package porting

import (
	"flag"
	"path/filepath"
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
	for name, path := range lists {
		pkg := apitxt.Load(t, path)[0]
		want := append([]string{"# " + path + " " + pkg.Version}, apitxt.List(pkg.Package)...)
		apitxt.Compare(t, filepath.Join("..", "..", "..", "testdata", "porting", name), *update, want)
	}
}
