package interop

import (
	"regexp"
	"testing"

	"github.com/airsocket/airsocket"
)

func TestInteropPageMeter(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	p.send("12345")
	p.logs("received", "message", "12345")
	p.radio("format", "hex")
	p.send("000102")
	p.logs("received", "message", "00 01 02")
	p.says("#sent", "2 · 8 B")
	p.says("#received", "2 · 8 B")
	p.Until(`/^[\d.]+ ms · median [\d.]+ ms$/.test(document.querySelector("#trip").textContent)`)
	p.Until(`document.querySelector("#rate").textContent === "4" || document.querySelector("#plot-sent").getAttribute("points").match(/,1(\.0)?( |$)/)`)
	for _, id := range []string{"sent", "received"} {
		points := p.Evaluate(`document.querySelector("#plot-%s").getAttribute("points")`, id).(string)
		if n := len(regexp.MustCompile(`\S+`).FindAllString(points, -1)); n != 60 {
			t.Errorf("the plot of what was %s has %d points", id, n)
		}
	}
	if got := p.Evaluate(`getComputedStyle(document.querySelector("#plot-sent")).stroke`); got != "rgb(29, 78, 216)" {
		t.Errorf("the plot is drawn with %v", got)
	}
	p.Click("#connect")
	p.state("closed")
	p.Click("#connect")
	p.state("open")
	p.says("#sent", "0 · 0 B")
	p.says("#trip", "–")
}

// TestInteropPageNoEcho measures no round trip where nothing comes back as it was sent.
func TestInteropPageNoEcho(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.Send("not " + e.Text()) })
	}))
	p.send("this")
	p.logs("received", "message", "not this")
	p.says("#received", "1 · 8 B")
	if got := p.text("#trip"); got != "–" {
		t.Errorf("without an echo the round trip takes %s", got)
	}

	// Each echo ends the oldest message that is like it, and what was sent before that has
	// got no answer.
	p.Evaluate(`import("/meter.js").then(meter => {
		meter.reset();
		const add = (direction, data, time) => meter.add({direction, data, size: 1, time});
		add("sent", "a", 1000);
		add("sent", "b", 1010);
		add("sent", new Uint8Array([1]), 1020);
		add("received", "b", 1110);
		add("received", "a", 1040);
		add("received", "\u0001", 1160);
		add("received", new Uint8Array([1]), 1170);
	})`)
	p.says("#trip", "150 ms · median 150 ms")
}
