package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// save clicks Save, and returns the path of the file.
func (p *tab) save() string {
	p.t.Helper()
	dir := p.t.TempDir()
	p.browser.Call(p.t, "Browser.setDownloadBehavior", map[string]any{"behavior": "allowAndName", "downloadPath": dir, "eventsEnabled": true}, nil)
	p.Click("#save")
	for {
		e := within(p.t, p.browser.Events("Browser.downloadProgress"))
		if m := e.Params.(map[string]any); m["state"] == "completed" {
			return filepath.Join(dir, m["guid"].(string))
		}
	}
}

// load gives the page a file with a log.
func (p *tab) load(text string) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "log.jsonl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.Choose("#load-file", file)
	p.says("#details", "log.jsonl")
}

// TestInteropPageSaves lets airsocket replay read what the page has saved.
func TestInteropPageSaves(t *testing.T) {
	b := startBrowser(t)
	url := servePage(t, nil)
	p := b.openPage(t, url)
	p.fill("#protocols", "")
	p.Click("#connect")
	p.state("open")
	p.send("hello \u202e\U000e0041 \"quoted\"\n")
	p.logs("received", "message", "hello")
	p.radio("format", "hex")
	p.send("00ff")
	p.logs("received", "message", "00 ff")
	p.Click("#connect")
	p.state("closed")
	p.flushed()
	file := p.save()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The times and the order of the two ends of an echo do not matter.
	got := regexp.MustCompile(`"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"`).ReplaceAllString(string(text), `"time":""`)
	want := `{"time":"","type":"open","conn":1,"url":"` + strings.Replace(url, "http", "ws", 1) + `"}
{"time":"","type":"message","conn":1,"direction":"out","size":23,"data":"hello \u202e\udb40\udc41 \"quoted\"\n"}
{"time":"","type":"message","conn":1,"direction":"in","size":23,"data":"hello \u202e\udb40\udc41 \"quoted\"\n"}
{"time":"","type":"message","conn":1,"direction":"out","size":2,"binary":true,"data":"AP8="}
{"time":"","type":"message","conn":1,"direction":"in","size":2,"binary":true,"data":"AP8="}
{"time":"","type":"close","conn":1,"direction":"out","code":1005,"reason":"","clean":true}
`
	if got != want {
		t.Errorf("the file is\n%swant\n%s", got, want)
	}
	if out, err := exec.CommandContext(t.Context(), buildCommand(t), "replay", file, strings.Replace(url, "http", "ws", 1)).CombinedOutput(); err != nil {
		t.Errorf("airsocket replay does not repeat the file: %v\n%s", err, out)
	}
}

