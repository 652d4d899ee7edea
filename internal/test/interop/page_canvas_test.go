package interop

import (
	"fmt"
	"testing"
)

// drawn waits until something is drawn at a point of the canvas.
func (p *tab) drawn(x, y int) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`document.querySelector("#canvas").getContext("2d").getImageData(%d, %d, 1, 1).data.some(v => v > 0)`, x, y))
}

// TestInteropPageCanvas draws on the canvas that two pages share.
func TestInteropPageCanvas(t *testing.T) {
	b := startBrowser(t)
	url := serveCommand(t)
	var pages []*tab
	for range 2 {
		p := b.openPage(t, url)
		p.size(1280, 800)
		if p.shown("#canvas") {
			t.Error("the canvas is shown before the connection")
		}
		p.fill("#protocols", "lws-mirror-protocol")
		p.Click("#connect")
		p.state("open")
		p.Until(`document.querySelector("#canvas").checkVisibility() && document.activeElement.id === "canvas"`)
		// What a page draws comes back only after it has become a member. The pen begins in
		// the middle.
		p.press("ArrowLeft")
		p.press("Shift+ArrowLeft")
		p.drawn(233, 150)
		pages = append(pages, p)
	}
	pages[1].Do("Page.bringToFront", nil)
	pages[1].Drag("#canvas", -100, -50, 100, 50)
	for _, p := range pages {
		p.logs("received", "message", "d #2563eb ")
		p.drawn(240, 150)
	}
	// What does not come from a pen is not drawn, and is no error.
	pages[0].Evaluate(`import("/canvas.js").then(c => c.draw("d red 1 2;c blue 400 50 20;d javascript: 1 2 3 4;d #12345 9 9 99 99;x;;" + "d red 1 x 3 4;d green 300 280 340 280"))`)
	pages[0].drawn(320, 280)
	pages[0].drawn(420, 50)
	if got := pages[0].Evaluate(`document.querySelector("#canvas").getContext("2d").getImageData(50, 50, 1, 1).data[3]`); got != 0.0 {
		t.Error("a wrong color draws")
	}
	// What a peer sends costs time in proportion to its length: the square of that would be
	// many minutes.
	pages[0].Evaluate(`import("/canvas.js").then(c => { for (let i = 0; i < 20; i++) c.draw("d red" + " ".repeat(65_000) + "x"); c.draw(new Uint8Array(5)); })`)
	pages[0].Click("#clear-canvas")
	if got := pages[0].Evaluate(`document.querySelector("#canvas").getContext("2d").getImageData(320, 280, 1, 1).data[3]`); got != 0.0 {
		t.Error("Clear here leaves what was drawn")
	}
	pages[0].Click("#connect")
	pages[0].state("closed")
	if pages[0].shown("#canvas") {
		t.Error("the canvas is shown after the connection")
	}

	p := b.openConnected(t, url) // with no subprotocol
	if p.shown("#canvas") || p.shown("#pane") {
		t.Error("the canvas is shown where it does not work")
	}
}
