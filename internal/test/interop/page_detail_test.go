package interop

import (
	"strings"
	"testing"
)

// look opens the details of the entry whose row begins with what is given.
func (p *tab) look(what string) {
	p.t.Helper()
	p.evaluate(`[...document.querySelectorAll("#list [role=option]")].find(e => e.querySelector(".what").textContent.startsWith(%q)).click()`, what)
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
	if got := p.evaluate(`[...document.querySelectorAll("#content .leaf")].filter(e => e.checkVisibility()).map(e => e.textContent).join("|")`); got !=
		`n: 12345678901234567890|d: 1.50|s: "a\nb"|t: true|z: null|__proto__: 2` {
		t.Errorf("the tree shows %v", got)
	}
	if got := p.text("#content summary"); got != "{ 8 members }" {
		t.Errorf("the root is %s", got)
	}
	if strings.Contains(p.text("#content"), "er: 1") {
		t.Error("a branch is made before it is opened")
	}
	p.evaluate(`[...document.querySelectorAll("#content summary")].find(e => e.textContent.startsWith("deep")).click()`)
	p.says("#content", "er: 1")

	p.look("[0,1,2")
	if got := p.text("#content summary"); got != "[ 250 elements ]" {
		t.Errorf("the root is %s", got)
	}
	if n := p.evaluate(`document.querySelectorAll("#content .leaf").length`); n != 0.0 {
		t.Errorf("a long list is open at first, with %v", n)
	}
	p.click("#content summary")
	p.says("#content button", "150 more")
	p.click("#content button")
	p.click("#content button")
	if n := p.evaluate(`document.querySelectorAll("#content .leaf").length + " " + document.querySelectorAll("#content button").length`); n != "250 0" {
		t.Errorf("after all was shown, there are %v leaves and buttons", n)
	}

	p.look(`["yyy`)
	p.says("#content", " … 1,000 more characters")
	p.look("{not")
	if p.evaluate(`document.querySelector("[name=view][value=json]").disabled`) != true || p.text("#content pre") != "{not JSON}" {
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
	if n := p.evaluate(`document.querySelector("#content pre").textContent.length`); n != 20000.0 {
		t.Errorf("of a long text %v characters are shown at first", n)
	}
	p.click("#content button")
	p.click("#content button")
	if got := p.text("#content pre"); len(got) != 100_003 || !strings.HasSuffix(got, "end") || p.shown("#content button") {
		t.Errorf("of a long text %d characters are shown", len(got))
	}

	p.look("00 01")
	if got := p.text("#summary"); !strings.Contains(got, "received binary") || !strings.Contains(got, "1.5 ms after the one before · 300,000 bytes") {
		t.Errorf("the summary is %s", got)
	}
	hex := func(n int) string {
		return p.evaluate(`document.querySelectorAll("#content .line")[%d].textContent`, n).(string)
	}
	if got, want := hex(4), "000040  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO"; got != want {
		t.Errorf("a row of bytes is %q, want %q", got, want)
	}
	if got := hex(7); !strings.HasSuffix(got, "pqrstuvwxyz{|}~·") {
		t.Errorf("what is not ASCII is shown as %q", got)
	}
	if n := p.evaluate(`document.querySelectorAll("#content .line").length`).(float64); n > 100 {
		t.Errorf("%v rows of bytes are in the document", n)
	}
	p.evaluate(`document.querySelector("#content").scrollTop = 1e9`)
	p.says("#content", "0493d0  d0 d1")

	p.look(`{"b"`)
	p.radio("view", "hex")
	if got := hex(0); !strings.HasPrefix(got, "000000  7b 22 62 22") {
		t.Errorf("the bytes of a text are %s", got)
	}
	p.click("#copy")
	if got := p.copied(); got != "000000  7b 22 62 22 3a 20 31 2e 30 7d                    {\"b\": 1.0}" {
		t.Errorf("copied as bytes: %q", got)
	}
	p.radio("view", "text")
	p.click("#copy")
	if got := p.copied(); got != `{"b": 1.0}` {
		t.Errorf("copied as text: %q", got)
	}
	p.radio("view", "json")
	p.click("#copy")
	if got := p.copied(); got != "{\n  \"b\": 1.0\n}" {
		t.Errorf("copied as JSON: %q", got)
	}
	p.click("#reuse")
	if got := p.evaluate(`document.querySelector("#message").value`); got != `{"b": 1.0}` || p.focused() != "message" {
		t.Errorf("%v is to be edited, with the focus in %s", got, p.focused())
	}

	p.size(390, 844)
	p.evaluate(`document.querySelector("[role=option]").click()`)
	p.radio("view", "text")
	p.look("00 01")
	if got := p.text("#content .line"); got != "000000  00 01 02 03 04 05 06 07  ········" {
		t.Errorf("on a phone a row of bytes is %q", got)
	}
	p.click("#pane-close")
	if p.shown("#pane") || p.focused() != "list" {
		t.Errorf("after the details were closed, the focus is in %s", p.focused())
	}
}
