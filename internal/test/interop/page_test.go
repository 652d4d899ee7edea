package interop

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// pictures is the folder for screenshots of the page, out/ in the folder of the
// module.
var pictures = filepath.Join("..", "..", "..", "out")

// TestInteropPage uses the test page of the command as a person would.
func TestInteropPage(t *testing.T) {
	b := startBrowser(t)
	p := b.open(t, serveCommand(t))
	p.Click("#connect")
	p.Until(`document.querySelector("#state").textContent === "open"`)
	p.logs("", "open", "ws://127.0.0.1:")

	p.Click("#message")
	p.Enter("Gr\u00fc\u00dfe <b>\u20ac</b>")
	p.Click("#send")
	p.logs("sent", "text", "Gr\u00fc\u00dfe <b>\u20ac</b>")
	p.logs("received", "text", "Gr\u00fc\u00dfe <b>\u20ac</b>")

	file := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(file, []byte{0, 1, 0xfe, 0xff}, 0o644); err != nil {
		t.Fatal(err)
	}
	p.Choose("#file", file)
	p.Click("#send-file")
	p.logs("sent", "binary", "data.bin: 00 01 fe ff")
	p.logs("received", "binary", "00 01 fe ff")

	p.Click("#closing summary")
	p.Click("#close-reason")
	p.Enter("that is all")
	p.Click("#disconnect")
	p.logs("", "close", "1000 that is all")
	p.Until(`document.querySelector("#state").textContent === "closed"`)

	if n := p.Evaluate(`document.querySelectorAll("#log tr").length`); n != 6.0 {
		t.Errorf("the log has %v entries, want 6", n)
	}
	p.capture("page.png")
}

// capture writes a screenshot of the page.
func (p *tab) capture(name string) {
	p.t.Helper()
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.Screenshot(filepath.Join(pictures, name))
}

// logs waits for an entry of the page's log.
func (p *tab) logs(direction, typ, content string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`[...document.querySelectorAll("#log tr")].some(row =>
		row.dataset.direction === %q && row.dataset.type === %q && row.textContent.includes(%q))`, direction, typ, content))
}

// TestInteropPageURL connects to a host that was typed without a scheme.
func TestInteropPageURL(t *testing.T) {
	b := startBrowser(t)
	url := serveCommand(t)
	p := b.open(t, url)
	host := strings.TrimPrefix(url, "http://")
	p.Click("#url")
	p.Evaluate(`document.querySelector("#url").select()`)
	p.Enter(host + "elsewhere")
	p.Click("#connect")
	p.logs("", "open", "ws://"+host+"elsewhere")
	if got := p.Evaluate(`document.querySelector("#url").value`); got != "ws://"+host+"elsewhere" {
		t.Errorf("the field says %v", got)
	}
}

// TestInteropPagePhone sends from a phone, and checks that the last events stay
// in sight and that the page is not wider than the screen.
func TestInteropPagePhone(t *testing.T) {
	b := startBrowser(t)
	url := serveCommand(t)
	for _, screen := range [][2]int{{390, 844}, {390, 660}} {
		p := b.open(t, url)
		p.Do("Emulation.setDeviceMetricsOverride", map[string]any{"width": screen[0], "height": screen[1], "deviceScaleFactor": 2, "mobile": true})
		p.Click("#connect")
		p.logs("", "open", "ws://127.0.0.1:")
		for i := range 10 { // more than fits into the log
			text := fmt.Sprintf("message %d, which is too long for one line of a phone", i)
			p.Evaluate(`document.querySelector("#message").select()`)
			p.Enter(text)
			p.Click("#send")
			p.logs("received", "text", text)
		}
		for _, what := range []string{"#send", "#log tr:nth-last-child(2)", "#log tr:last-child"} {
			if !p.inSight(what) {
				t.Errorf("on a phone of %v pixels, %s is not in sight after a message was sent", screen, what)
			}
		}
		if wide := p.Evaluate(`document.documentElement.scrollWidth`); wide != float64(screen[0]) {
			t.Errorf("the page is %v pixels wide on a phone of %v", wide, screen)
		}
		p.capture(fmt.Sprintf("page-phone-%d.png", screen[1]))
	}
}

