package console

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestHistoryFile(t *testing.T) {
	t.Setenv("HOME", "/home/ada")
	t.Setenv("LocalAppData", `C:\ada`)
	for _, test := range []struct{ state, want string }{
		{"/state", "/state/airsocket/history"},
		{"", "/home/ada/.local/state/airsocket/history"},
		{"relative", "/home/ada/.local/state/airsocket/history"}, // is to be ignored
	} {
		t.Setenv("XDG_STATE_HOME", test.state)
		if got, err := HistoryFile(); runtime.GOOS != "windows" && (got != test.want || err != nil) {
			t.Errorf("XDG_STATE_HOME=%s: %s, %v, want %s", test.state, got, err, test.want)
		}
	}
}

// A line is added after a last line that has no end, as of an editor or of a full disk.
func TestHistoryWithoutALastLineEnd(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("one\ntwo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := loaded(t, file).add("three"); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, file).lines; !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("%q is kept", got)
	}
}

// A line that begins with a space, as a secret may, is kept in memory but not in the file.
func TestHistoryWithoutSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	h := loaded(t, file)
	for _, line := range []string{"one", " secret", "two"} {
		if err := h.add(line); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.lines) != 3 {
		t.Errorf("%q is remembered", h.lines)
	}
	if got := loaded(t, file).lines; !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%q is kept", got)
	}
}

// loaded returns the history in a file.
func loaded(t *testing.T, file string) *history {
	t.Helper()
	h := &history{file: file}
	if err := h.load(); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHistoryIsKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "new", "history")
	a, b := loaded(t, file), loaded(t, file)
	lines := []string{"one", `a\nb\\`, "two\nlines\\", "żółw\x1b\t"}
	for _, line := range lines {
		if err := a.add(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.add(lines[3]); err != nil { // the same again
		t.Fatal(err)
	}
	if err := b.add("of another program"); err != nil {
		t.Fatal(err)
	}
	if err := a.add(strings.Repeat("x", maxEntry+1)); err != nil {
		t.Fatal(err)
	}
	if got, want := loaded(t, file).lines, append(lines, "of another program"); !slices.Equal(got, want) {
		t.Errorf("%q is kept, want %q", got, want)
	}
	info, err := os.Stat(file)
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the file has %v, %v", info.Mode(), err)
	}
	dir, err := os.Stat(filepath.Dir(file))
	if err != nil || runtime.GOOS != "windows" && dir.Mode().Perm() != 0o700 {
		t.Errorf("the folder has %v, %v", dir.Mode(), err)
	}
}

func TestHistoryThatOthersCouldRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no modes here")
	}
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("a\n\xff\n\nb\nno line end"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, file).lines; !slices.Equal(got, []string{"a", "b", "no line end"}) {
		t.Errorf("%q is read", got)
	}
	if info, _ := os.Stat(file); info.Mode() != 0o600 {
		t.Errorf("the file has %v", info.Mode())
	}
}

func TestHistoryIsLimited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"long":  strings.Repeat("x", 100) + strings.Repeat("a line\nanother\n", 200_000) + "last\n",
		"many":  strings.Repeat("a\nb\n", 2000) + "last\n",
		"large": strings.Repeat("x", 3<<20) + "\nlast\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		h := loaded(t, file)
		if n := len(h.lines); n > maxEntries || h.lines[n-1] != "last" {
			t.Errorf("%s: %d lines are read, the last is %.20q", name, n, h.lines[n-1])
		}
		after, err := os.ReadFile(file)
		if err != nil || len(after) > 20_000 || !strings.HasSuffix(string(after), "last\n") {
			t.Errorf("%s: the file has %d bytes afterwards, %v", name, len(after), err)
		}
		if again := loaded(t, file).lines; !slices.Equal(again, h.lines) {
			t.Errorf("%s: %d lines are read again", name, len(again))
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("%d files are left", len(left))
	}
	h := &history{}
	for i := range 40 {
		h.add(strings.Repeat(string(rune('a'+i%26)), 1<<20))
	}
	if len(h.lines) != 16 || h.bytes != 16<<20 {
		t.Errorf("%d lines of %d bytes are kept", len(h.lines), h.bytes)
	}
	if h.add(strings.Repeat("x", 20<<20)); len(h.lines) != 1 {
		t.Errorf("with a very long one, %d lines are kept", len(h.lines))
	}
}

// A line that is too long to be recalled is left out.
func TestHistoryWithALongLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("a\n"+strings.Repeat("x", 2*maxEntry+1)+"\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, file).lines; !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("%d lines are read", len(got))
	}
}

// A folder or a device is no history, and is left as it is.
func TestHistoryThatIsNoFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{t.TempDir(), os.DevNull, filepath.Join(os.DevNull, "history")} {
		before, _ := os.Stat(name)
		h := &history{file: name}
		if err := h.load(); err == nil {
			t.Errorf("%s is read", name)
		}
		if after, _ := os.Stat(name); before != nil && after.Mode() != before.Mode() {
			t.Errorf("%s has %v afterwards", name, after.Mode())
		}
	}
}
