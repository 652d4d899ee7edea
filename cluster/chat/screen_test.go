package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/airsocket/airsocket/internal/test/chromium"
)

// TestInteropChromium says something on the page of each of two nodes, and takes a picture
// of both pages. With go test -artifacts they are kept.
func TestInteropChromium(t *testing.T) {
	b := chromium.Start(t)
	urls := startChat(t)
	ann, bob := &page{b.Open(t, urls[0]), t}, &page{b.Open(t, urls[1]), t}
	for _, p := range []*page{ann, bob} {
		p.Do("Emulation.setDeviceMetricsOverride", map[string]any{"width": 760, "height": 560, "deviceScaleFactor": 1, "mobile": false})
		p.Until(`!document.querySelector("button").disabled`)
	}
	ann.say("Ann", "Hello from the first node!")
	bob.Until(`document.querySelectorAll("article").length === 1`)
	bob.say("Bob", "I read you on the second one.")
	ann.Until(`document.querySelectorAll("article").length === 2`)
	ann.say("Ann", "<b>No markup</b> is taken from messages.")
	const want = `["Ann node a Hello from the first node!","Bob node b I read you on the second one.","Ann node a <b>No markup</b> is taken from messages."]`
	for name, p := range map[string]*page{"node-a.png": ann, "node-b.png": bob} {
		p.Until(`document.querySelectorAll("article").length === 3`)
		if got := p.Evaluate(`JSON.stringify([...document.querySelectorAll("article")].map(e => [...e.children].map(c => c.textContent).join(" ")))`); got != want {
			t.Errorf("the page shows %v, want %s", got, want)
		}
		p.picture(filepath.Join(t.ArtifactDir(), name))
	}
}

// A page is a page of the chat in a browser.
type page struct {
	*chromium.Tab
	t *testing.T
}

// say types a message into the page and sends it.
func (p *page) say(name, text string) {
	p.t.Helper()
	p.Evaluate(`nameInput.value = %q; textInput.value = %q; form.requestSubmit()`, name, text)
}

// picture writes a picture of the page, and checks that it shows something.
func (p *page) picture(file string) {
	p.t.Helper()
	p.Screenshot(file)
	data, err := os.Open(file)
	if err != nil {
		p.t.Fatal(err)
	}
	defer data.Close()
	img, err := png.Decode(data)
	if err != nil {
		p.t.Fatal(err)
	}
	colors := make(map[any]bool)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			colors[img.At(x, y)] = true
		}
	}
	if len(colors) < 20 {
		p.t.Errorf("%s has only %d colors", filepath.Base(file), len(colors))
	}
}