func TestInteropPageLoads(t *testing.T) {
	b := startBrowser(t)
	p := b.openPage(t, servePage(t, nil))
	document, err := os.ReadFile("../../../cmd/airsocket/JOURNAL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(document), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	p.load(strings.Replace(example, `{"time":"2026-11-22T09:00:02Z"`, `
{"time":"2026-11-22T09:00:01.4Z","type":"a kind of the future","field":1}
{"time":"2026-11-22T09:00:01.400123456Z","type":"ping","conn":1,"direction":"in","size":1,"data":"p"}
{"time":"2026-11-22T09:00:01.5Z","type":"error","text":"oh"}
{"time":"2026-11-22T09:00:02Z"`, 1))
	want := []row{
		{Kind: "open", Type: "open", What: "ws://127.0.0.1:8080/chat · a"},
		{"sent", "message", "+1.15 s", "text", "5 B", "hello"},
		{"received", "message", "+50 ms", "binary", "2 B", "ff 00"},
		{"received", "ping", "+100 ms", "ping", "1 B", "p"},
		{Kind: "error", Since: "+100 ms", Type: "error", What: "oh"},
		{Direction: "sent", Kind: "close", Since: "+500 ms", Type: "close", What: "1000"},
	}
	p.says("#details", "log.jsonl has 6 entries")
	for i, r := range p.rows() {
		r.What = strings.TrimSuffix(r.What, " ")
		if i < len(want) && r != want[i] {
			t.Errorf("row %d is %+v, want %+v", i, r, want[i])
		}
	}
	// What is loaded is saved as it was, but for what is not known.
	text, err := os.ReadFile(p.save())
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]any
	for line := range strings.Lines(string(text)) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, m)
	}
	if len(lines) != 6 || lines[0]["subprotocol"] != "a" || len(lines[0]["subprotocols"].([]any)) != 2 || lines[2]["data"] != "/wA=" ||
		lines[3]["time"] != "2026-11-22T09:00:01.400123Z" || lines[5]["direction"] != "out" {
		t.Errorf("what was loaded is saved as %s", text)
	}

	// A file that is not a log takes nothing away.
	p.load("not a log")
	p.logs("received", "ping", "p")

	const at = `{"time":"2026-11-22T09:00:00Z",`
	for text, say := range map[string]string{
		"\n{":  "line 2 is not a record: ",
		"[]":   "line 1 is not a record: a field is missing or wrong",
		"null": "line 1 is not a record: a field is missing or wrong",
		`{"time":"+275760-09-13T00:00:00.0009Z","type":"error"}`: "a field is missing",
		at + `"type":7}`:                                                   "a field is missing",
		`{"type":"open","time":"noon"}`:                                    "a field is missing",
		at + `"type":"message","data":"x"}`:                                "a field is missing",
		at + `"type":"message","direction":"in"}`:                          "a field is missing",
		at + `"type":"message","direction":"in","binary":true,"data":"*"}`: "line 1 is not a record: ",
		at + `"type":"close","direction":"in","code":7}`:                   "a field is missing",
	} {
		p.load(text)
		p.logs("", "error", say)
	}
	p.load(strings.Repeat(at+`"type":"message","direction":"in","data":"x"}`+"\n", 12_000))
	p.says("#details", "12,000 entries")
	p.says("#dropped", "2,000 older not kept")
	p.load(strings.Repeat("\n", 200<<20) + at + `"type":"error","text":"the last line"}`)
	p.logs("", "error", "the last line")
}

// TestInteropPageSavesAgain saves what was loaded, which must be the same to the byte.
func TestInteropPageSavesAgain(t *testing.T) {
	b := startBrowser(t)
	p := b.openPage(t, servePage(t, nil))
	var log strings.Builder
	log.WriteString(`{"time":"2026-11-22T09:00:00.000000Z","type":"open","conn":7,"url":"ws://host/?a=\u202e","subprotocols":["a","b"],"subprotocol":"b"}` + "\n")
	for i := range 1000 {
		fmt.Fprintf(&log, `{"time":"2026-11-22T09:00:00.%06dZ","type":"message","conn":7,"direction":"in","size":5,"data":"\"\\\n\u0000\ud800"}`+"\n", 999*i+1)
	}
	log.WriteString(`{"time":"2026-11-22T09:00:01.000000Z","type":"pong","conn":7,"direction":"out","size":1,"binary":true,"data":"/w=="}
{"time":"2026-11-22T09:00:01.999999Z","type":"close","conn":7,"direction":"in","code":1001,"reason":"r","clean":false}
`)
	want := strings.ReplaceAll(log.String(), `"size":5`, `"size":7`)
	p.load(log.String())
	p.says("#details", "1,003 entries")
	got, err := os.ReadFile(p.save())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(got), "\n")
	for i, line := range strings.Split(want, "\n") {
		if i >= len(lines) || lines[i] != line {
			t.Fatalf("line %d is saved as\n%s\nwant\n%s", i+1, lines[min(i, len(lines)-1)], line)
		}
	}

	// Fields that may be missing, those of a wrong type, and a byte order mark in each line.
	const at = "\ufeff" + `{"time":"2026-11-22T09:00:00.000000Z",`
	p.load(at + `"type":"open","url":5,"subprotocols":5}` + "\n" +
		at + `"type":"open","url":"ws://me:secret@host/"}` + "\n" +
		at + `"type":"close","direction":"in","code":1001}` + "\n" +
		at + `"type":"close","direction":"in","code":1006}` + "\n")
	p.says("#details", "4 entries")
	got, err = os.ReadFile(p.save())
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(at+`"type":"open"}
`+at+`"type":"open","url":"ws://me:xxxxx@host/"}
`+at+`"type":"close","direction":"in","code":1001,"reason":"","clean":true}
`+at+`"type":"close","direction":"in","code":1006,"reason":"","clean":false}
`, "\ufeff", ""); string(got) != want {
		t.Errorf("saved is\n%swant\n%s", got, want)
	}
}
