package interop

import (
	"fmt"
	"strings"
	"testing"
)

// openLog shows the page with the entries of a JavaScript array in its log.
func (b browser) openLog(t testing.TB, url, entries string) *tab {
	t.Helper()
	p := b.openPage(t, url)
	p.Evaluate(`import("/log.js").then(log => {
		for (const e of %s) log.add(e);
		log.flush();
	})`, entries)
	return p
}

const someEntries = `[
	{kind: "open", url: "ws://x/", text: "ws://x/"},
	{kind: "message", direction: "sent", data: "Hello"},
	{kind: "message", direction: "received", data: '{"hello": 1}'},
	{kind: "message", direction: "sent", data: new Uint8Array([0, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 255])},
	{kind: "ping", direction: "received", data: "p"},
	{kind: "close", direction: "received", code: 1000, reason: "", clean: true, text: "1000"},
]`

func TestInteropPageFilter(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), someEntries)
	const all = `ws://x/|Hello|{"hello": 1}|00 68 65 6c 6c 6f ff|p|1000`
	if got := p.contents(); got != all {
		t.Fatalf("the log shows %s", got)
	}
	for _, test := range []struct{ text, direction, kind, want string }{
		{"hELLO", "", "", `Hello|{"hello": 1}|00 68 65 6c 6c 6f ff`},
		{".", "", "", ""},
		{"", "sent", "", "Hello|00 68 65 6c 6c 6f ff"},
		{"", "received", "", `{"hello": 1}|p`},
		{"", "", "text", `Hello|{"hello": 1}`},
		{"", "", "json", `{"hello": 1}`},
		{"", "", "binary", "00 68 65 6c 6c 6f ff"},
		{"", "", "control", "p"},
		{"", "", "event", "ws://x/|1000"},
		{"h", "sent", "text", "Hello"},
	} {
		p.fill("#filter", test.text)
		p.pick("#direction", test.direction)
		p.pick("#type", test.kind)
		if got := p.contents(); got != test.want {
			t.Errorf("%v leaves %s", test, got)
		}
		if p.shown("#no-match") != (test.want == "") {
			t.Errorf("%v: whether nothing matches is said wrongly", test)
		}
	}
	p.fill("#filter", "nothing has this")
	p.Click("#show-all")
	if got := p.contents(); got != all || p.focused() != "filter" {
		t.Errorf("after Show all, the log shows %s, and the focus is in %s", got, p.focused())
	}

	// What comes later is filtered, too.
	p.fill("#filter", "new")
	p.Evaluate(`import("/log.js").then(log => { for (const data of ["a new one", "another"]) log.add({kind: "message", direction: "sent", data}); log.flush(); })`)
	if got := p.contents(); got != "a new one" {
		t.Errorf("of later entries, the filter leaves %s", got)
	}
}

func TestInteropPageFind(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), someEntries)
	p.fill("#find", "hello")
	p.says("#found", "3 matches")
	selected := func(want, found string) {
		t.Helper()
		got := p.Evaluate(`document.querySelector("[aria-selected=true] .what").textContent`)
		if got != want || p.text("#found") != found {
			t.Errorf("found is %v, %s; want %s, %s", got, p.text("#found"), want, found)
		}
	}
	p.press("Enter")
	selected("Hello", "1 of 3")
	p.press("Enter")
	selected(`{"hello": 1}`, "2 of 3")
	p.press("Shift+Enter")
	selected("Hello", "1 of 3")
	p.Click("#find-back")
	selected("00 68 65 6c 6c 6f ff", "3 of 3")
	p.Click("#find-on")
	selected("Hello", "1 of 3")
	p.fill("#find", "no such thing")
	if got := p.text("#found"); got != "0 matches" {
		t.Errorf("of nothing it finds %s", got)
	}
}