// inSight reports whether a whole element is on the screen, with its corners
// uncovered.
func (p *tab) inSight(selector string) bool {
	p.t.Helper()
	seen, _ := p.Evaluate(`(() => {
		const e = document.querySelector(%q), box = e.getBoundingClientRect();
		const corners = [[box.left + 4, box.top + 4], [box.right - 4, box.top + 4], [box.left + 4, box.bottom - 4], [box.right - 4, box.bottom - 4]];
		return box.height > 0 && corners.every(([x, y]) => e.contains(document.elementFromPoint(x, y)));
	})()`, selector).(bool)
	return seen
}

// TestInteropPageHides checks what is really displayed, because a class that
// sets display can override the attribute hidden.
func TestInteropPageHides(t *testing.T) {
	b := startBrowser(t)
	url := serveCommand(t)
	for _, test := range []struct {
		protocol string
		shown    bool
	}{
		{"", false},
		{"lws-mirror-protocol", true},
	} {
		p := b.open(t, url)
		p.Do("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": "dark"}}})
		shows := func(when string, want bool) {
			t.Helper()
			if got := p.Evaluate(`getComputedStyle(document.querySelector("#drawing")).display`); (got != "none") != want {
				t.Errorf("with subprotocol %q, %s the connection, the canvas is displayed as %v", test.protocol, when, got)
			}
		}
		shows("before", false)
		p.Click("#protocol")
		p.Enter(test.protocol)
		p.Click("#connect")
		p.logs("", "open", "ws://127.0.0.1:")
		shows("in", test.shown)
		p.capture(fmt.Sprintf("page-dark-canvas-%t.png", test.shown))
		p.Click("#disconnect")
		p.logs("", "close", "1000")
		shows("after", false)
	}
}

// TestInteropPageCanvas draws on the canvas that two pages share.
func TestInteropPageCanvas(t *testing.T) {
	b := startBrowser(t)
	url := serveCommand(t)
	drawn := func(p *tab, x, y int) {
		t.Helper()
		p.Until(fmt.Sprintf(`[...document.querySelector("#canvas").getContext("2d").getImageData(%d, %d, 1, 1).data].some(v => v > 0)`, x, y))
	}
	var pages []*tab
	for range 2 {
		p := b.open(t, url)
		p.Click("#protocol")
		p.Enter("lws-mirror-protocol")
		p.Click("#connect")
		p.Until(`!document.querySelector("#drawing").hidden`)
		// What a page draws comes back only after it has become a member.
		p.Evaluate(`line({x: 0, y: 0}, {x: 20, y: 0})`)
		drawn(p, 10, 0)
		pages = append(pages, p)
	}
	pages[1].Evaluate(`document.querySelector("#canvas").scrollIntoView()`)
	pages[1].Drag("#canvas", -100, -50, 100, 50)
	for _, p := range pages {
		drawn(p, 240, 150)
	}
}

// serveCommand runs airsocket serve and returns the URL of its page.
func serveCommand(t testing.TB) string {
	t.Helper()
	command := filepath.Join(t.TempDir(), "airsocket")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "github.com/airsocket/airsocket/cmd/airsocket").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), command, "serve", "--listen", "127.0.0.1:0")
	page := make(chan string, 1)
	address := regexp.MustCompile(`http://\S+`)
	wstest.RunChild(t, cmd, cmd.StdoutPipe, func(lines *bufio.Scanner) {
		for lines.Scan() {
			if url := address.FindString(lines.Text()); url != "" {
				page <- url
				return
			}
		}
		close(page)
	})
	return within(t, page)
}
