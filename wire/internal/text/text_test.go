package text

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"
)

var benchTexts = []struct{ name, unit string }{
	{"ascii", "The quick brown fox jumps over the lazy dog. "},
	{"german", "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. "},
	{"russian", "Съешь же ещё этих мягких французских булок, да выпей чаю. "},
	{"chinese", "天地玄黄，宇宙洪荒。日月盈昃，辰宿列張。"},
	{"emoji", "😀😁😂🤣😃 "},
}

// benchText repeats unit up to n bytes, without the part of a rune at the end.
func benchText(unit string, n int) []byte {
	p := []byte(strings.Repeat(unit, n/len(unit)+1))[:n]
	for !utf8.Valid(p) {
		p = p[:len(p)-1]
	}
	return p
}

func BenchmarkValid(b *testing.B) {
	for _, way := range []struct {
		name  string
		valid func([]byte) bool
	}{
		{"Valid", Valid},
		{"portable", func(p []byte) bool { return Whole.walk(p) == Whole }},
		{"unicode", utf8.Valid},
	} {
		for _, t := range benchTexts {
			for _, n := range []int{16, 125, 1 << 10, 16 << 10} {
				p := benchText(t.unit, n)
				b.Run(fmt.Sprintf("%s/%s/%d", way.name, t.name, n), func(b *testing.B) {
					b.SetBytes(int64(len(p)))
					for b.Loop() {
						if !way.valid(p) {
							b.Fatal("not valid")
						}
					}
				})
			}
		}
	}
}

// utf8Edges are runes at the borders of Table 3-7 of the Unicode Standard, and invalid
// sequences just outside of them.
var utf8Edges = []string{
	"\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\u0fff", "\u1000", "\ucfff", "\ud7ff", "\ue000", "\uffff",
	"\U00010000", "\U0003ffff", "\U00040000", "\U000fffff", "\U00100000", "\U0010ffff",
	"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xdf\xff",
	"\xe0\x80\x80", "\xe0\x9f\xbf", "\xe1\x80", "\xe1\x80\x7f", "\xe1\x80\xc0", "\xe1\x7f\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xef\xbf",
	"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf1\x80\x80\x7f", "\xf1\x80\xc0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf", "\xf8\x88\x80\x80\x80", "\xff",
}

// TestValid compares the results with unicode/utf8, whose FullRune tells when an error
// is certain.
func TestValid(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	valid := 0
	for range 100000 {
		var s string
		for range rnd.Intn(8) {
			k := 17
			if rnd.Intn(8) == 0 {
				k = len(utf8Edges)
			}
			s += strings.Repeat(utf8Edges[rnd.Intn(k)], 1+rnd.Intn(6))
			if rnd.Intn(4) == 0 {
				s += strings.Repeat("a", rnd.Intn(50))
			}
		}
		if utf8.ValidString(s) {
			valid++
		}
		checkText(t, s, rnd)
	}
	if valid < 10000 {
		t.Errorf("only %d of the texts were valid", valid)
	}
}

func checkText(t *testing.T, s string, rnd *rand.Rand) {
	t.Helper()
	want := utf8.ValidString(s)
	if got := Valid([]byte(s)); got != want {
		t.Fatalf("Valid(%q) = %t", s, got)
	}
	certain := certainlyInvalid(s)
	var state, walked State
	for i := 0; i < len(s); {
		n := min(len(s), i+1+rnd.Intn(1+rnd.Intn(200)))
		state, walked = state.After([]byte(s[i:n])), walked.walk([]byte(s[i:n]))
		if (state != Invalid) != (certain < 0 || n < certain) {
			t.Fatalf("state %d after %q", state, s[:n])
		}
		if walked != state {
			t.Fatalf("state %d after %q, or %d by walk", state, s[:n], walked)
		}
		i = n
	}
	if (state == Whole) != want {
		t.Fatalf("state %d after %q", state, s)
	}
}

// certainlyInvalid returns the number of bytes of s after which no continuation makes
// it valid, or -1.
func certainlyInvalid(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r != utf8.RuneError || n != 1 {
			i += n
			continue
		}
		for j := i + 1; j <= len(s); j++ {
			if utf8.FullRuneInString(s[i:j]) {
				return j
			}
		}
		return -1
	}
	return -1
}

func FuzzValid(f *testing.F) {
	for _, t := range benchTexts {
		f.Add([]byte(strings.Repeat(t.unit, 3)), int64(len(t.name)))
	}
	for i, s := range utf8Edges {
		f.Add([]byte(strings.Repeat(s, 40)), int64(i))
		f.Add([]byte(strings.Repeat("天", i)+s+strings.Repeat("地", 20)), int64(i))
	}
	f.Fuzz(func(t *testing.T, p []byte, cuts int64) {
		checkText(t, string(p), rand.New(rand.NewSource(cuts)))
	})
}

func TestAppendRepaired(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"plain":         "plain",
		"\xff":          "\ufffd",
		"a\x80b":        "a\ufffdb",
		"\xe5\xa4":      "\ufffd\ufffd",
		"\xe5\xa4\xa9!": "天!",
	} {
		if got := string(AppendRepaired(nil, []byte(in))); got != want {
			t.Errorf("AppendRepaired(%q) = %q, want %q", in, got, want)
		}
		if got := RepairedLen([]byte(in)); got != len(want) {
			t.Errorf("RepairedLen(%q) = %d, want %d", in, got, len(want))
		}
	}
}
