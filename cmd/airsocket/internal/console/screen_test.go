package console

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

func TestFrame(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keys           string
		columns, lines int
		want           string // rows, and the cursor
	}{
		{"", 80, 24, "[>] 0,2"},
		{"abc\x1b[D", 80, 24, "[> abc] 0,4"},
		{"123456789", 10, 24, "[> 1234567   89] 1,4"},
		{"1234567", 10, 24, "[> 1234567] 0,9"},
		{"日本語日本", 10, 24, "[> 日本語   日本] 1,6"},
		{"a\x1b\r\x1b\rb\x1b[A", 10, 24, "[> a    b] 1,2"},
		{"a\x16\tb\x16\x1bc", 20, 24, `[> a\tb\x1bc] 0,11`},
		{"12345678901234567890", 10, 3, "[  8901234   567890] 1,8"},
		{"12345678901234567890\x01", 10, 3, "[> 1234567   8901234] 0,2"},
		{"12345678901234567890\x01", 10, 1, "[> 1234567] 0,2"},
		{"abc", 2, 24, "[> ab   c] 1,3"}, // no terminal is so narrow
		{"\x12", 80, 24, "[(search: )] 0,11"},
		{"draft\x12", 80, 24, "[(search: ) draft] 0,16"},
		{"draft\x12zz", 80, 24, "[(not found: zz) draft] 0,21"},
		{"a\U0001f3f4\U000e0067\U000e007fb", 15, 24, "[> a🏴\\U000e006   7\\U000e007fb] 1,14"},
		{"\x12tw", 80, 24, "[(search: tw) a two] 0,15"},
		{"\x12twx", 80, 24, "[(not found: twx) a two] 0,17"},
		{"\x1b[200~1\r2\x1b[201~", 80, 24, "[> 1   2   2 lines: send as (o)ne message, (l)ine by line, (e)dit, or do (n)ot?] 2,71"},
	} {
		e, press := keyboard(&Config{}, "one", "a two")
		press(test.keys)
		f := e.frame(test.columns, test.lines, false)
		rows := make([]string, 0, len(f.rows))
		for _, row := range f.rows {
			rows = append(rows, strings.TrimRight(row, " "))
		}
		if got := fmt.Sprintf("%s %d,%d", rows, f.row, f.col); got != test.want {
			t.Errorf("%q in %d columns and %d lines: %s, want %s", test.keys, test.columns, test.lines, got, test.want)
		}
	}
}

// A frame is erased from its first row, as the terminal has broken its rows.
func TestErase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		f       frame
		columns int
		want    string
	}{
		{frame{widths: []int{10}, col: 5}, 80, "\r\x1b[J"},
		{frame{widths: []int{10, 10, 10}, row: 1, col: 5}, 80, "\r\x1b[1A\x1b[J"},
		{frame{widths: []int{10, 10, 10}, row: 2, col: 5}, 10, "\r\x1b[2A\x1b[J"},
		{frame{widths: []int{10, 10, 10}, row: 2, col: 5}, 9, "\r\x1b[4A\x1b[J"},
		{frame{widths: []int{10, 0, 10}, row: 2, col: 9}, 4, "\r\x1b[6A\x1b[J"},
	} {
		if got := test.f.erase(test.columns); got != test.want {
			t.Errorf("%+v in %d columns: %q, want %q", test.f, test.columns, got, test.want)
		}
	}
}

// FuzzEditor presses any keys, and checks that the cursor is never within a character and that
// what is shown has no control characters, whether the keys come at once or byte by byte.
func FuzzEditor(f *testing.F) {
	for _, s := range []string{"hello\x1b[D\x7f\r", "\x1b[200~a\rb\x1b[201~l\x12a\x12", "👩\u200d🔬\x02\x02\u0301\x10\t\x16\x1b", "a b\x17\x19\x15\x1bb\x1b\r\x1b[A"} {
		f.Add(s, uint8(20))
	}
	f.Fuzz(func(t *testing.T, keys string, columns uint8) {
		config := func() *Config {
			return &Config{Limit: 1000, Complete: func(string) (int, []Candidate) { return 0, []Candidate{{"a b", "a\x1b"}, {"a c", ""}} }}
		}
		e, press := keyboard(config(), "one\x1b", "two\nlines", "a")
		if press(keys); !utf8.ValidString(e.text) {
			t.Errorf("%q is not UTF-8", e.text)
		}
		if e.at < 0 || e.at > len(e.text) || e.at < len(e.text) && !utf8.RuneStart(e.text[e.at]) {
			t.Fatalf("the cursor is at %d of %q", e.at, e.text)
		}
		shown := e.frame(int(columns), 10, false)
		for _, w := range shown.widths {
			if most := max(int(columns)-1, 4); w > most {
				t.Errorf("a row has %d columns, more than %d", w, most)
			}
		}
		if shown.row < 0 || shown.row >= len(shown.rows) || len(shown.rows) > 10 {
			t.Errorf("the cursor is in row %d of %d", shown.row, len(shown.rows))
		}
		for i, row := range append(shown.rows, e.notes...) {
			if strings.ContainsFunc(row, escape.Hidden) {
				t.Errorf("%q is shown", row)
			}
			if i < len(shown.rows) && width.Text(row) != shown.widths[i] && width.Text(row) < int(columns) {
				t.Logf("%q takes %d columns, not %d", row, width.Text(row), shown.widths[i]) // characters join those before
			}
		}
		for _, in := range e.entered {
			if len(in.Text) > 1000 {
				t.Errorf("%d bytes are entered", len(in.Text))
			}
		}
		slowly, press := keyboard(config(), "one\x1b", "two\nlines", "a")
		for i := range len(keys) {
			press(keys[i : i+1])
		}
		if len(e.notes)+len(slowly.notes) > 0 {
			return // a text that is too long is taken as far as possible if it comes in pieces
		}
		if slowly.text != e.text || slowly.at != e.at || len(slowly.entered) != len(e.entered) {
			t.Errorf("byte by byte, %q becomes %q and not %q", keys, slowly.state(), e.state())
		}
	})
}
