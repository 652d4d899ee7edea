package escape

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		"plain żółw 😀 \\n":             "plain żółw 😀 \\n",
		"👩\u200d🔬 \u200c":              "👩\u200d🔬 \u200c",
		"a\nb\tc\r":                    `a\nb\tc\r`,
		"\x1b]0;title\x07":             `\x1b]0;title\x07`,
		"\x00\x7f":                     `\x00\x7f`,
		"\u0085\u009b31m":              `\u0085\u009b31m`,
		"\u202eevil\u202c\u2066\u200f": `\u202eevil\u202c\u2066\u200f`,
		"\u061c\u2028\u2029\ufeff":     `\u061c\u2028\u2029\ufeff`,
		"\U000e0041":                   `\U000e0041`,
		"\xff\xc3(":                    `\xff\xc3(`,
		"\ufffd":                       "\ufffd",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestEscapeJSONSaysTheSame(t *testing.T) {
	t.Parallel()
	in := "plain \u009b \u202e \U000e0041 \x1b \" \\ \u2028 \x7f"
	line, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	line = JSON(line)
	for _, r := range string(line) {
		if Hidden(r) {
			t.Errorf("%q has %U", line, r)
		}
	}
	var out string
	if err := json.Unmarshal(line, &out); err != nil || out != in {
		t.Errorf("%s is read as %q (%v), want %q", line, out, err, in)
	}
}

// A hidden character is found wherever it is.
func TestEscapeJSONFindsEach(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{"\x00", "\x1f", "\x7f", "\u0080", "\u202e"} {
		for _, in := range []string{hidden, hidden + "a", "aż" + hidden} {
			if got := string(JSON([]byte(in))); strings.Contains(got, hidden) {
				t.Errorf("%q becomes %q", in, got)
			}
		}
	}
}

// misleads reports whether r can change what a terminal shows, or how. It does not use
// Hidden, which is tested with it.
func misleads(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' ||
		r == '\U000e0001' || r >= '\U000e0020' && r <= '\U000e007f'
}

func TestHidden(t *testing.T) {
	t.Parallel()
	for r := range rune(unicode.MaxRune + 1) {
		if misleads(r) && !Hidden(r) {
			t.Errorf("%U is not hidden", r)
		}
		if Hidden(r) && unicode.IsGraphic(r) {
			t.Errorf("%U is hidden", r)
		}
	}
}
