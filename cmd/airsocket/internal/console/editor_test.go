package console

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// keyboard returns an editor, and a function that types on it.
func keyboard(c *Config, history ...string) (*editor, func(string)) {
	e := newEditor(c)
	e.history.lines = history
	e.reset()
	d := decoder{limit: c.limit()}
	return e, func(bytes string) { d.feed([]byte(bytes), e.press) }
}

// state returns the text with | as the cursor.
func (e *editor) state() string { return e.text[:e.at] + "|" + e.text[e.at:] }

func TestEditing(t *testing.T) {
	t.Parallel()
	const (
		up, down, right, left = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
		wordLeft, wordRight   = "\x1b[1;5D", "\x1b[1;5C"
	)
	for _, test := range []struct{ keys, want string }{
		{"hello", "hello|"},
		{"hellp\x7fo", "hello|"},
		{"żó\x08\x7fa", "a|"},
		{"ab" + left + "c", "ac|b"},
		{"ab" + left + left + left + right + "c", "ac|b"},
		{"ab\x1bOD\x1bOD\x1bOCc", "ac|b"},
		{"ab\x01c\x05d", "cabd|"},
		{"ab\x1b[Hc\x1b[Fd", "cabd|"},
		{"ab\x1b[1~c\x1b[4~d", "cabd|"},
		{"ab\x1bOHc\x1bOFd", "cabd|"},
		{"ab\x02\x02\x06c", "ac|b"},
		{"abc\x01\x1b[3~\x04", "|c"},
		{"👩\u200d🔬👍🏽" + left + left + right + "x", "👩\u200d🔬x|👍🏽"},
		{"e\u0301👍🏽\x7f\x7f", "|"},
		{"one two.three" + wordLeft + wordLeft + "x", "one x|two.three"},
		{"one two" + "\x01" + wordRight + "x" + wordRight + "y", "onex twoy|"},
		{"one two\x1bb\x1bbx\x1bfy", "xoney| two"},
		{"one two\x17", "one |"},
		{"日本\u3000日本\x17", "日本\u3000|"},
		{"one two.three\x1b\x7f\x19\x19", "one two.threethree|"},
		{"one two three\x17\x17\x19", "one two three|"},
		{"one two\x01\x1bd\x1bd\x19", "one two|"},
		{"one two three\x17\x05\x17\x19", "one two |"},
		{"one two\x17\x03\x19", "one |"},
		{"ab cd\x1b[1;2D\x1b[1;2Dx\x1b[1;2Cy", "ab xcy|d"},
		{"one two\x01\x1bd!", "!| two"},
		{"one two\x15x\x19", "xone two|"},
		{"one two\x01" + right + "\x0b\x05x\x19", "oxne two|"},
		{"one\x03x\x19", "xone|"},
		{"one\x1b\rtwo" + up + "x", "onex|\ntwo"},
		{"one\x1b\rtwo\x01" + up + "x" + down + down + "y", "xone\nty|wo"},
		{"one\x1b[13;2utwo\x01\x7f", "one|two"},
		{"a\x16\x1ba\x16\tb\x16\x03", "a\x1ba\tb\x03|"},
		{"a\x1b[99;9~\x1b[[A\x1b[5~\x1b[Z\x1bOPb", "ab|"},
		{"a\xffb\xc3(", "ab(|"},
		{"日本語\x1b\rab" + up, "日|本語\nab"},
		{"ab\x1b\r日本語" + up + down, "ab\n日|本語"},
		{"\x1b[" + strings.Repeat("1", 100), strings.Repeat("1", 38) + "|"}, // no key is so long
		{"\x1b[200~a\rb\x1b[200~c\x1b[201~e", "a\nb\x1b[200~c|"},
		{"\x1b[200~one line\r\x1b[201~", "one line|"},
		{"ab" + left + "\x1b[200~\t\x1b[31m\x1b[201~x", "a\t\x1b[31mx|b"},
		{"\x1b[200~\xff\x1b[201~", "\ufffd|"},
	} {
		for _, whole := range []bool{true, false} {
			e, press := keyboard(&Config{})
			if whole {
				press(test.keys)
			} else {
				for i := range len(test.keys) {
					press(test.keys[i : i+1])
				}
			}
			if got := e.state(); got != test.want {
				t.Errorf("%q, at once %t: %q, want %q", test.keys, whole, got, test.want)
			}
		}
	}
}

