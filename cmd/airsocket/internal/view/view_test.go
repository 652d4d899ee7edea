package view

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.Local)

func message(text string) journal.Event { return journal.Event{Kind: "message", Data: []byte(text)} }

func wide(n int) func() int { return func() int { return n } }

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%swant:\n%s", what, got, want)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	v := View{}
	for _, test := range []struct {
		e    journal.Event
		want string
	}{
		{message("hello"), "< hello\n"},
		{journal.Event{Kind: "message", Out: true, Data: []byte("hello")}, "> hello\n"},
		{journal.Event{Kind: "ping", Data: []byte("a\x1b")}, "* ping \"a\\x1b\"\n"},
		{journal.Event{Kind: "ping", Out: true, Data: []byte("a")}, "* ping sent \"a\"\n"},
		{journal.Event{Kind: "pong", RTT: 1234567}, "* pong after 1.23ms\n"},
		{journal.Event{Kind: "pong", Data: []byte("a"), RTT: 2 * time.Second}, "* pong \"a\" after 2s\n"},
		{journal.Event{Kind: "reconnect", Text: "in 812ms"}, "* reconnect in 812ms\n"},
		{journal.Event{Kind: "close", Code: 4000, Text: "bye\n"}, "* close 4000 bye\\n (without a closing handshake)\n"},
		{journal.Event{Kind: "error", Text: "no", Status: 403, Body: []byte(" a\x1b ")}, "* error status 403 no: a\\x1b\n"},
		{journal.Event{Kind: "help", Text: "/ping"}, "  /ping\n"},
	} {
		check(t, test.e.Kind, v.Event(test.e, noon, ""), test.want)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	v := View{Times: On}
	check(t, "on", v.Event(message("a"), noon.Add(1500*time.Microsecond), ""), "12:00:00.001 < a\n")
	v = View{Times: Delta}
	check(t, "the first", v.Event(message("a"), noon, ""), "   +0.000 < a\n")
	check(t, "the second", v.Event(message("b"), noon.Add(1234*time.Millisecond), ""), "   +1.234 < b\n")
	check(t, "the third", v.Event(journal.Event{Kind: "ping"}, noon.Add(1235*time.Millisecond), ""), "   +0.001 * ping\n")
}

func TestPrettyText(t *testing.T) {
	t.Parallel()
	v := View{Pretty: true, Columns: wide(21)}
	check(t, "lines", v.Event(message("one\r\ntwo\n\n< three\x1b"), noon, ""), "< one\n  two\n  \n  < three\\x1b\n")
	check(t, "a line end at the end", v.Event(message("one\ntwo\n"), noon, ""), "< one\n  two\\n\n")
	check(t, "a long line", v.Event(message("123456789012345678< forged"), noon, ""), "< 123456789012345678\n  < forged\n")
	check(t, "wide characters", v.Event(message("日本語日本語日本語日本語"), noon, ""), "< 日本語日本語日本語\n  日本語\n")
	check(t, "an empty text", v.Event(message(""), noon, ""), "< \n")
	v.Times = On
	check(t, "with times", v.Event(message("123456789"), noon, ""), "12:00:00.000 < 12345\n  6789\n")
	v = View{Columns: wide(21)}
	check(t, "not pretty", v.Event(message("one\n123456789012345678901"), noon, ""), "< one\\n123456789012345678901\n")
}

func TestPrettyJSON(t *testing.T) {
	t.Parallel()
	v := View{Pretty: true, Columns: wide(40)}
	check(t, "short", v.Event(message(` {"b":1.50,"a" : [true,null]} `), noon, ""), `< {"b": 1.50, "a": [true, null]}`+"\n")
	check(t, "long", v.Event(message(`{"name":"J\u0041\\\"","long":[{"a":1e400,"b":[]},{"c":"0123456789012345678901234567"},{}],"name":{"x":{"y":"a\u202e`+"\u202e"+`"}}}`), noon, ""), `< {
    "name": "J\u0041\\\"",
    "long": [
      {"a": 1e400, "b": []},
      {
        "c": "0123456789012345678901234
  567"
      },
      {}
    ],
    "name": {
      "x": {"y": "a\u202e\u202e"}
    }
  }
`)
	check(t, "no JSON", v.Event(message(`{"a":}`), noon, ""), "< {\"a\":}\n")
	check(t, "a scalar", v.Event(message(`"a b"`), noon, ""), "< \"a b\"\n")
	check(t, "sent", v.Event(journal.Event{Kind: "message", Out: true, Data: []byte(`{"a":1}`)}, noon, ""), "> {\"a\":1}\n")
	v.Color = true
	check(t, "in color", v.Event(message(`{"a":["b",1,true]}`), noon, ""),
		"\x1b[32m<\x1b[0m {\x1b[1;34m\"a\"\x1b[0m: [\x1b[32m\"b\"\x1b[0m, \x1b[36m1\x1b[0m, \x1b[35mtrue\x1b[0m]}\n")
}

