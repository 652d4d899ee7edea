package airsocket_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// memberLists has, for each section of PORTING-GO.md, the lists of the members that its
// table must have, and what comes before their names there. The tests in
// cmd/bench/porting compare the lists with the packages.
var memberLists = map[string]map[string]string{
	"gorilla/websocket": {"gorilla.txt": ""},
	"coder/websocket":   {"coder.txt": "", "coder-wsjson.txt": "wsjson."},
	"lxzan/gws":         {"gws.txt": ""},
}

// TestPortingGuideMembers checks that each exported member of the other libraries is in
// the table of its section exactly once, that nothing else is, and that each row has a
// name of this library, or says why there is none.
func TestPortingGuideMembers(t *testing.T) {
	lines := guideLines(t, "PORTING-GO.md")
	for section, lists := range memberLists {
		var listed []string
		for name, prefix := range lists {
			version, names := members(t, filepath.Join("testdata", "porting", name))
			if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, version) }) {
				t.Errorf("%s: the guide does not name version %s", section, version)
			}
			for _, member := range names {
				listed = append(listed, prefix+member)
			}
		}
		var found []string
		for i, line := range lines[slices.Index(lines, "## "+section)+1:] {
			if strings.HasPrefix(line, "## ") {
				break
			}
			row := strings.Split(line, "|")
			if len(row) != 5 || !strings.Contains(row[1], "`") {
				continue // not a row, or the head of the table
			}
			for _, quoted := range inCode.FindAllString(row[1], -1) {
				found = append(found, strings.Trim(quoted, "`"))
			}
			if why := strings.TrimSpace(row[3]); !strings.Contains(row[2], "`") && !strings.HasPrefix(why, "none: ") {
				t.Errorf("%s, row %d:%s: names nothing to use, and does not begin with \"none: \"", section, i+1, row[1])
			}
		}
		for _, member := range listed {
			if n := count(found, member); n != 1 {
				t.Errorf("%s: %s is in %d rows", section, member, n)
			}
		}
		for _, member := range found {
			if !slices.Contains(listed, member) {
				t.Errorf("%s: there is no %s", section, member)
			}
		}
	}
}

func count(list []string, s string) (n int) {
	for _, other := range list {
		if other == s {
			n++
		}
	}
	return n
}

// members returns the names in a list that has the form of api.txt, with a type before
// each of its fields and methods. The first line of the list has the path and the
// version of the package.
func members(t *testing.T, file string) (version string, names []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if _, version, _ = strings.Cut(first, " v"); version == "" {
		t.Fatalf("%s: %q has no version", file, first)
	}
	for line := range strings.SplitSeq(rest, "\n") {
		name := memberOf(line)
		if name == "" {
			t.Errorf("%s: %q is not a member", file, line)
		}
		names = append(names, name)
	}
	return version, names
}

var (
	plainLine  = regexp.MustCompile(`^(?:const|func|type|var) (\w+)`)
	methodLine = regexp.MustCompile(`^method \(\*?(\w+)\) (\w+)`)
	fieldLine  = regexp.MustCompile(`^field (\w+)\.(?:\*?\w+\.)*(\w+) `)
)

// memberOf returns the name in a line of a list, or "".
func memberOf(line string) string {
	for _, form := range []*regexp.Regexp{plainLine, methodLine, fieldLine} {
		if m := form.FindStringSubmatch(line); m != nil {
			return strings.Join(m[1:], ".")
		}
	}
	return ""
}

func TestMemberOf(t *testing.T) {
	for line, want := range map[string]string{
		"const A T = 1":                     "A",
		"func F[K comparable](k K) *M[K]":   "F",
		"type M[K comparable] struct":       "M",
		"var ErrX error":                    "ErrX",
		"method (*M) Load(key K) V":         "M.Load",
		"method (T) String() string":        "T.String",
		"field T.F func(a string) net.Conn": "T.F",
		"field M.sync.Mutex // embedded":    "M.Mutex",
		"# a comment":                       "",
	} {
		if got := memberOf(line); got != want {
			t.Errorf("memberOf(%q) = %q, want %q", line, got, want)
		}
	}
}
