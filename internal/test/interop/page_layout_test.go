package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// inSight reports whether a whole element is on the screen, with its corners uncovered.
func (p *tab) inSight(selector string) bool {
	p.t.Helper()
	seen, _ := p.Evaluate(`(() => {
		const e = document.querySelector(%q), box = e.getBoundingClientRect();
		const corners = [[box.left + 4, box.top + 4], [box.right - 12, box.top + 4], [box.left + 4, box.bottom - 4], [box.right - 12, box.bottom - 4]];
		return box.height > 0 && corners.every(([x, y]) => e.contains(document.elementFromPoint(x, y)));
	})()`, selector).(bool)
	return seen
}

// fits checks that the page is as wide as its screen, and that nothing sticks out of it.
func (p *tab) fits(width int, when string) {
	p.t.Helper()
	if got := p.Evaluate(`document.documentElement.scrollWidth`); got != float64(width) {
		p.t.Errorf("%s the page is %v pixels wide on a screen of %d", when, got, width)
	}
	if out := p.Evaluate(`[...document.querySelectorAll("button, select, input, textarea, #state, #counters, canvas")].filter(e => {
		const box = e.getBoundingClientRect();
		return e.checkVisibility() && box.width > 2 && (box.right > innerWidth + 1 || box.left < -1 || box.bottom > innerHeight + 1);
	}).map(e => e.id || e.name || e.outerHTML).join(" ")`); out != "" {
		p.t.Errorf("%s these are not all in sight: %v", when, out)
	}
}

// TestInteropPagePhone sends from a phone, and checks that the last entries stay in sight.
func TestInteropPagePhone(t *testing.T) {
	b := startBrowser(t)
	url := servePage(t, nil)
	for _, screen := range [][2]int{{390, 844}, {390, 660}} {
		p := b.openPage(t, url)
		p.size(screen[0], screen[1])
		p.fits(screen[0], "at first")
		p.Click("#connect")
		p.state("open")
		for i := range 10 { // more than fits into the log
			text := fmt.Sprintf("message %d, which is too long for one line of a phone", i)
			p.send(text)
			p.logs("received", "message", text)
		}
		last := func(when string) {
			t.Helper()
			p.Evaluate(`(() => { const all = document.querySelectorAll("#list .row"); all[all.length - 1].id = "last"; all[all.length - 2].id = "last-but-one"; })()`)
			for _, what := range []string{"#send", "#last", "#last-but-one"} {
				if !p.inSight(what) {
					t.Errorf("on a phone of %v pixels, %s is not in sight %s", screen, what, when)
				}
			}
		}
		last("after messages were sent")
		p.fits(screen[0], "while open")
		p.Evaluate(`document.querySelector("#last").click()`)
		p.says("#summary", "received text")
		if p.inSight("#last") || !p.inSight("#content") {
			t.Error("the details do not cover the log")
		}
		p.fits(screen[0], "with details")
		p.send("the end")
		p.logs("received", "message", "the end")
		last("after the details were covered by what was sent")
		p.Click("#more")
		p.fits(screen[0], "with more tools")
		if !p.shown("#type") {
			t.Error("More does not show the filter by type")
		}
		if got := p.Evaluate(`getComputedStyle(document.querySelector("#message")).fontSize`); got != "16px" {
			t.Errorf("the message is written in %v, and a phone would zoom in", got)
		}
	}
}

