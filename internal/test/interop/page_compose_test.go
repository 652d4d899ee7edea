package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

func TestInteropPageSends(t *testing.T) {
	b := startBrowser(t)
	received := make(chan string, 100)
	url := servePage(t, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			kind := "text"
			if e.Binary() {
				kind = "binary"
			}
			received <- fmt.Sprintf("%s %q", kind, e.Bytes())
		})
	})
	p := b.openPage(t, url)
	p.send("too early")
	p.says("#check", "Not sent: connect first")
	p.Click("#connect")
	p.state("open")

	arrives := func(want string) {
		t.Helper()
		if got := within(t, received); got != want {
			t.Errorf("the server receives %s, want %s", got, want)
		}
	}
	p.send("Gr\u00fc\u00dfe\n\u20ac")
	arrives("text \"Gr\u00fc\u00dfe\\n\u20ac\"")
	p.fill("#message", "one")
	p.press("Shift+Enter")
	p.Enter("two")
	p.press("Enter")
	arrives(`text "one\ntwo"`)
	p.fill("#message", "")
	p.Evaluate(`document.querySelector("#message").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true}))`)
	p.press("Enter") // the one before belongs to an input method
	arrives(`text ""`)
	if len(received) != 0 {
		t.Error("Enter in an input method sends the message")
	}

	wrong := func(format, text, check string) {
		t.Helper()
		p.fill("#message", text)
		if got := p.text("#check"); !strings.HasPrefix(got, check) {
			t.Errorf("of %s as %s the page says %q", text, format, got)
		}
		if p.Evaluate(`document.querySelector("#message").ariaInvalid`) != "true" {
			t.Errorf("%s as %s is not marked", text, format)
		}
		if got := p.Evaluate(`getComputedStyle(document.querySelector("#message")).borderColor`); got != "rgb(179, 32, 27)" {
			t.Errorf("%s as %s has a border of %v", text, format, got)
		}
		p.Click("#send")
		p.says("#check", "Not sent: ")
	}
	p.radio("format", "json")
	wrong("JSON", `{"a": 1,}`, "Not JSON: ")
	p.fill("#message", `{"a": 1}`)
	if got := p.text("#check"); got != "8 bytes, valid JSON" {
		t.Errorf("of JSON the page says %s", got)
	}
	p.press("Enter")
	arrives(`text "{\"a\": 1}"`)

	p.radio("format", "hex")
	wrong("hex", "01 0g", "Not hex: character 5 is not a hexadecimal digit")
	wrong("hex", "01 2", "Not hex: the number of digits is odd")
	p.send("0x00, ff:7F 8081")
	arrives(`binary "\x00\xff\x7f\x80\x81"`)

	p.radio("format", "base64")
	wrong("base64", "AP*8=", "Not base64: character 3 is not allowed")
	wrong("base64", "AP98A", "Not base64: the length or the padding is wrong")
	p.send("AP_8-w ==")
	arrives(`binary "\x00\xff\xfc\xfb"`)

	p.radio("format", "file")
	p.Click("#send")
	p.says("#check", "Not sent: choose a file first")
	file := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(file, []byte{0, 1, 0xfe}, 0o644); err != nil {
		t.Fatal(err)
	}
	p.Choose("#file", file)
	p.says("#check", "1 binary message, 3 B")
	p.Click("#send")
	arrives(`binary "\x00\x01\xfe"`)
	p.logs("sent", "message", "data.bin: 00 01 fe")

	// The last messages, the newest first, and without the ones that were not sent.
	if got := p.Evaluate(`[...document.querySelectorAll("#recent option")].map(e => e.textContent).join("|")`); got !=
		`Last messages|base64: AP_8-w ==|hex: 0x00, ff:7F 8081|json: {"a": 1}|text: |text: one\ntwo|text: Grüße\n€` {
		t.Errorf("the last messages are %v", got)
	}
	p.pick("#recent", `json: {"a": 1}`)
	if got := p.Evaluate(`document.querySelector("[name=format]:checked").value + document.querySelector("#message").value`); got != `json{"a": 1}` || p.focused() != "message" {
		t.Errorf("picked was %v", got)
	}
	p.press("Alt+ArrowUp")
	p.press("Enter")
	arrives(`text ""`)
	p.press("Alt+ArrowUp")
	p.press("Alt+ArrowUp")
	p.press("Alt+ArrowDown")
	p.press("Enter")
	arrives(`text ""`)
	if len(received) != 0 {
		t.Errorf("the server receives %s, too", <-received)
	}
}