func TestEntering(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		keys, want string
		ended      bool
	}{
		{"a\rb\r", `[{"a" false} {"b" false}]`, false},
		{"\r\n", `[]`, false},
		{"a\x1bOM", `[{"a" false}]`, false}, // Enter of the digits
		{"\x1b[200~/close\x1b[201~\r", `[{"/close" true}]`, false},
		{"/\x1b[200~close\x1b[201~\r", `[{"/close" false}]`, false},
		{"e\x01\x1b[200~/clos\x1b[201~\r", `[{"/close" true}]`, false},
		{"\x1b[200~close\x1b[201~\x01/\r", `[{"/close" false}]`, false},
		{"\x1b[200~x\x1b[201~\x7f/a\r", `[{"/a" false}]`, false},
		{"\x1b[200~1\r2\x1b[201~\r", `[{"1\n2" true}]`, false},
		{"\x1b[200~1\r2\x1b[201~?o\r", `[{"1\n2" true}]`, false},
		{"/t \x1b[200~1\r\r2\r\x1b[201~l", `[{"/t 1" false} {"" true} {"2" true}]`, false},
		{"x\x1b[200~1\r2\x1b[201~n\r", `[{"x" false}]`, false},
		{"\x1b[200~1\r2\x1b[201~no\r", `[{"o" false}]`, false},
		{"\x1b[200~1\r2\x1b[201~\x1b[200~3\x1b[201~ly\r", `[{"1" true} {"2" true} {"y" false}]`, false},
		{"x\x1b[200~1\r2\x1b[201~\x03\r", `[{"x" false}]`, false},
		{"\x1b[200~1\r2\x1b[201~e\x7f3\r", `[{"1\n3" true}]`, false},
		{"unfin\x03", `[]`, false},
		{"unfin\x03\x03", `[]`, true},
		{"a\x04", `[]`, false},
		{"\x04", `[]`, true},
		{"\x04cd\r", `[]`, true},
		{"\x03\x1b[200~cd\x1b[201~\r", `[]`, true},
		{"12345678\r", `[{"12345678" false}]`, false},
		{"12345678\x7f9\r", `[{"12345679" false}]`, false},
		// Nothing is sent from which something is missing, unless it is edited.
		{"\x1b[200~123456789\x1b[201~a\r", `[]`, false},
		{"123456789\r", `[]`, false},
		{"1234\x1b[200~12345\x1b[201~\r\r", `[]`, false},
		{"1234\x1b[200~1\r345\x1b[201~\r", `[]`, false},
		{"1234\x1b[200~12345\x1b[201~\r\x05\r", `[{"1234" false}]`, false},
		{"1234\x1b[200~12345\x1b[201~\r\x7f5\r", `[{"1235" false}]`, false},
		{"1234\x1b[200~12345\x1b[201~\r\x03a\r", `[{"a" false}]`, false},
	} {
		e, press := keyboard(&Config{Limit: 8})
		press(test.keys)
		var got []string
		for _, in := range e.entered {
			got = append(got, fmt.Sprintf("{%q %t}", in.Text, in.Pasted))
		}
		if text := "[" + strings.Join(got, " ") + "]"; text != test.want || e.ended != test.ended {
			t.Errorf("%q: %s, ended %t, want %s, %t", test.keys, text, e.ended, test.want, test.ended)
		}
	}
}

// What does not fit is not cut but refused, with a word about it.
func TestTooLong(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"123456789", "\x1b[200~123456789\x1b[201~", "1\x1b[200~12345678\x1b[201~", "\x1b[200~" + strings.Repeat("x", 100_000) + "\x1b[201~"} {
		e, press := keyboard(&Config{Limit: 8})
		if press(keys); len(e.notes) != 1 || !strings.Contains(e.notes[0], "longer than 8 bytes") || !e.bell {
			t.Errorf("%.40q: %q, bell %t", keys, e.notes, e.bell)
		}
	}
}

// The end of a paste that never ends is not kept in memory.
func TestPasteWithoutEnd(t *testing.T) {
	t.Parallel()
	d := decoder{limit: 1000}
	pressed := 0
	d.feed([]byte("\x1b[200~"), func(key) { pressed++ })
	for range 1000 {
		d.feed([]byte(strings.Repeat("x", 1000)+"\x1b[2"), func(key) { pressed++ })
	}
	if pressed > 0 || len(d.paste)+len(d.pending) > 1100 {
		t.Errorf("%d keys, %d and %d bytes are kept", pressed, len(d.paste), len(d.pending))
	}
	d.feed([]byte("\x1b[201~"), func(k key) { pressed += int(k.code) })
	if pressed != int(keyPasteTooLong) {
		t.Errorf("the paste ends as %d", pressed)
	}
}

