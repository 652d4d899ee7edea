package connect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// FuzzEscape checks that nothing that a peer sends reaches a terminal as a control
// character: as text, in the line of an event, or as JSON, which says the same. What is shown
// above a prompt is checked by FuzzView.
func FuzzEscape(f *testing.F) {
	for i, s := range []string{"\x1b[2J\u202e\xff", "plain żółw 😀 \\n", "\u009b31m\u2028\u2029\ufeff", "\U000e0041\r\n\t", "👩\u200d🔬"} {
		f.Add(s, uint8(i), uint16(1000*i))
	}
	kinds := []string{"open", "message", "ping", "pong", "error", "close", "reconnect", "input", "help"}
	f.Fuzz(func(t *testing.T, s string, kind uint8, code uint16) {
		e := journal.Event{Kind: kinds[int(kind)%len(kinds)], Binary: kind&8 != 0, Out: kind&16 != 0, Clean: kind&32 != 0, Data: []byte(s), Text: s, Body: []byte(s), Code: airsocket.StatusCode(code), Status: int(code % 600), RTT: time.Duration(code)}
		var out, log, lines bytes.Buffer
		for _, print := range []printer{plain(&out, &log, true), jsonLines(&lines, time.Now)} {
			if err := print(e); err != nil {
				t.Fatal(err)
			}
		}
		for what, text := range map[string]string{"escape": escape.Text(s), "out": out.String(), "log": log.String(), "json": lines.String()} {
			if text = strings.TrimSuffix(text, "\n"); !utf8.ValidString(text) {
				t.Errorf("%s: %q is not UTF-8", what, text)
			}
			for _, r := range text {
				if escape.Hidden(r) {
					t.Errorf("%s: %U is left in %q", what, r, text)
				}
			}
		}
		var r journal.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		if e.Kind == "error" && utf8.ValidString(s) && r.Text != s {
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
