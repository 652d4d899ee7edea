package connect

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	for _, name := range []string{"one", "other name", ".hidden", "sub/inner"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for before, want := range map[string]string{
		"":                    "0",
		"hello /":             "0",
		"/p":                  "0 [/ping ]",
		"/h":                  "0 [/help]",
		"/s":                  "0 [/show ] [/save ] [/stats]",
		"/x":                  "0",
		"/ping o":             "0",
		"/file ":              "6 [one] [other name] [sub/]",
		"/save o":             "6 [one] [other name]",
		"/file other n":       "6 [other name]",
		"/file .":             "6 [.hidden]",
		"/file sub/":          "10 [inner]",
		"/file ~/s":           "8 [sub/]",
		"/file -":             "6 [-text ] [-binary ]",
		"/save -l":            "6 [-log ]",
		"/file -text on":      "12 [one]",
		"/file none/":         "11",
		"/file " + dir + "/o": "",
	} {
		from, candidates := complete(before)
		got := []string{strconv.Itoa(from)}
		for _, c := range candidates {
			got = append(got, "["+filepath.ToSlash(c.Text)+"]")
		}
		if want == "" {
			want = strconv.Itoa(len(before)-1) + " [one] [other name]"
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: %s, want %s", before, text, want)
		}
	}
}