func TestRecall(t *testing.T) {
	t.Parallel()
	const up, down = "\x1b[A", "\x1b[B"
	for _, test := range []struct{ keys, want string }{
		{up, "three|"},
		{up + up + up + up, "one|"},
		{"draft" + up + up + down, "three|"},
		{"draft" + up + up + down + down + "!", "draft!|"},
		{"draft" + down, "draft|"},
		{"\x10\x10\x0e", "three|"},
		{up + "\x03" + up, "three|"},
		{up + "\r" + up, "three|"},
		{up + up + "\r" + up + up, "three|"},
		{"\x12o", "|"},
		{"\x12o\x12\x1b[C", "o|ne"},
		{"\x12o\x12\x12\x1b[C", "o|ne"},
		{"\x12tw\x05x", "twox|"},
		{"\x12zzz\x05x", "x|"},
		{"draft\x12zzz\x03", "draft|"},
		{"draft\x12tw\x07", "draft|"},
		{"\x12o\x12\x13\x05", "two|"},
		{"\x12ont\x7f\x7fn\x05", "one|"},
		{"\x12\x1b[200~tw\x1b[201~\x05", "two|"},
		{"draft\x12\x1b[200~tw\ro\x1b[201~e", "drafttw\no|"},
	} {
		e, press := keyboard(&Config{}, "one", "two", "three")
		press(test.keys)
		if got := e.state(); got != test.want {
			t.Errorf("%q: %q, want %q", test.keys, got, test.want)
		}
	}
	e, press := keyboard(&Config{}, "one", "two")
	press("\x12on\r")
	if len(e.entered) != 1 || e.entered[0].Text != "one" {
		t.Errorf("Enter in a search enters %+v", e.entered)
	}
	e, press = keyboard(&Config{}, "one", "two")
	press("\x12on\x1b")
	if e.escape(); e.state() != "|one" {
		t.Errorf("Esc in a search leaves %q", e.state())
	}
}

func TestEntriesOfTheHistory(t *testing.T) {
	t.Parallel()
	e, press := keyboard(&Config{Entry: func(in Input) string {
		if in.Text == "secret" {
			return ""
		}
		return in.Text + "!"
	}})
	press("a\rsecret\ra\rb\r")
	if want := []string{"a!", "b!"}; !slices.Equal(e.history.lines, want) {
		t.Errorf("the history is %q, want %q", e.history.lines, want)
	}
}

// That the history cannot be written is said once.
func TestHistoryThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	e, press := keyboard(&Config{})
	e.history.file = t.TempDir()
	if press("a\rb\r"); len(e.notes) != 1 || !strings.HasPrefix(e.notes[0], "the history is not kept: ") {
		t.Errorf("%q is said", e.notes)
	}
}

func TestCompleting(t *testing.T) {
	t.Parallel()
	words := []string{"/ping ", "/pong ", "/text ", "/żółw ", "/żółty "}
	c := &Config{Complete: func(before string) (int, []Candidate) {
		from := strings.LastIndexByte(before, ' ') + 1
		var found []Candidate
		for _, w := range words {
			if strings.HasPrefix(w, before[from:]) {
				found = append(found, Candidate{w, strings.TrimSpace(w) + "\x1b"})
			}
		}
		return from, found
	}}
	for _, test := range []struct {
		keys, want, notes string
		bell              bool
	}{
		{"/t\t", "/text |", "[]", false},
		{"x /t\t", "x /text |", "[]", false},
		{"/t\x1b[D\t", "/|t", `["/ping\\x1b  /pong\\x1b  /text\\x1b  /żółw\\x1b  /żółty\\x1b"]`, false},
		{"/p\t", "/p|", `["/ping\\x1b  /pong\\x1b"]`, false},
		{"/ż\t", "/żół|", "[]", false},
		{"/ż\t\t", "/żół|", `["/żółw\\x1b  /żółty\\x1b"]`, false},
		{"zz\t", "zz|", "[]", true},
	} {
		e, press := keyboard(c)
		press(test.keys)
		if got := fmt.Sprintf("%q", e.notes); e.state() != test.want || got != test.notes || e.bell != test.bell {
			t.Errorf("%q: %q, %s, bell %t, want %q, %s, %t", test.keys, e.state(), got, e.bell, test.want, test.notes, test.bell)
		}
	}
	many := make([]Candidate, maxListed+50)
	e, press := keyboard(&Config{Complete: func(string) (int, []Candidate) { return 0, many }})
	if press("\t"); len(e.notes) != 1 || e.notes[0] != strings.Repeat("  ", maxListed)+"and 50 more" {
		t.Errorf("of many candidates, %q are listed", e.notes)
	}
	if e, press := keyboard(&Config{}); true {
		if press("a\t"); e.state() != "a|" || !e.bell {
			t.Errorf("Tab without completion: %q, bell %t", e.state(), e.bell)
		}
	}
}
