package interop

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
)

// tabTo presses Tab until an element has the focus, and checks that it and all before it show
// that they have it.
func (p *tab) tabTo(id string) {
	p.t.Helper()
	for range 60 {
		p.press("Tab")
		if visible := p.Evaluate(`(() => {
			const e = document.activeElement;
			const at = e.parentElement.closest(".choice") ? e.nextElementSibling : e;
			const s = getComputedStyle(at);
			return e === document.body || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && e.getAttribute("style") === null;
		})()`); visible != true {
			p.t.Errorf("%q does not show that it has the focus", p.focused())
		}
		if p.focused() == id {
			return
		}
	}
	var path []string
	for range 60 {
		p.press("Tab")
		path = append(path, p.focused())
	}
	p.t.Fatalf("Tab does not lead to %s, but to %s", id, path)
}

// TestInteropPageKeyboard uses the page without a pointer.
func TestInteropPageKeyboard(t *testing.T) {
	b := startBrowser(t)
	received := make(chan string, 10)
	p := b.openPage(t, servePage(t, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			received <- e.Text()
			s.Send(e.Text())
		})
	}))
	p.Do("Page.bringToFront", nil)
	p.tabTo("url")
	p.press("Enter")
	p.state("open")
	p.Until(`document.activeElement.id === "message"`)
	for _, text := range []string{`{"a": [1, 2]}`, "second", "third"} {
		p.Enter(text)
		p.press("Enter")
		if got := within(t, received); got != text {
			t.Errorf("received is %s", got)
		}
		p.logs("received", "message", text)
	}

	// A letter in a text field is a letter.
	p.press("p")
	if got := p.Evaluate(`document.querySelector("#message").value`); got != "p" || p.text("#pause") != "Pause" {
		t.Errorf("p in the message makes it %v", got)
	}
	p.tabTo("send")
	p.press("l")
	if p.focused() != "list" {
		t.Errorf("l leads to %s", p.focused())
	}
	active := func(want string) {
		t.Helper()
		if got := p.Evaluate(`document.getElementById(document.querySelector("#list").getAttribute("aria-activedescendant"))?.querySelector(".what").textContent`); got != want {
			t.Errorf("selected is %v, want %s", got, want)
		}
		if n := p.Evaluate(`document.querySelectorAll("#list [aria-selected=true]").length`); n != 1.0 {
			t.Errorf("%v entries are selected", n)
		}
	}
	p.press("ArrowDown")
	active("third")
	p.press("ArrowUp")
	p.press("ArrowUp")
	active("second")
	p.press("Home")
	p.press("ArrowDown")
	active(`{"a": [1, 2]}`)
	p.press("End")
	active("third")
	p.press("PageUp")
	if p.shown("#pane") {
		t.Error("selecting shows the details, and covers the list of a phone")
	}
	p.press("ArrowDown")
	p.press("Enter")
	if !p.shown("#pane") || p.focused() != "list" {
		t.Error("Enter does not show the details")
	}
	p.says("#content", "a: [ 2 elements ]")
	p.tabTo("content")
	p.press("c")
	if got := p.copied(); !strings.Contains(got, `"a": [`) {
		t.Errorf("c copies %q", got)
	}
	p.press("r")
	if got := p.Evaluate(`document.querySelector("#message").value`); got != `{"a": [1, 2]}` || p.focused() != "message" {
		t.Errorf("r gives %v to be sent", got)
	}
	p.press("Escape")
	if p.shown("#pane") {
		t.Error("Escape does not close the details")
	}

	p.tabTo("send")
	p.press("p")
	p.says("#pause", "Resume")
	p.press("e")
	p.says("#pause", "Pause")
	p.press("/")
	p.Enter("sec")
	if got := p.contents(); got != "second|second" || p.focused() != "filter" {
		t.Errorf("after / and a text the log shows %s", got)
	}
	for key, id := range map[string]string{"u": "url", "m": "message"} {
		p.tabTo("send")
		p.press(key)
		if p.focused() != id {
			t.Errorf("%s leads to %s", key, p.focused())
		}
	}
	p.tabTo("send")
	p.press("o")
	p.state("closed")

	p.Do("Input.dispatchKeyEvent", map[string]any{"type": "rawKeyDown", "key": "o", "modifiers": 2}) // with Ctrl
	if p.text("#state") != "closed" {
		t.Error("a key of the browser connects")
	}
	// A key that is held down does its work once.
	p.Do("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "o", "text": "o", "autoRepeat": true})
	if p.text("#state") != "closed" {
		t.Error("a key that is held down connects again")
	}
	p.press("l")
	p.press("Home") // nothing that is shown was selected
	p.press("Home")
	p.Until(`document.querySelector("#follow").checkVisibility()`)
	p.tabTo("follow")
	p.press(" ")
	if p.shown("#follow") || p.focused() != "list" {
		t.Errorf("the button that disappears leaves the focus to %q", p.focused())
	}

	p.press("?")
	if p.Evaluate(`document.querySelector("#keys").open`) != true {
		t.Fatal("? does not show the keys")
	}
	for _, key := range []string{"o", "u", "m", "l", "e", "p", "/", "c", "r", "s", "?", "Enter", "Escape"} {
		if p.Evaluate(`[...document.querySelectorAll("#key-list kbd")].some(e => e.textContent === %q)`, key) != true {
			t.Errorf("the list of keys does not have %s", key)
		}
	}
	p.press("o") // not while it is shown
	p.tabTo("letters")
	p.press(" ")
	p.press("Escape")
	p.press("o")
	if p.Evaluate(`document.querySelector("#keys").open`) != false || p.text("#state") != "closed" {
		t.Error("letters that were switched off still work")
	}
	p.Evaluate(`document.activeElement.blur()`)

	// Tab leads to each control that is shown.
	p.Click("#options-button")
	p.look("second")
	seen := map[string]bool{}
	p.Evaluate(`document.querySelector("#url").focus()`)
	for range 60 {
		seen[p.Evaluate(`document.activeElement.id || document.activeElement.name || ""`).(string)] = true
		p.press("Tab")
	}
	all := p.Evaluate(`[...document.querySelectorAll("button, select, input, textarea, [tabindex='0']")].filter(e => e.checkVisibility() && !e.disabled).map(e => e.id || e.name)`).([]any)
	if len(all) < 30 {
		t.Errorf("only %d controls are shown", len(all))
	}
	for _, id := range all {
		if !seen[id.(string)] {
			t.Errorf("Tab does not lead to %v", id)
		}
	}
}
