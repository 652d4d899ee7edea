package interop

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pictures of the page that the README shows")

// scene is what the pictures show. The times are always the same.
const scene = `(async () => {
	const log = await import("/log.js"), meter = await import("/meter.js");
	document.querySelector("#url").value = "ws://127.0.0.1:10081/quotes";
	const begin = new Date(2026, 10, 22, 9, 41).getTime();
	log.clear();
	meter.reset();
	const add = (ms, direction, data) => {
		const entry = {kind: "message", direction, data, time: begin + ms};
		log.add(entry);
		meter.add({...entry, time: log.now() + 5000 + ms});
	};
	for (let s = 0; s < 64; s++) {
		const n = 4 + 3 * Math.sin(s / 5) + s % 7;
		for (let i = 0; i < n; i++) meter.add({direction: i % 4 ? "received" : "sent", data: "", size: 1 << 15, time: log.now() + 3000 - 1000 * s});
	}
	log.add({kind: "open", text: "ws://127.0.0.1:10081/quotes \u00b7 permessage-deflate", time: begin});
	add(812, "sent", '{"subscribe": ["EURUSD", "XAUUSD"], "depth": 5}');
	add(813.1, "received", '{"subscribe": ["EURUSD", "XAUUSD"], "depth": 5}');
	for (let i = 0; i < 8; i++) {
		add(1900 + 250 * i, "received", JSON.stringify({type: "quote", symbol: i % 3 ? "EURUSD" : "XAUUSD", bid: i % 3 ? Number((1.08251 + i / 1e5).toFixed(5)) : 2614.5 + i}));
	}
	add(4100, "sent", "hello, w\u00f6rld");
	add(4100.8, "received", "hello, w\u00f6rld");
	add(5300, "sent", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52]));
	add(5301.2, "received", Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52]));
	log.add({kind: "ping", direction: "received", data: "are you there?", time: begin + 6000});
	add(7120, "received", JSON.stringify({type: "trade", id: 0, symbol: "XAUUSD", price: 2617.50, sides: ["buy", "sell"], maker: true, venue: {code: "XETR", lane: 7}, note: null}).replace('"id":0', '"id":12345678901234567890'));
	log.flush();
})()`

// TestInteropPagePicture takes the pictures that the README shows. -update writes them.
func TestInteropPagePicture(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	p.size(1280, 800)
	p.Evaluate("%s", scene)
	p.Evaluate(`document.querySelector("#list .space").lastChild.click()`)
	p.says("#content", "12345678901234567890")
	p.radio("format", "json")
	p.fill("#message", `{"subscribe": ["EURUSD", "XAUUSD", "BTCUSD"], "depth": 10}`)
	p.says("#check", "valid JSON")
	p.Until(`document.querySelector("#rate").textContent.length < 3 && document.querySelector("#rate").textContent !== "0"`)
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"light", "dark"} {
		name := "cmd/airsocket/page-" + scheme + ".png"
		p.scheme(scheme)
		file := filepath.Join("../../..", name)
		taken := filepath.Join(t.ArtifactDir(), "page-"+scheme+".png")
		p.Screenshot(taken)
		if *update {
			compress(t, taken, file)
		}
		if !strings.Contains(string(readme), `"`+name+`"`) {
			t.Errorf("the README does not show %s", name)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || picture.Width != 1280 || picture.Height != 800 || len(data) > 150_000 {
			t.Errorf("%s has %d bytes and is %v (%v)", name, len(data), picture, err)
		}
	}
	for _, screen := range []struct{ scheme, name string }{{"light", "phone"}, {"dark", "phone-dark"}} {
		p.size(390, 844)
		p.scheme(screen.scheme)
		p.Evaluate(`document.querySelector("#pane-close").click()`)
		p.capture(screen.name + ".png")
	}
}

// compress writes the picture in the file from to the file to, with its 256 most frequent
// colors, as it would be too long with all of them.
func compress(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[color.Color]int)
	box := picture.Bounds()
	for y := range box.Dy() {
		for x := range box.Dx() {
			count[picture.At(x, y)]++
		}
	}
	palette := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	few := image.NewPaletted(box, palette[:min(len(palette), 256)])
	draw.Draw(few, box, picture, image.Point{}, draw.Src)
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, few); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, small.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
