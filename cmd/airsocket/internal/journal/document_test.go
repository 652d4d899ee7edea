package journal_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// JOURNAL.md has a row for each field of a record, and no other, and its examples are read.
func TestDocument(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../JOURNAL.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	rows := 0
	for field := range reflect.TypeFor[journal.Record]().Fields() {
		if tag := field.Tag.Get("json"); tag != "" {
			name, _, _ := strings.Cut(tag, ",")
			if rows++; strings.Count(text, "\n| `"+name+"` |") != 1 {
				t.Errorf("JOURNAL.md does not have one row for the field %s", name)
			}
		}
	}
	if n := strings.Count(text, "\n| `"); n != rows {
		t.Errorf("JOURNAL.md has %d rows for %d fields", n, rows)
	}
	_, example, _ := strings.Cut(text, "```json\n")
	example, _, _ = strings.Cut(example, "```")
	var kinds []string
	for r, err := range journal.Read(strings.NewReader(example), 1000) {
		if err != nil {
			t.Fatal(err)
		}
		at, e, err := r.Event()
		if err != nil {
			t.Fatal(err)
		}
		var again strings.Builder
		journal.Write(&again, at, e)
		if !strings.Contains(example, again.String()) {
			t.Errorf("Write writes an example as %s", again.String())
		}
		kinds = append(kinds, e.Kind)
	}
	if got := strings.Join(kinds, " "); got != "open message message close" {
		t.Errorf("the examples are %s", got)
	}
}

// What matters is checked, and what is unknown is not.
func TestEvent(t *testing.T) {
	t.Parallel()
	const at = `"time":"2026-01-02T03:04:05Z",`
	for text, say := range map[string]string{
		`{` + at + `"type":"later","conn":3,"new":[{}]}`:                                       "",
		`{` + at + `"type":"message","direction":"in","data":"a","size":99}`:                   "",
		`{` + at + `"type":"reconnect","text":"in 1s"}`:                                        "",
		`{` + at + `"type":"pong","direction":"in","data":"a","rtt_ms":1.5}`:                   "",
		`{` + at + `"type":"error","text":"a","code":7}`:                                       "",
		`{` + at + `"direction":"in"}`:                                                         "line 2: a record has no type",
		`{"type":"message","direction":"in","data":"a"}`:                                       "line 2: the time",
		`{"time":"yesterday","type":"help"}`:                                                   "line 2: the time",
		`{` + at + `"type":"message","data":"a"}`:                                              "line 2: the direction",
		`{` + at + `"type":"message","direction":"up","data":"a"}`:                             "line 2: the direction",
		`{` + at + `"type":"message","direction":"in"}`:                                        "line 2: a message has no data",
		`{` + at + `"type":"message","direction":"in","binary":true,"data":"*"}`:               "line 2: the data",
		`{` + at + `"type":"ping","direction":"in","data":"` + strings.Repeat("a", 126) + `"}`: "line 2: a ping has 126 bytes",
		`{` + at + `"type":"close","direction":"in","code":7}`:                                 "line 2: the code 7",
		`{` + at + `"type":"close","code":1000}`:                                               "line 2: the direction",
		`{` + at + `"type":"open","conn":-1}`:                                                  "line 2: the connection",
	} {
		for r, err := range journal.Read(strings.NewReader("\n"+text+"\n"), 1000) {
			if err != nil {
				t.Fatal(err)
			}
			when, _, err := r.Event()
			if say == "" && (err != nil || !when.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))) {
				t.Errorf("%s: %v, %v", text, when, err)
			} else if say != "" && (err == nil || !strings.HasPrefix(err.Error(), say)) {
				t.Errorf("%s: %v, want %q", text, err, say)
			}
		}
	}
}

// A close that was written by hand is clean, if there was one at all.
func TestCleanByDefault(t *testing.T) {
	t.Parallel()
	for text, clean := range map[string]bool{
		`"code":1000`:               true,
		`"code":1000,"clean":false`: false,
		`"code":1006`:               false,
	} {
		r, err := journal.Parse([]byte(`{"time":"2026-01-02T03:04:05Z","type":"close","direction":"in",` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, e, err := r.Event(); err != nil || e.Clean != clean {
			t.Errorf("%s: clean is %t, %v", text, e.Clean, err)
		}
	}
}
