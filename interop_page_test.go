package airsocket_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestInteropPage uses the try-out page of the command as a person would. What
// it looks like is in out/ then.
func TestInteropPage(t *testing.T) {
	b := startBrowser(t)
	p := b.open(t, serveCommand(t))

	entry := func(direction, typ, content string) {
		t.Helper()
		p.until(fmt.Sprintf(`[...document.querySelectorAll("#log tr")].some(row =>
			row.dataset.direction === %q && row.dataset.type === %q && row.textContent.includes(%q))`, direction, typ, content))
	}
	p.click("#connect")
	p.until(`document.querySelector("#state").textContent === "open"`)
	entry("", "open", "ws://127.0.0.1:")

	p.click("#message")
	p.enter("Gr\u00fc\u00dfe <b>\u20ac</b>")
	p.click("#send")
	entry("sent", "text", "Gr\u00fc\u00dfe <b>\u20ac</b>")
	entry("received", "text", "Gr\u00fc\u00dfe <b>\u20ac</b>")

	file := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(file, []byte{0, 1, 0xfe, 0xff}, 0o644); err != nil {
		t.Fatal(err)
	}
	p.choose("#file", file)
	p.click("#send-file")
	entry("sent", "binary", "data.bin: 00 01 fe ff")
	entry("received", "binary", "00 01 fe ff")

	p.click("#close-reason")
	p.enter("that is all")
	p.click("#disconnect")
	entry("", "close", "1000 that is all")
	p.until(`document.querySelector("#state").textContent === "closed"`)

	if n := p.evaluate(`document.querySelectorAll("#log tr").length`); n != 6.0 {
		t.Errorf("the log has %v entries, want 6", n)
	}
	if err := os.MkdirAll("out", 0o755); err != nil {
		t.Fatal(err)
	}
	p.screenshot(filepath.Join("out", "page.png"))
}

// TestInteropPageCanvas draws on the canvas that two pages share.
func TestInteropPageCanvas(t *testing.T) {
	b := startBrowser(t)
	url := serveCommand(t)
	drawn := func(p *tab, x, y int) {
		t.Helper()
		p.until(fmt.Sprintf(`[...document.querySelector("#canvas").getContext("2d").getImageData(%d, %d, 1, 1).data].some(v => v > 0)`, x, y))
	}
	var pages []*tab
	for range 2 {
		p := b.open(t, url)
		p.click("#protocol")
		p.enter("lws-mirror-protocol")
		p.click("#connect")
		p.until(`!document.querySelector("#drawing").hidden`)
		// What a page draws comes back to it once it is a member, not before.
		p.evaluate(`line({x: 0, y: 0}, {x: 20, y: 0})`)
		drawn(p, 10, 0)
		pages = append(pages, p)
	}
	pages[1].evaluate(`document.querySelector("#canvas").scrollIntoView()`)
	pages[1].drag("#canvas", -100, -50, 100, 50)
	for _, p := range pages {
		drawn(p, 240, 150)
	}
}

// serveCommand runs airsocket serve and returns the address of its page.
func serveCommand(t testing.TB) string {
	t.Helper()
	command := filepath.Join(t.TempDir(), "airsocket")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "./cmd/airsocket").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), command, "serve", "--listen", "127.0.0.1:0")
	page := make(chan string, 1)
	address := regexp.MustCompile(`http://\S+`)
	runChild(t, cmd, cmd.StdoutPipe, func(lines *bufio.Scanner) {
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
