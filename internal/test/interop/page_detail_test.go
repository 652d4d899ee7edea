package interop

import (
	"strings"
	"testing"
)

// look opens the details of the entry whose row begins with what is given.
func (p *tab) look(what string) {
	p.t.Helper()
	p.Evaluate(`[...document.querySelectorAll("#list [role=option]")].find(e => e.querySelector(".what").textContent.startsWith(%q)).click()`, what)
	if !p.shown("#pane") {
		p.t.Fatal("a click on an entry does not show its details")
	}
}

func TestInteropPageTree(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `[
		{kind: "message", direction: "received", data: '{"n": 12345678901234567890, "d": 1.50, "s": "a\\nb", "t": true, "z": null, "e": [], "": {"deep": {"er": 1}}, "__proto__": 2}'},
		{kind: "message", direction: "received", data: JSON.stringify(Array.from({length: 250}, (_, i) => i))},
		{kind: "message", direction: "received", data: JSON.stringify(["y".repeat(3000)])},
		{kind: "message", direction: "received", data: "{not JSON}"},
	]`)
	p.look(`{"n"`)
	if got := p.Evaluate(`[...document.querySelectorAll("#content .leaf")].filter(e => e.checkVisibility()).map(e => e.textContent).join("|")`); got !=
		`n: 12345678901234567890|d: 1.50|s: "a\nb"|t: true|z: null|__proto__: 2` {
		t.Errorf("the tree shows %v", got)
	}
	if got := p.text("#content summary"); got != "{ 8 members }" {
		t.Errorf("the root is %s", got)
	}
	if strings.Contains(p.text("#content"), "er: 1") {
		t.Error("a branch is made before it is opened")
	}
	p.Evaluate(`[...document.querySelectorAll("#content summary")].find(e => e.textContent.startsWith("deep")).click()`)
	p.says("#content", "er: 1")

	p.look("[0,1,2")
	if got := p.text("#content summary"); got != "[ 250 elements ]" {
		t.Errorf("the root is %s", got)
	}
	if n := p.Evaluate(`document.querySelectorAll("#content .leaf").length`); n != 0.0 {
		t.Errorf("a long list is open at first, with %v", n)
	}
	p.Click("#content summary")
	p.says("#content button", "150 more")
	p.Click("#content button")
	p.Click("#content button")
	if n := p.Evaluate(`document.querySelectorAll("#content .leaf").length + " " + document.querySelectorAll("#content button").length`); n != "250 0" {
		t.Errorf("after all was shown, there are %v leaves and buttons", n)
	}

	p.look(`["yyy`)
	p.says("#content", " … 1,000 more characters")
	p.look("{not")
	if p.Evaluate(`document.querySelector("[name=view][value=json]").disabled`) != true || p.text("#content pre") != "{not JSON}" {
		t.Errorf("what is not JSON is shown as %s", p.text("#content"))
	}
}

func TestInteropPageViews(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `[
		{kind: "open", text: "begin", time: Date.UTC(2026, 0, 2)},
		{kind: "message", direction: "sent", data: "z".repeat(100_000) + "end", time: Date.UTC(2026, 0, 2) + 250},
		{kind: "message", direction: "received", data: Uint8Array.from({length: 300_000}, (_, i) => i), time: Date.UTC(2026, 0, 2) + 251.5},
		{kind: "message", direction: "received", data: '{"b": 1.0}', time: Date.UTC(2026, 0, 2) + 60e3},
	]`)
	p.size(1280, 800)
	p.look("zzz")
	if got := p.text("#summary"); !strings.HasPrefix(got, "sent text · ") || !strings.HasSuffix(got, ".250 · 250 ms after the one before · 100,003 bytes") {
		t.Errorf("the summary is %s", got)
	}
	if n := p.Evaluate(`document.querySelector("#content pre").textContent.length`); n != 20000.0 {
		t.Errorf("of a long text %v characters are shown at first", n)
	}
	p.Click("#content button")
	p.Click("#content button")
	if got := p.text("#content pre"); len(got) != 100_003 || !strings.HasSuffix(got, "end") || p.shown("#content button") {
		t.Errorf("of a long text %d characters are shown", len(got))
	}

	p.look("00 01")
	if got := p.text("#summary"); !strings.Contains(got, "received binary") || !strings.Contains(got, "1.5 ms after the one before · 300,000 bytes") {
		t.Errorf("the summary is %s", got)
	}
	hex := func(n int) string {
		return p.Evaluate(`document.querySelectorAll("#content .line")[%d].textContent`, n).(string)
	}
	if got, want := hex(4), "000040  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO"; got != want {
		t.Errorf("a row of bytes is %q, want %q", got, want)
	}
	if got := hex(7); !strings.HasSuffix(got, "pqrstuvwxyz{|}~·") {
		t.Errorf("what is not ASCII is shown as %q", got)
	}
	if n := p.Evaluate(`document.querySelectorAll("#content .line").length`).(float64); n > 100 {
		t.Errorf("%v rows of bytes are in the document", n)
	}
	p.Evaluate(`document.querySelector("#content").scrollTop = 1e9`)
	p.says("#content", "0493d0  d0 d1")

	p.look(`{"b"`)
	p.radio("view", "hex")
	if got := hex(0); !strings.HasPrefix(got, "000000  7b 22 62 22") {
		t.Errorf("the bytes of a text are %s", got)
	}
	p.Click("#copy")
	if got := p.copied(); got != "000000  7b 22 62 22 3a 20 31 2e 30 7d                    {\"b\": 1.0}" {
		t.Errorf("copied as bytes: %q", got)
	}
	p.radio("view", "text")
	p.Click("#copy")
	if got := p.copied(); got != `{"b": 1.0}` {
		t.Errorf("copied as text: %q", got)
	}
	p.radio("view", "json")
	p.Click("#copy")
	if got := p.copied(); got != "{\n  \"b\": 1.0\n}" {
		t.Errorf("copied as JSON: %q", got)
	}
	p.Click("#reuse")
	if got := p.Evaluate(`document.querySelector("#message").value`); got != `{"b": 1.0}` || p.focused() != "message" {
		t.Errorf("%v is to be edited, with the focus in %s", got, p.focused())
	}

	// What the browser does not copy is not left for the next copy of something else.
	p.Evaluate(`document.execCommand = () => false`)
	p.Click("#copy")
	p.says("#details", "the browser does not copy that")
	if p.Evaluate(`document.oncopy`) != nil {
		t.Error("a copy that failed waits for the next one")
	}

	p.size(390, 844)
	p.Evaluate(`document.querySelector("[role=option]").click()`)
	p.radio("view", "text")
	p.look("00 01")
	if got := p.text("#content .line"); got != "000000  00 01 02 03 04 05 06 07  ········" {
		t.Errorf("on a phone a row of bytes is %q", got)
	}
	p.Click("#pane-close")
	if p.shown("#pane") || p.focused() != "list" {
		t.Errorf("after the details were closed, the focus is in %s", p.focused())
	}
}

