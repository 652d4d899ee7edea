package journal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// What Write writes, Read reads.
func TestRead(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	events := []journal.Event{
		{Kind: "open", Text: "ws://a/"},
		{Kind: "message", Out: true, Data: []byte("a\x1b\u2028\U000e0001\"")},
		{Kind: "message", Binary: true, Data: []byte{0xff, 0}},
		{Kind: "message", Out: true, Data: []byte{}},
		{Kind: "close", Code: 1000, Clean: true},
	}
	for _, e := range events {
		if err := journal.Write(&b, time.Unix(1, 0), e); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString("\n \t\n")
	i := 0
	// Some editors write a byte order mark, and other line ends.
	edited := "\ufeff" + strings.ReplaceAll(b.String(), "\n", "\r\n")
	for r, err := range journal.Read(strings.NewReader(edited), 1000) {
		if err != nil {
			t.Fatal(err)
		}
		e := events[i]
		i++
		if r.Type != e.Kind || r.Time != "1970-01-01T00:00:01Z" {
			t.Errorf("record %d is %+v", i, r)
		}
		if p, err := r.Payload(); e.Kind == "message" && (err != nil || !bytes.Equal(p, e.Data) || (r.Direction == "out") != e.Out || r.Binary != e.Binary) {
			t.Errorf("record %d is %+v with data %q, %v", i, r, p, err)
		} else if e.Kind != "message" && err == nil {
			t.Errorf("a %s has data", e.Kind)
		}
	}
	if i != len(events) {
		t.Errorf("%d records", i)
	}
}

// The data of a ping need not be text.
func TestBinaryPing(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	journal.Write(&b, time.Unix(1, 0), journal.Event{Kind: "ping", Data: []byte("a\xff")})
	for r, err := range journal.Read(&b, 1000) {
		if err != nil {
			t.Fatal(err)
		}
		if _, e, err := r.Event(); err != nil || e.Kind != "ping" || string(e.Data) != "a\xff" {
			t.Errorf("it is read as %+v, %v", e, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for text, say := range map[string]string{
		`{"type":"open"}` + "\n\n" + "text\n" + `{"type":"open"}`: "line 3 is not a record",
		`{"type":"open"}` + "\n" + `"` + strings.Repeat("a", 100): "line 2 is longer than 50 bytes",
		`{"type":"open"}` + "\n" + `{"size":"a"}`:                 "line 2 is not a record: the field size cannot be a JSON string",
		`{"type":"open"}` + "\n" + `[]`:                           "line 2 is not a record: it is a JSON array, and not an object",
		`{"type":"open"}` + "\n" + "{\"data\":\"caf\xe9\"}":       "line 2 is not a record: it is not UTF-8",
	} {
		var got []string
		for r, err := range journal.Read(strings.NewReader(text), 50) {
			if err != nil {
				got = append(got, err.Error())
			} else {
				got = append(got, r.Type)
			}
		}
		if len(got) != 2 || got[0] != "open" || !strings.Contains(got[1], say) {
			t.Errorf("%q is read as %q, want %q", text, got, say)
		}
	}
	for range journal.Read(strings.NewReader("{}\n{}\n"), 50) {
		break
	}
	bad := "*"
	r := journal.Record{Type: "message", Binary: true, Data: &bad}
	if p, err := r.Payload(); err == nil {
		t.Errorf("%q is decoded as %q", bad, p)
	}
	if all := slices.Collect(func(yield func(string) bool) {
		for r := range journal.Read(strings.NewReader(""), 50) {
			yield(r.Type)
		}
	}); len(all) != 0 {
		t.Errorf("an empty journal has %q", all)
	}
}
