package connect

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
)

// maxNames is how many names of a folder are looked at to complete one.
const maxNames = 10_000

// complete returns what a line can be completed to: the names of commands, and the flags and
// names of files of those that take one.
func complete(before string) (from int, candidates []console.Candidate) {
	name, arg, ok := strings.Cut(before, " ")
	if !strings.HasPrefix(name, "/") {
		return 0, nil
	}
	if !ok {
		for _, cmd := range commands {
			text := cmd.name
			if cmd.args != "" {
				text += " "
			}
			candidates = append(candidates, console.Candidate{Text: text, Label: cmd.name})
		}
		return 0, beginWith(name, candidates)
	}
	flags, ok := fileFlags[name]
	if !ok {
		return 0, nil
	}
	path := strings.TrimLeft(arg, " ")
	if strings.HasPrefix(path, "-") {
		flag, rest, ok := strings.Cut(path, " ")
		if !ok {
			for _, f := range flags {
				candidates = append(candidates, console.Candidate{Text: f + " ", Label: f})
			}
			return len(before) - len(flag), beginWith(flag, candidates)
		}
		path = strings.TrimLeft(rest, " ")
	}
	dir, base := filepath.Split(path)
	return len(before) - len(base), beginWith(base, names(expand(cmp.Or(dir, ".")), base == ""))
}

// fileFlags has the flags of the commands that take the name of a file.
var fileFlags = map[string][]string{"/file": {"-text", "-binary"}, "/save": {"-log"}}

// beginWith returns the candidates that begin with a word.
func beginWith(word string, candidates []console.Candidate) []console.Candidate {
	return slices.DeleteFunc(candidates, func(c console.Candidate) bool { return !strings.HasPrefix(c.Text, word) })
}

// names returns the names in a folder, sorted. If visible, those that begin with a dot are left
// out.
func names(dir string, visible bool) (candidates []console.Candidate) {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxNames)
	for _, e := range entries {
		name := e.Name()
		if visible && name[0] == '.' || !utf8.ValidString(name) {
			continue
		}
		if e.IsDir() || e.Type()&os.ModeSymlink != 0 && isFolder(filepath.Join(dir, name)) {
			name += string(filepath.Separator)
		}
		candidates = append(candidates, console.Candidate{Text: name, Label: name})
	}
	slices.SortFunc(candidates, func(a, b console.Candidate) int { return strings.Compare(a.Text, b.Text) })
	return candidates
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
