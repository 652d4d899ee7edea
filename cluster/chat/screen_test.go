package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// browserTime is how long a test waits for the browser.
const browserTime = 60 * time.Second

// TestInteropChromium says something on the page of each of two nodes, and takes a picture
// of both pages. With go test -artifacts they are kept.
func TestInteropChromium(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("AIRSOCKET_INTEROP") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	host := startChromium(t, path)
	urls := startChat(t)
	ann, bob := openPage(t, host, urls[0]), openPage(t, host, urls[1])
	for _, p := range []*page{ann, bob} {
		p.until(`!document.querySelector("button").disabled`)
	}
	ann.say("Ann", "Hello from the first node!")
	bob.until(`document.querySelectorAll("article").length === 1`)
	bob.say("Bob", "I read you on the second one.")
	ann.until(`document.querySelectorAll("article").length === 2`)
	ann.say("Ann", "<b>No markup</b> is taken from messages.")
	const want = `["Ann node a Hello from the first node!","Bob node b I read you on the second one.","Ann node a <b>No markup</b> is taken from messages."]`
	for name, p := range map[string]*page{"node-a.png": ann, "node-b.png": bob} {
		p.until(`document.querySelectorAll("article").length === 3`)
		if got := p.evaluate(`JSON.stringify([...document.querySelectorAll("article")].map(e => [...e.children].map(c => c.textContent).join(" ")))`); got != want {
			t.Errorf("the page shows %v, want %s", got, want)
		}
		p.screenshot(filepath.Join(t.ArtifactDir(), name))
	}
}

// say types a message into the page and sends it.
func (p *page) say(name, text string) {
	p.t.Helper()
	p.evaluate(fmt.Sprintf(`nameInput.value = %q; textInput.value = %q; form.requestSubmit()`, name, text))
}

// startChromium runs Chromium until the end of the test, and returns the address of its
// DevTools protocol.
func startChromium(t *testing.T, path string) (host string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-background-timer-throttling", "--disable-component-update", "--disable-sync", "--window-size=760,560",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended; cmd.Wait() }) // the context has ended
	listening := regexp.MustCompile(`DevTools listening on ws://([^/]+)/`)
	found := make(chan string, 1)
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
			}
		}
	}()
	select {
	case host = <-found:
	case <-time.After(browserTime):
		t.Fatal("Chromium does not start")
	}
	return host
}

// A page is a tab of Chromium, which is told what to do over the DevTools protocol.
type page struct {
	t       *testing.T
	socket  *airsocket.Socket
	calls   int
	answers chan answer
}

type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// openPage shows the page at url in a new tab.
func openPage(t *testing.T, host, url string) *page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+host+"/json/new?about:blank", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var tab struct{ WebSocketDebuggerURL string }
	if err := json.NewDecoder(res.Body).Decode(&tab); err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, answers: make(chan answer, 1)}
	p.socket = airsocket.NewSocket(wstest.OwnDispatcher(&airsocket.Options{MaxMessage: -1, MaxFrame: -1}))
	open := make(chan bool, 2)
	p.socket.OnOpen(func(*airsocket.OpenEvent) { open <- true })
	p.socket.OnClose(func(*airsocket.CloseEvent) { open <- false })
	p.socket.OnMessage(func(e *airsocket.MessageEvent) {
		var a answer
		if err := json.Unmarshal(e.Bytes(), &a); err != nil {
			t.Errorf("Chromium says %.100s: %v", e.Bytes(), err)
		}
		if a.ID != 0 { // else it is an event
			p.answers <- a
		}
	})
	if err := p.socket.Connect(tab.WebSocketDebuggerURL); err != nil {
		t.Fatal(err)
	}
	if !<-open {
		t.Fatal("could not connect to Chromium")
	}
	t.Cleanup(func() { p.socket.Close(1000, "") })
	var navigation struct{ ErrorText string }
	if p.call("Page.navigate", map[string]any{"url": url}, &navigation); navigation.ErrorText != "" {
		t.Fatalf("%s: %s", url, navigation.ErrorText)
	}
	p.until(`document.readyState === "complete" && typeof connect === "function"`)
	return p
}

// call calls a method of the DevTools protocol.
func (p *page) call(method string, params map[string]any, result any) {
	p.t.Helper()
	p.calls++
	text, err := json.Marshal(map[string]any{"id": p.calls, "method": method, "params": params})
	if err == nil {
		err = p.socket.Send(string(text))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	select {
	case a := <-p.answers:
		if a.Error != nil {
			p.t.Fatalf("%s: %s", method, a.Error)
		}
		if err := json.Unmarshal(a.Result, result); err != nil {
			p.t.Fatal(err)
		}
	case <-time.After(browserTime):
		p.t.Fatalf("Chromium does not answer %s", text)
	}
}

// evaluate returns the value of a JavaScript expression.
func (p *page) evaluate(expression string) any {
	p.t.Helper()
	var v struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &v)
	if v.ExceptionDetails != nil {
		p.t.Fatalf("in the page: %s", v.ExceptionDetails)
	}
	return v.Result.Value
}

// until waits until a JavaScript condition is true in the page.
func (p *page) until(condition string) {
	p.t.Helper()
	if p.evaluate(fmt.Sprintf(`new Promise(resolve => {
		const end = Date.now() + %d;
		(function look() {
			if (%s) resolve(true);
			else if (Date.now() > end) resolve(false);
			else setTimeout(look, 10);
		})();
	})`, (browserTime/2).Milliseconds(), condition)) != true {
		p.t.Fatalf("in the page this does not become true: %s", condition)
	}
}

// screenshot writes a picture of the page, and checks that it shows something.
func (p *page) screenshot(file string) {
	p.t.Helper()
	var picture struct{ Data []byte }
	p.call("Page.captureScreenshot", map[string]any{"format": "png"}, &picture)
	if err := os.WriteFile(file, picture.Data, 0o644); err != nil {
		p.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(picture.Data))
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
