package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
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
		if got := escape(in); got != want {
			t.Errorf("escape(%q) is %q, want %q", in, got, want)
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
	line = escapeJSON(line)
	for _, r := range string(line) {
		if hidden(r) {
			t.Errorf("%q has %U", line, r)
		}
	}
	var out string
	if err := json.Unmarshal(line, &out); err != nil || out != in {
		t.Errorf("%s is read as %q (%v), want %q", line, out, err, in)
	}
}

// misleads reports whether r can change what a terminal shows, or how. It does not use
// hidden, which is tested with it.
func misleads(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' ||
		r == '\U000e0001' || r >= '\U000e0020' && r <= '\U000e007f'
}

// FuzzEscape checks that nothing that a peer sends reaches a terminal as a control
// character: as text, in the line of an event, or as JSON, which says the same.
func FuzzEscape(f *testing.F) {
	for i, s := range []string{"\x1b[2J\u202e\xff", "plain żółw 😀 \\n", "\u009b31m\u2028\u2029\ufeff", "\U000e0041\r\n\t", "👩\u200d🔬"} {
		f.Add(s, uint8(i), uint16(1000*i))
	}
	kinds := []string{"open", "message", "ping", "pong", "error", "close", "input", "help"}
	f.Fuzz(func(t *testing.T, s string, kind uint8, code uint16) {
		e := event{kind: kinds[kind%8], binary: kind&8 != 0, out: kind&16 != 0, clean: kind&32 != 0, data: []byte(s), text: s, body: []byte(s), code: airsocket.StatusCode(code), status: int(code % 600)}
		var out, log, shown, lines bytes.Buffer
		for _, print := range []printer{plain(&out, &log, true), interactive(&shown), jsonLines(&lines, time.Now)} {
			if err := print(e); err != nil {
				t.Fatal(err)
			}
		}
		for what, text := range map[string]string{"escape": escape(s), "out": out.String(), "log": log.String(), "terminal": shown.String(), "json": lines.String()} {
			if text = strings.TrimSuffix(text, "\n"); !utf8.ValidString(text) {
				t.Errorf("%s: %q is not UTF-8", what, text)
			}
			for _, r := range text {
				if misleads(r) || hidden(r) {
					t.Errorf("%s: %U is left in %q", what, r, text)
				}
			}
		}
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		if e.kind == "error" && utf8.ValidString(s) && r.Text != s {
			t.Errorf("%q is read as %q", s, r.Text)
		}
		if r.Data != nil {
			data := []byte(*r.Data)
			if r.Binary {
				data, _ = base64.StdEncoding.DecodeString(*r.Data)
			}
			if string(data) != s || *r.Size != len(s) {
				t.Errorf("%q is read as %q of %d bytes", s, data, *r.Size)
			}
		}
	})
}