func TestDump(t *testing.T) {
	t.Parallel()
	e := journal.Event{Kind: "message", Binary: true, Data: []byte("\x00\xff\x1b[2Jabcdefghijklm~\x7f")}
	v := View{Columns: wide(80)}
	check(t, "80 columns", v.Event(e, noon, ""), `< binary, 21 bytes
  0000  00 ff 1b 5b 32 4a 61 62  63 64 65 66 67 68 69 6a  |...[2Jabcdefghij|
  0010  6b 6c 6d 7e 7f                                    |klm~.|
`)
	v.Columns = wide(60)
	check(t, "60 columns", v.Event(e, noon, ""), `< binary, 21 bytes
  0000  00 ff 1b 5b 32 4a 61 62  |...[2Jab|
  0008  63 64 65 66 67 68 69 6a  |cdefghij|
  0010  6b 6c 6d 7e 7f           |klm~.|
`)
	e.Data = nil
	check(t, "nothing", v.Event(e, noon, ""), "< binary, 0 bytes\n")
	e.Data = bytes.Repeat([]byte("a"), 70_000)
	if got := v.Event(e, noon, ""); !strings.Contains(got, "\n  11168  61 61 61 61 61 61 61 61  |aaaaaaaa|\n") {
		t.Errorf("the offsets end with %q", got[len(got)-100:])
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	v := View{Pretty: true, Fold: 2, Columns: wide(21)}
	e := message("1\n2\n3\n4")
	check(t, "text", v.Event(e, noon, "/show 7 prints it"), "< 1\n  2\n  ... 7 bytes in all; /show 7 prints it\n")
	check(t, "whole", v.Whole(e), "  1\n  2\n  3\n  4\n")
	check(t, "as long as allowed", v.Event(message("1\n2"), noon, ""), "< 1\n  2\n")
	check(t, "a long line", v.Event(message(strings.Repeat("x", 100_000)), noon, "m"), "< xxxxxxxxxxxxxxxxxx\n  xxxxxxxxxxxxxxxxxx\n  ... 100.0 kB in all; m\n")
	check(t, "JSON", v.Event(message("["+strings.Repeat("1234567,", 100)+"1]"), noon, "m"), "< [\n    1234567,\n  ... 803 bytes in all; m\n")
	v.Columns = wide(40)
	check(t, "binary", v.Event(journal.Event{Kind: "message", Binary: true, Data: make([]byte, 20_000_000)}, noon, "m"), "< binary, 20.0 MB\n  0000000  00 00 00 00  |....|\n  ... 20.0 MB in all; m\n")
	v.Pretty, v.Columns = false, wide(21)
	check(t, "not pretty", v.Event(message(strings.Repeat("日", 100)), noon, "m"), "< "+strings.Repeat("日", 19)+"\n  ... 300 bytes in all; m\n")
	check(t, "not pretty, short", v.Event(message(strings.Repeat("日", 19)), noon, "m"), "< "+strings.Repeat("日", 19)+"\n")
	v.Fold = 0
	check(t, "without a limit", v.Event(message(strings.Repeat("x", 1000)), noon, "m"), "< "+strings.Repeat("x", 1000)+"\n")
}

// What is long without need takes few rows and bytes.
func TestLimits(t *testing.T) {
	t.Parallel()
	v := View{Pretty: true, Fold: 20, Columns: wide(200)}
	sent := journal.Event{Kind: "message", Out: true, Binary: true, Data: make([]byte, 1000)}
	if got := v.Event(sent, noon, ""); strings.Count(got, "\n") != mostSent+1 {
		t.Errorf("of a file that was sent, this is shown:\n%s", got)
	}
	check(t, "JSON on a wide terminal", v.Event(message(`["`+strings.Repeat("x", 70)+`",12345678]`), noon, ""), "< [\n    \""+strings.Repeat("x", 70)+"\",\n    12345678\n  ]\n")
	v.Fold = 1
	if got := v.Event(message("["+strings.Repeat("1,", maxJSON/2)+"1]"), noon, ""); !strings.HasPrefix(got, "< [1,1,1") {
		t.Errorf("long JSON is shown as %q", got)
	}
	if got := v.Event(message(strings.Repeat("\u0301", 100_000)), noon, ""); len(got) > 64*200+100 {
		t.Errorf("a row of marks has %d bytes", len(got))
	}
}

// JSON that is deep takes no more memory than its length allows.
func TestDeepJSON(t *testing.T) {
	t.Parallel()
	v := View{Pretty: true}
	deep := strings.Repeat("[", 9000) + strings.Repeat("]", 9000)
	if got := v.Event(message(deep), noon, ""); len(got) > 100*len(deep) {
		t.Errorf("%d bytes are shown as %d", len(deep), len(got))
	}
}

var codes = regexp.MustCompile("\x1b\\[(2|3[1-6]|1;34|0)m")

// FuzzView checks that a view shows no control characters of a peer's, no row of a message at
// the left edge, and no row wider than the terminal; and that broken JSON is the same value.
func FuzzView(f *testing.F) {
	for i, s := range []string{"\x1b[2J\u202e\xff", "plain żółw 😀 \\n", "\u009b31m\u2028\u2029\ufeff", "\U000e0041\r\n\t", "👩\u200d🔬", "\x1b[31m* close", `{"a":["b\n",1,{"c":null}]}`, "[\"\u202e\x7f\"]", "[[],{}," + strings.Repeat("1,", 40) + "2]"} {
		f.Add(s, uint8(i), uint8(4*i), uint16(1000*i))
	}
	kinds := []string{"open", "message", "ping", "pong", "error", "close", "reconnect", "input", "message"}
	f.Fuzz(func(t *testing.T, s string, kind, columns uint8, code uint16) {
		e := journal.Event{Kind: kinds[int(kind)%len(kinds)], Binary: kind&8 != 0, Out: kind&16 != 0, Clean: kind&32 != 0, Data: []byte(s), Text: s, Body: []byte(s), Code: airsocket.StatusCode(code), Status: int(code % 600), RTT: time.Duration(code)}
		v := View{Pretty: true, Columns: wide(int(columns))}
		if kind&64 != 0 {
			v.Fold = 5
		}
		plain := v.Event(e, noon, "")
		v.Color = true
		if colored := v.Event(e, noon, ""); codes.ReplaceAllString(colored, "") != plain {
			t.Errorf("%q is not %q in color", colored, plain)
		}
		if !utf8.ValidString(plain) {
			t.Errorf("%q is not UTF-8", plain)
		}
		first := true
		for line := range strings.Lines(plain) {
			line, ok := strings.CutSuffix(line, "\n")
			if !ok || strings.ContainsFunc(line, escape.Hidden) {
				t.Errorf("%q has a line %q", plain, line)
			}
			if !first && !strings.HasPrefix(line, indent) {
				t.Errorf("%q has a line %q, which is not indented", plain, line)
			}
			if n := width.Text(line); n > v.columns() && e.Kind != "input" && !strings.Contains(line, "...") && !strings.Contains(line, "|") && !strings.Contains(line, "binary, ") {
				t.Errorf("%q has a line of %d columns, more than %d", plain, n, v.columns())
			}
			first = false
		}
		if e.Kind == "message" && !e.Binary && !e.Out && v.Fold == 0 && isJSON(e.Data) {
			sameJSON(t, s, plain)
		}
	})
}

// sameJSON checks that the JSON text in and what is shown of it are the same value.
func sameJSON(t *testing.T, in, shown string) {
	var whole strings.Builder
	whole.WriteString(strings.TrimPrefix(shown, "< "))
	var want, got bytes.Buffer
	if err := json.Compact(&want, []byte(in)); err != nil {
		t.Fatal(err)
	}
	// Rows that are too long are broken anywhere, also inside of a string.
	if err := json.Compact(&got, []byte(strings.ReplaceAll(strings.ReplaceAll(whole.String(), "\n", ""), " ", ""))); err != nil {
		t.Fatalf("%q is shown as %q: %v", in, shown, err)
	}
	if a, b := string(escape.JSON(want.Bytes())), got.String(); strings.ReplaceAll(strings.ToValidUTF8(a, "\ufffd"), " ", "") != b {
		t.Errorf("%q is shown as %q", a, b)
	}
}