// TestInteropPagePause checks that nothing moves while the log is paused or is not at its
// end.
func TestInteropPagePause(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `Array.from({length: 200}, (_, i) => ({kind: "message", direction: "sent", data: "m" + i}))`)
	more := func(n int) {
		t.Helper()
		p.Evaluate(`import("/log.js").then(log => { for (let i = 0; i < %d; i++) log.add({kind: "message", direction: "received", data: "later"}); log.flush(); })`, n)
	}
	if got := p.contents(); !strings.HasSuffix(got, "m199") || p.shown("#follow") {
		t.Errorf("the log does not show its end: %s", got)
	}
	p.Click("#pause")
	before := p.contents()
	more(3)
	if got := p.contents(); got != before || p.text("#pause") != "Resume" || p.text("#follow") != "↓ 3 newer" {
		t.Errorf("paused, the log says %s, and shows %s", p.text("#follow"), got)
	}
	if got := p.Evaluate(`document.querySelector("#pause").getAttribute("aria-pressed")`); got != "true" {
		t.Errorf("the pressed state of Pause is %v", got)
	}
	p.fill("#filter", "later")
	if got := p.contents(); got != "" {
		t.Errorf("paused, the filter finds %s", got)
	}
	p.fill("#filter", "")
	p.Evaluate(`document.querySelector("#list").scrollTop = 1e9`)
	p.Until(`document.querySelector("#list .space").lastChild.textContent.includes("m199")`)
	p.Click("#pause")
	if got := p.contents(); !strings.HasSuffix(got, "m199|later|later|later") || p.shown("#follow") {
		t.Errorf("after Resume the log shows %s", got)
	}

	p.Evaluate(`document.querySelector("#list").scrollTop = 480`)
	p.Until(`document.querySelector("#follow").checkVisibility()`)
	more(2)
	if got := p.Evaluate(`document.querySelector("#list").scrollTop`); got != 480.0 || p.text("#follow") != "↓ 2 newer" {
		t.Errorf("scrolled up, the log moves to %v and says %s", got, p.text("#follow"))
	}
	// The oldest entries go; what is in sight stays.
	top := p.Evaluate(`document.elementFromPoint(200, document.querySelector("#list").getBoundingClientRect().top + 5).closest(".row").textContent`)
	more(9_900)
	if got := p.Evaluate(`document.elementFromPoint(200, document.querySelector("#list").getBoundingClientRect().top + 5)?.closest(".row")?.textContent`); got != top && p.Evaluate(`document.querySelector("#list").scrollTop`) != 0.0 {
		t.Errorf("when old entries go, %v takes the place of %v", got, top)
	}
	p.Click("#follow")
	if p.shown("#follow") || !strings.HasSuffix(p.contents(), "later") {
		t.Error("the button does not lead to the end")
	}
	// A list that becomes smaller still follows, even if it is told of an old scroll first.
	p.Evaluate(`document.querySelector("#message").style.height = "300px"; document.querySelector("#list").dispatchEvent(new Event("scroll"))`)
	p.Until(`(e => e.scrollTop + e.clientHeight >= e.scrollHeight - 1)(document.querySelector("#list"))`)
	p.says("#dropped", "105 older not kept")
	p.Click("#clear")
	if !p.shown("#empty") || p.contents() != "" || p.text("#dropped") != "" {
		t.Error("Clear leaves something")
	}
}

// TestInteropPageBounds checks how much the log keeps, and how much of it is in the document.
func TestInteropPageBounds(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), `Array.from({length: 25_000}, (_, i) => ({kind: "message", direction: "sent", data: "m" + i}))`)
	if got := p.Evaluate(`import("/log.js").then(log => log.entries.length + " " + log.dropped + " " + log.entries[0].data)`); got != "10000 15000 m15000" {
		t.Errorf("the log keeps %v", got)
	}
	few := func(when string) {
		t.Helper()
		if n := p.Evaluate(`document.querySelectorAll("#list *").length`).(float64); n == 0 || n > 600 {
			t.Errorf("%s the list has %v elements", when, n)
		}
	}
	few("at the end,")
	if got := p.Evaluate(`document.querySelector("#list").scrollHeight / document.querySelector(".space .row").getBoundingClientRect().height`); got.(float64) < 9_999 {
		t.Errorf("one can scroll over %v rows", got)
	}
	p.Evaluate(`document.querySelector("#list").scrollTop = 100_000`)
	p.Until(`!document.querySelector("#list").textContent.includes("m24999")`)
	few("in the middle,")
	p.Evaluate(`document.querySelector("#list").scrollTop = 0`)
	p.Until(`document.querySelector(".space .row .what").textContent === "m15000"`)

	const mega = 1 << 20
	for data, per := range map[string]int{`"\u20ac".repeat(4 << 20)`: 12 * mega, `new Uint8Array(12 << 20)`: 12 * mega, `"x".repeat(5 << 20)`: 5 * mega} {
		got := p.Evaluate(`import("/log.js").then(log => {
			log.clear();
			for (let i = 0; i < 20; i++) log.add({kind: "message", direction: "sent", data: %s});
			log.flush();
			const held = log.entries.reduce((n, e) => n + (typeof e.data === "string" ? new TextEncoder().encode(e.data).length : e.data.buffer.byteLength), 0);
			return [held, log.bytes, log.entries.length, log.entries[0].size, log.entries[0].cut];
		})`, data).([]any)
		kept := min(per, 8*mega)
		if held := got[0].(float64); held > 64*mega || held < float64(kept*(64*mega/kept)-100) || got[1].(float64) > 64*mega {
			t.Errorf("of long data, %s, the log holds %v", data, got)
		}
		if got[3] != float64(per) || got[4] != (per > 8*mega) {
			t.Errorf("of long data, %s, the log says %v", data, got)
		}
	}
}