// TestInteropPageDeepJSON copies JSON that is nearly too deep for a stack: what can be read is
// not always what can be written.
func TestInteropPageDeepJSON(t *testing.T) {
	b := startBrowser(t)
	p := b.openPage(t, servePage(t, nil))
	if got := p.Evaluate(`import("/json.js").then(({parse, indented}) => {
		for (let depth = 200; ; depth += 50) {
			const text = "[".repeat(depth) + "]".repeat(depth), value = parse(text);
			if (!value) return depth > 300;
			if (indented(value, text).replace(/\s/g, "") !== text) throw new Error("another text");
		}
	})`); got != true {
		t.Error("JSON of 300 levels is not shown as a tree")
	}
}

// TestInteropPageLongToEdit offers no message to be edited that makes a text field slow.
func TestInteropPageLongToEdit(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `[
		{kind: "message", direction: "sent", data: new Uint8Array(1 << 20).fill(1)},
		{kind: "message", direction: "sent", data: new Uint8Array((1 << 20) + 1).fill(2)},
	]`)
	p.look("02 02")
	if p.shown("#reuse") {
		t.Error("more than 1 MiB can be edited")
	}
	p.press("r")
	if got := p.Evaluate(`document.querySelector("#message").value.length`); got != 0.0 {
		t.Errorf("r lets %v characters be edited", got)
	}
	p.look("01 01")
	if !p.shown("#reuse") {
		t.Error("1 MiB cannot be edited")
	}
	p.Evaluate(`import("/list.js")`)
	p.Click("#clear")
	p.press("r")
	if got := p.Evaluate(`document.querySelector("#message").value.length`); got != 0.0 || p.shown("#reuse") {
		t.Errorf("without an entry, r lets %v characters be edited", got)
	}
}

// TestInteropPageForgetsBytes looks at bytes again and again: nothing of earlier views stays
// in memory.
func TestInteropPageForgetsBytes(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `[{kind: "message", direction: "sent", data: new Uint8Array(1000)}]`)
	p.look("00 00")
	p.Evaluate(`boxes = []`)
	for range 20 {
		p.radio("view", "text")
		p.radio("view", "hex")
		p.Evaluate(`boxes.push(new WeakRef(document.querySelector("#content"))), 0`)
	}
	p.Do("HeapProfiler.enable", nil)
	p.Evaluate(`new Promise(resolve => setTimeout(resolve))`) // weak references live up to the end of a task
	p.Do("HeapProfiler.collectGarbage", nil)
	if n := p.Evaluate(`boxes.filter(ref => ref.deref()).length`).(float64); n > 3 {
		t.Errorf("of 20 views of bytes, %v are still there", n)
	}
}

// TestInteropPageDirections checks that what runs from right to left changes only its own place.
func TestInteropPageDirections(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `[{kind: "message", direction: "sent", data: '{"\u05d0\u05d1": 12345}'}]`)
	p.look("{")
	if got := p.Evaluate(`(() => {
		const [name, value] = document.querySelectorAll("#content .leaf span");
		return name.getBoundingClientRect().right <= value.getBoundingClientRect().left;
	})()`); got != true {
		t.Error("a name in Hebrew is shown after its value")
	}
}