// TestInteropPageWide checks the places of the parts on a wide screen.
func TestInteropPageWide(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	p.size(1280, 800)
	p.send(`{"a": 1}`)
	p.logs("received", "message", "a")
	for _, what := range []string{"#message", "#send", "#list", "#url", "#connect", "#filter", "#save", "#plot"} {
		if !p.inSight(what) {
			t.Errorf("%s is not in sight", what)
		}
	}
	p.look(`{"a"`)
	p.fits(1280, "with details")
	box := func(selector string) map[string]float64 {
		var m map[string]float64
		if err := json.Unmarshal([]byte(p.Evaluate(`JSON.stringify(document.querySelector(%q).getBoundingClientRect())`, selector).(string)), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	list, pane, compose, header := box("#list"), box("#pane"), box("#compose"), box("header")
	if pane["left"] < list["right"] || compose["top"] < pane["bottom"] || header["bottom"] > list["top"] || list["height"] < 300 {
		t.Errorf("the list is at %v, the details at %v, what sends at %v", list, pane, compose)
	}
	for scheme, want := range map[string]string{"light": "rgb(255, 255, 255) rgb(26, 31, 39)", "dark": "rgb(23, 27, 33) rgb(228, 232, 238)"} {
		p.scheme(scheme)
		if got := p.Evaluate(`getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.body).color`); got != want {
			t.Errorf("the colors are %v in %s", got, scheme)
		}
	}
}

// TestInteropPageAccessible lets axe-core look at all that the page can show.
func TestInteropPageAccessible(t *testing.T) {
	b := startBrowser(t)
	axe, err := os.ReadFile(filepath.Join("testdata", "peers", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		wstest.Missing(t, err.Error())
	}
	url := serveCommand(t)
	for _, screen := range [][2]int{{1280, 800}, {390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			p := b.openPage(t, url)
			p.size(screen[0], screen[1])
			p.scheme(scheme)
			p.Evaluate("%s", axe)
			check := func(what string) {
				t.Helper()
				found := p.Evaluate(`axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => {
					if (r.passes.length < 15) throw new Error("axe-core has hardly looked");
					return r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join("\n")).join("\n");
				})`)
				if found != "" {
					t.Errorf("%s, %v, %s: %v", what, screen, scheme, found)
				}
			}
			check("at first")
			p.Click("#options-button")
			p.Evaluate(`document.querySelector("#more").click()`)
			p.fill("#protocols", "lws-mirror-protocol")
			p.Click("#observe")
			p.Click("#connect")
			p.state("open")
			check("canvas")
			p.Click("#connect")
			p.state("closed")
			p.fill("#protocols", "")
			p.Click("#connect")
			p.state("open")
			check("server's side")
			p.Evaluate(`document.querySelector("#options-button").click()`)
			p.Evaluate(`document.querySelector("#more").click()`)
			p.Evaluate(`document.querySelector("#pane-close").click()`)
			p.send(`{"a": ["b", 1, true, null]}`)
			p.logs("received", "message", "a")
			p.Evaluate(`import("/main.js"); import("/log.js").then(log => { log.add({kind: "error", text: "an error"}); log.flush(); })`)
			check("log")
			p.look(`{"a"`)
			check("JSON")
			p.radio("view", "hex")
			check("bytes")
			p.radio("view", "text")
			check("text")
			p.Evaluate(`document.querySelector("#pane-close").click()`)
			p.radio("format", "json")
			p.fill("#message", "{")
			p.fill("#filter", "no such thing")
			check("wrong JSON, and nothing matches")
			p.Evaluate(`document.querySelector("#keys-button").click()`)
			check("keys")
		}
	}
}

// TestInteropPageShort checks phones that lie on their side, and a page that is enlarged.
func TestInteropPageShort(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	p.send("hello")
	p.logs("received", "message", "hello")
	p.Evaluate(`document.querySelector("#details").textContent = "permessage-deflate; client_max_window_bits"`)
	for _, screen := range [][2]int{{844, 390}, {700, 500}, {640, 360}, {320, 256}} {
		p.size(screen[0], screen[1])
		if got := p.Evaluate(`document.documentElement.scrollWidth`); got.(float64) > float64(screen[0]) {
			t.Errorf("on a screen of %v the page is %v pixels wide", screen, got)
		}
		if got := p.Evaluate(`document.querySelector("#list").clientHeight`).(float64); got < 80 {
			t.Errorf("on a screen of %v the log has a height of %v", screen, got)
		}
		if got := p.Evaluate(`document.querySelector("#details").clientHeight`).(float64); got > 40 {
			t.Errorf("on a screen of %v what was negotiated has a height of %v", screen, got)
		}
		if got := p.Evaluate(`[...document.querySelectorAll("body, header, main, #compose, #toolbar")].filter(e => e.scrollHeight > e.clientHeight + 1 && e !== document.body).map(e => e.id || e.tagName).join(" ")`); got != "" {
			t.Errorf("on a screen of %v these have no room: %v", screen, got)
		}
	}
}

// TestInteropPageForcedColors checks that a selected entry can be seen in the colors of the system.
func TestInteropPageForcedColors(t *testing.T) {
	b := startBrowser(t)
	p := b.openLog(t, servePage(t, nil), someEntries)
	p.Do("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "forced-colors", "value": "active"}}})
	p.look("Hello")
	if got := p.Evaluate(`new Set([...document.querySelectorAll("#list .row")].map(e => getComputedStyle(e).backgroundColor)).size`); got != 2.0 {
		t.Errorf("a log with a selected entry has %v colors", got)
	}
	if got := p.Evaluate(`(() => {
		const system = make("p"), style = e => getComputedStyle(e);
		document.body.append(system);
		function make(name) { return document.createElement(name); }
		system.style.cssText = "forced-color-adjust: none; color: HighlightText; background: Highlight";
		const row = document.querySelector("[aria-selected=true]"), is = [style(row).backgroundColor, style(row.lastChild).color] + "", want = [style(system).backgroundColor, style(system).color] + "";
		system.remove();
		return is === want ? "" : is + ", want " + want;
	})()`); got != "" {
		t.Errorf("the selected entry has %v", got)
	}
}
