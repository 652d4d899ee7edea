package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/inspector"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// servePage serves the page, and gives its sockets to connect, or echoes what they send. It
// returns the URL of the page.
func servePage(t testing.TB, connect func(*airsocket.Socket)) string {
	t.Helper()
	srv := &airsocket.Server{Handler: inspector.Handler(), Options: &airsocket.Options{Parallel: true, MaxMessage: -1, MaxFrame: -1}}
	if connect == nil {
		connect = func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
		}
	}
	srv.OnConnect(connect)
	return serveSite(t, srv)
}

// serveSite returns the URL for a browser.
func serveSite(t testing.TB, srv *airsocket.Server) string {
	t.Helper()
	return strings.Replace(wstest.Serve(t, srv), "ws", "http", 1)
}

// serveCommand runs airsocket serve and returns the URL of its page.
func serveCommand(t testing.TB) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), buildCommand(t), "serve", "--listen", "127.0.0.1:0")
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

// buildCommand returns the path of the command.
func buildCommand(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "airsocket")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/airsocket/airsocket/cmd/airsocket").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// openPage shows the page in a new tab of its own, and fails the test at its end if a script
// has thrown or the policy of the page was violated.
func (b browser) openPage(t testing.TB, url string) *tab {
	t.Helper()
	p := b.open(t, url)
	p.Do("Log.enable", nil)
	p.Until(`document.querySelector("#key-list").firstChild`) // the scripts have run
	thrown, logged := p.Events("Runtime.exceptionThrown"), p.Events("Log.entryAdded")
	t.Cleanup(func() {
		for {
			select {
			case e := <-thrown:
				t.Errorf("a script of the page throws: %v", e.Params)
			case e := <-logged:
				if text := fmt.Sprint(e.Params); strings.Contains(text, "Content Security Policy") {
					t.Errorf("the page violates its policy: %s", text)
				}
			default:
				return
			}
		}
	})
	return p
}

// openConnected shows the page, connected.
func (b browser) openConnected(t testing.TB, url string) *tab {
	t.Helper()
	p := b.openPage(t, url)
	p.Click("#connect")
	p.state("open")
	return p
}

// state waits for a state of the connection.
func (p *tab) state(want string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`document.querySelector("#state").textContent === %q`, want))
}

// text returns what an element says.
func (p *tab) text(selector string) string {
	p.t.Helper()
	s, _ := p.Evaluate(`document.querySelector(%q).textContent`, selector).(string)
	return s
}

// says waits until an element says something.
func (p *tab) says(selector, want string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q)`, selector, want))
}

// shown reports whether an element is displayed, because a class that sets display can
// override the attribute hidden.
func (p *tab) shown(selector string) bool {
	p.t.Helper()
	return p.Evaluate(`document.querySelector(%q).checkVisibility()`, selector).(bool)
}

// fill replaces what is in a field.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.Click(selector)
	p.Evaluate(`document.querySelector(%q).select()`, selector)
	if text == "" {
		p.press("Delete")
	} else {
		p.Enter(text)
	}
}

// send sends a message in the format that is chosen.
func (p *tab) send(text string) {
	p.t.Helper()
	p.fill("#message", text)
	p.Click("#send")
}

// pick chooses an option of a select element, as a person does.
func (p *tab) pick(selector, value string) {
	p.t.Helper()
	p.Evaluate(`(() => {
		const e = document.querySelector(%q);
		e.value = %q;
		e.dispatchEvent(new Event("input", {bubbles: true}));
		e.dispatchEvent(new Event("change", {bubbles: true}));
	})()`, selector, value)
}

// radio clicks a radio button.
func (p *tab) radio(name, value string) {
	p.t.Helper()
	p.Click(fmt.Sprintf("[name=%s][value=%s] + span", name, value))
}

// A row of the log, as it is shown.
type row struct{ Direction, Kind, Since, Type, Size, What string }

// rows returns the rows that are drawn.
func (p *tab) rows() []row {
	p.t.Helper()
	s := p.Evaluate(`JSON.stringify([...document.querySelectorAll("#list [role=option]")].map(e => {
		const cell = name => e.querySelector("." + name).textContent;
		return {Direction: e.dataset.direction, Kind: e.dataset.kind, Since: cell("since"), Type: cell("type"), Size: cell("size"), What: cell("what")};
	}))`).(string)
	var rows []row
	if err := json.Unmarshal([]byte(s), &rows); err != nil {
		p.t.Fatal(err)
	}
	return rows
}

// contents returns what the rows that are drawn say.
func (p *tab) contents() string {
	p.t.Helper()
	var all []string
	for _, r := range p.rows() {
		all = append(all, r.What)
	}
	return strings.Join(all, "|")
}

// logs waits for a row.
func (p *tab) logs(direction, kind, content string) {
	p.t.Helper()
	p.Until(fmt.Sprintf(`[...document.querySelectorAll("#list [role=option]")].some(e =>
		(%q === "" || e.dataset.direction === %[1]q) && e.dataset.kind === %q && e.querySelector(".what").textContent.includes(%q))`, direction, kind, content))
}

// flushed waits until the log has been shown.
func (p *tab) flushed() {
	p.t.Helper()
	p.Evaluate(`import("/log.js").then(log => log.flush())`)
}

// copied returns what is in the clipboard.
func (p *tab) copied() string {
	p.t.Helper()
	p.browser.Call(p.t, "Browser.grantPermissions", map[string]any{"permissions": []string{"clipboardReadWrite", "clipboardSanitizedWrite"}}, nil)
	p.Do("Page.bringToFront", nil)
	s, _ := p.Evaluate(`navigator.clipboard.readText()`).(string)
	return s
}

// size gives the page a screen.
func (p *tab) size(width, height int) {
	p.t.Helper()
	p.Do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
}

// scheme selects light or dark.
func (p *tab) scheme(name string) {
	p.t.Helper()
	p.Do("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": name}}})
}

// keyCodes are the codes of keys that have no character.
var keyCodes = map[string]int{
	"Enter": 13, "Tab": 9, "Escape": 27, "Delete": 46, "End": 35, "Home": 36, "PageUp": 33, "PageDown": 34,
	"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, " ": 32,
}

// press presses a key, such as Enter, Shift+Enter or a.
func (p *tab) press(key string) {
	p.t.Helper()
	modifiers := 0
	for name, bit := range map[string]int{"Alt+": 1, "Shift+": 8} {
		if rest, ok := strings.CutPrefix(key, name); ok {
			key, modifiers = rest, bit
		}
	}
	event := map[string]any{"type": "keyDown", "key": key, "code": key, "modifiers": modifiers, "windowsVirtualKeyCode": keyCodes[key]}
	switch {
	case key == "Enter":
		event["text"] = "\r"
	case len(key) == 1:
		event["text"] = key
	}
	p.Do("Input.dispatchKeyEvent", event)
	p.Do("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": key, "modifiers": modifiers, "windowsVirtualKeyCode": keyCodes[key]})
}

// focused returns the id of the element that has the focus.
func (p *tab) focused() string {
	p.t.Helper()
	return p.Evaluate(`document.activeElement.id`).(string)
}

// capture keeps a screenshot of the page, with go test -artifacts.
func (p *tab) capture(name string) {
	p.t.Helper()
	p.Screenshot(filepath.Join(p.t.ArtifactDir(), name))
}