// TestInteropPageHostile shows what a peer must not be able to do.
func TestInteropPageHostile(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	const text = "<b onclick=x>\u20ac</b> \u202egnp.exe \u200b\u0007\u2066 \U000e0041 \u200d\ufeff\U000e0100 \u2764\ufe0f end"
	p.send(text)
	const want = `<b onclick=x>€</b> \u202egnp.exe \u200b\u0007\u2066 \udb40\udc41 ` + "\u200d" + `\ufeff\udb40\udd00 ` + "\u2764\ufe0f end"
	p.logs("received", "message", want)
	p.Click("#list .row:last-child")
	if got := p.text("#content pre"); got != want {
		t.Errorf("the inspector shows %q", got)
	}
	p.send(`{"<i>\u202e": "\u202e<i>"}`)
	p.Until(`[...document.querySelectorAll("#list .what")].filter(e => e.textContent.includes("{")).length === 2`)
	p.Evaluate(`document.querySelector("#list .space").lastChild.click()`)
	p.Until(`document.querySelector("#content .tree, #content.tree")`)
	if got := p.text("#content"); !strings.Contains(got, `<i>\u202e: "\u202e<i>"`) {
		t.Errorf("the tree shows %q", got)
	}
	if n := p.Evaluate(`document.querySelectorAll("#list b, #list i, #content b, #content i").length`); n != 0.0 {
		t.Error("markup of a message becomes elements")
	}
	// JSON can nest more deeply than a stack.
	deep := strings.Repeat("[", 100_000)
	p.Evaluate(`import("/log.js").then(log => { log.add({kind: "message", direction: "received", data: %q + "]".repeat(100_000)}); log.flush(); })`, deep)
	p.Evaluate(`document.querySelector("#list .space").lastChild.click()`)
	p.says("#summary", "200,000 bytes")
}

// TestInteropPageLiveRegion counts what is announced during a flood.
func TestInteropPageLiveRegion(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	p.Evaluate(`said = []; new MutationObserver(all => { for (const m of all) for (const n of m.addedNodes) said.push(n.textContent.trim()); })
		.observe(document.querySelector("#spoken"), {childList: true})`)
	p.send("hello")
	p.Until(`said.includes("received hello")`)
	p.Evaluate(`import("/announce.js").then(a => { for (let i = 0; i < 5000; i++) a.received("x"); })`)
	p.Until(`said.some(s => s === "received 5,000 messages")`)
	if n := p.Evaluate(`said.length`); n != 2.0 {
		t.Errorf("a flood is announced with %v", p.Evaluate(`said`))
	}
	if n := p.Evaluate(`document.querySelectorAll("#spoken *").length`).(float64); n > 5 {
		t.Errorf("the live region keeps %v announcements", n)
	}
	// The more there is, the longer are the pauses, until there is nothing.
	if got := p.Evaluate(`import("/announce.js?another").then(a => {
		const real = setTimeout, waits = [];
		let next = () => {};
		window.setTimeout = (fn, ms) => { next = fn; return waits.push(ms); };
		a.received("x");
		for (let i = 0; i < 5; i++) {
			a.received("x");
			next();
		}
		next();
		a.received("x");
		window.setTimeout = real;
		return waits.join(" ");
	})`); got != "2000 4000 8000 16000 32000 32000 2000" {
		t.Errorf("between announcements are pauses of %v", got)
	}
	if live := p.Evaluate(`document.querySelectorAll("#list[aria-live], #list [aria-live]").length`); live != 0.0 {
		t.Error("the list is live, too")
	}
	p.Click("#connect")
	p.Until(`said.some(s => s.startsWith("closed with 1005"))`)
	if got := fmt.Sprint(p.Evaluate(`document.querySelector("#spoken").role`)); got != "log" {
		t.Errorf("the live region has the role %s", got)
	}
}