// TestInteropPageRepeats lets a message go out every n milliseconds until it is stopped.
func TestInteropPageRepeats(t *testing.T) {
	b := startBrowser(t)
	received := make(chan time.Time, 10_000)
	p := b.openConnected(t, servePage(t, func(s *airsocket.Socket) {
		s.OnMessage(func(*airsocket.MessageEvent) { received <- time.Now() })
	}))
	p.Click("#repeat")
	p.fill("#interval", "20")
	if got := p.text("#send"); got != "Start" {
		t.Errorf("the button says %s", got)
	}
	p.send("again")
	p.says("#send", "Stop")
	first := within(t, received)
	var last time.Time
	for range 20 {
		last = within(t, received)
	}
	if took := last.Sub(first); took < 300*time.Millisecond {
		t.Errorf("20 messages at 20 ms come within %v", took)
	}
	p.Click("#send")
	p.says("#send", "Start")
	const count = `import("/log.js").then(log => { log.flush(); return log.entries.filter(e => e.data === "again").length; })`
	sent := p.Evaluate(count)
	p.Click("#repeat")
	p.send("by hand") // this takes longer than the interval
	p.logs("sent", "message", "by hand")
	if n := p.Evaluate(count); n != sent {
		t.Errorf("after Stop %v messages were sent, before %v", n, sent)
	}

	p.Click("#repeat")
	p.fill("#message", "again")
	p.Click("#send")
	p.says("#send", "Stop")
	p.Click("#connect")
	p.state("closed")
	p.says("#send", "Start")
}

// TestInteropPageSlowFile ends the connection while a file is read: the page says that the
// file was not sent.
func TestInteropPageSlowFile(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, nil))
	p.Evaluate(`Blob.prototype.arrayBuffer = () => new Promise(resolve => { read = () => resolve(new ArrayBuffer(3)); })`)
	file := filepath.Join(t.TempDir(), "data.bin")
	if err := os.WriteFile(file, []byte{1, 2, 3}, 0o600); err != nil {
		t.Fatal(err)
	}
	p.radio("format", "file")
	p.Choose("#file", file)
	p.Click("#send")
	p.Click("#connect")
	p.state("closed")
	p.Evaluate(`read()`)
	p.says("#check", "Not sent: connect first")
}

// TestInteropPageRepeatsToNobody repeats a long message to a server that does not read: what
// waits in the browser has a limit.
func TestInteropPageRepeatsToNobody(t *testing.T) {
	b := startBrowser(t)
	p := b.openConnected(t, servePage(t, func(s *airsocket.Socket) { s.Pause() }))
	const size = 100_000
	p.Evaluate(`import("/connection.js").then(c => { connection = c; document.querySelector("#message").value = "x".repeat(%d); })`, size)
	p.Click("#repeat")
	p.fill("#interval", "1")
	p.Click("#send")
	p.says("#send", "Stop")
	p.Until(`connection.socket.bufferedAmount >= 1 << 20`)
	p.Evaluate(`new Promise(resolve => { let ticks = 0; const id = setInterval(() => { if (++ticks === 20) resolve(clearInterval(id)); }, 10); })`)
	if n := p.Evaluate(`connection.socket.bufferedAmount`).(float64); n > 1<<20+size+100 {
		t.Errorf("%v bytes wait in the browser", n)
	}
	p.says("#buffered", "wait to be sent")
}
