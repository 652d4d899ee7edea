// Package chromium lets tests use a headless Chromium, which a Socket drives over the
// DevTools protocol. Chromium uses only loopback.
package chromium

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// patience is how long a test waits for anything.
const patience = time.Minute

// A Browser is a running Chromium.
type Browser struct {
	t       testing.TB
	socket  *airsocket.Socket
	mu      sync.Mutex
	calls   int
	answers map[int]chan Message
	events  map[string]chan Message // by session and method
}

// A Message is a call, an answer or an event of the DevTools protocol.
type Message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start runs Chromium until the end of the test. It skips the test if Chromium is not on
// this machine.
func Start(t testing.TB) *Browser {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), wstest.Find(t, "chromium", "chromium-browser", "google-chrome"),
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-background-timer-throttling", "--disable-component-update", "--disable-sync",
		"--ignore-certificate-errors", "--window-size=1100,800", "--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	url := make(chan string, 1)
	listening := regexp.MustCompile(`DevTools listening on (ws://\S+)`)
	wstest.RunChild(t, cmd, cmd.StderrPipe, func(lines *bufio.Scanner) {
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				url <- m[1]
				return
			}
		}
		close(url)
	})

	b := &Browser{t: t, answers: make(map[int]chan Message), events: make(map[string]chan Message)}
	b.socket = airsocket.NewSocket(wstest.OwnDispatcher(&airsocket.Options{MaxMessage: -1, MaxFrame: -1, Parallel: true}))
	open, ended := make(chan struct{}), make(chan struct{})
	b.socket.OnOpen(func(*airsocket.OpenEvent) { close(open) })
	b.socket.OnMessage(b.receive)
	b.socket.OnClose(func(*airsocket.CloseEvent) { close(ended) })
	select {
	case u := <-url:
		if err := b.socket.Connect(u); err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("Chromium does not start")
	}
	select {
	case <-open:
	case <-ended:
		t.Fatal("could not connect to the browser")
	}
	return b
}

func (b *Browser) receive(e *airsocket.MessageEvent) {
	var m Message
	if err := json.Unmarshal(e.Bytes(), &m); err != nil {
		b.t.Errorf("the browser says %.100s: %v", e.Bytes(), err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ID != 0 {
		b.answers[m.ID] <- m
		delete(b.answers, m.ID)
		return
	}
	select {
	case b.eventsLocked(m.Session, m.Method) <- m:
	default: // the test does not read these events
	}
}

func (b *Browser) eventsLocked(session, method string) chan Message {
	c := b.events[session+method]
	if c == nil {
		c = make(chan Message, 1024)
		b.events[session+method] = c
	}
	return c
}

// Call calls a method of the DevTools protocol that is the browser's rather than a page's, and
// stores its result in result, unless that is nil.
func (b *Browser) Call(t testing.TB, method string, params map[string]any, result any) {
	t.Helper()
	b.call(t, "", method, params, result)
}

// Events returns a channel with the events of a method of the browser that have not been
// read yet.
func (b *Browser) Events(method string) <-chan Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.eventsLocked("", method)
}

// call is Call in a session, which is that of a page, or "".
func (b *Browser) call(t testing.TB, session, method string, params map[string]any, result any) {
	t.Helper()
	answer := make(chan Message, 1)
	b.mu.Lock()
	b.calls++
	id := b.calls
	b.answers[id] = answer
	b.mu.Unlock()
	if params == nil {
		params = map[string]any{}
	}
	text, err := json.Marshal(Message{ID: id, Session: session, Method: method, Params: params})
	if err == nil {
		err = b.socket.Send(string(text))
	}
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	var m Message
	select {
	case m = <-answer:
	case <-time.After(patience):
		t.Fatalf("the browser does not answer %s", text)
	}
	if m.Error != nil {
		t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
	}
}

// A Tab shows one page of a Browser.
type Tab struct {
	browser *Browser
	t       testing.TB
	session string
}

// Open shows the page at url in a new tab.
func (b *Browser) Open(t testing.TB, url string) *Tab {
	t.Helper()
	var target struct{ TargetID string }
	b.call(t, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call(t, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	p := &Tab{b, t, session.SessionID}
	p.Do("Page.enable", nil)
	p.Do("Runtime.enable", nil)
	p.Do("Page.setLifecycleEventsEnabled", map[string]any{"enabled": true})
	p.Navigate(url)
	return p
}

// For returns the same tab for a subtest.
func (p *Tab) For(t testing.TB) *Tab { return &Tab{p.browser, t, p.session} }

// Navigate shows the page at url, and waits until it is loaded.
func (p *Tab) Navigate(url string) {
	p.t.Helper()
	var navigation struct{ LoaderID, ErrorText string }
	p.Call("Page.navigate", map[string]any{"url": url}, &navigation)
	if navigation.ErrorText != "" {
		p.t.Fatalf("%s: %s", url, navigation.ErrorText)
	}
	for timeout := time.After(patience); ; { // the load event of the page before may come late
		select {
		case e := <-p.Events("Page.lifecycleEvent"):
			if m, _ := e.Params.(map[string]any); m["name"] == "load" && m["loaderId"] == navigation.LoaderID {
				return
			}
		case <-timeout:
			p.t.Fatalf("%s does not load", url)
		}
	}
}

// Do calls a method of the DevTools protocol.
func (p *Tab) Do(method string, params map[string]any) {
	p.t.Helper()
	p.Call(method, params, nil)
}

// Call calls a method of the DevTools protocol and stores its result in result, unless
// that is nil.
func (p *Tab) Call(method string, params map[string]any, result any) {
	p.t.Helper()
	p.browser.call(p.t, p.session, method, params, result)
}

// Events returns a channel with the events of a method that have not been read yet.
func (p *Tab) Events(method string) <-chan Message {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	return p.browser.eventsLocked(p.session, method)
}

// Evaluate returns the value of a JavaScript expression. It waits for a promise
// to be settled.
func (p *Tab) Evaluate(format string, args ...any) any {
	p.t.Helper()
	var v struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.Call("Runtime.evaluate", map[string]any{
		"expression": fmt.Sprintf(format, args...), "awaitPromise": true, "returnByValue": true,
	}, &v)
	if e := v.ExceptionDetails; e != nil {
		p.t.Fatalf("in the page: %s %s", e.Text, e.Exception.Description)
	}
	return v.Result.Value
}

// middle returns where the middle of an element is shown.
func (p *Tab) middle(selector string) (x, y float64) {
	p.t.Helper()
	at, ok := p.Evaluate(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "nearest", behavior: "instant"});
		const box = e.getBoundingClientRect();
		return [box.x + box.width / 2, box.y + box.height / 2];
	})()`, selector).([]any)
	if !ok {
		p.t.Fatalf("the page has no %s", selector)
	}
	return at[0].(float64), at[1].(float64)
}

func (p *Tab) mouse(typ string, x, y float64) {
	p.t.Helper()
	p.Do("Input.dispatchMouseEvent", map[string]any{"type": typ, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1})
}

// Click clicks on the middle of an element with the mouse.
func (p *Tab) Click(selector string) {
	p.t.Helper()
	x, y := p.middle(selector)
	p.mouse("mousePressed", x, y)
	p.mouse("mouseReleased", x, y)
}

// Drag drags the mouse over an element, between two points relative to its
// middle.
func (p *Tab) Drag(selector string, fromX, fromY, toX, toY float64) {
	p.t.Helper()
	x, y := p.middle(selector)
	p.mouse("mousePressed", x+fromX, y+fromY)
	p.mouse("mouseMoved", x+toX, y+toY)
	p.mouse("mouseReleased", x+toX, y+toY)
}

// Enter types text into the element that has the focus.
func (p *Tab) Enter(text string) {
	p.t.Helper()
	p.Do("Input.insertText", map[string]any{"text": text})
}

// Choose gives a file to a file input.
func (p *Tab) Choose(selector, file string) {
	p.t.Helper()
	var v struct{ Result struct{ ObjectID string } }
	p.Call("Runtime.evaluate", map[string]any{"expression": fmt.Sprintf("document.querySelector(%q)", selector)}, &v)
	p.Do("DOM.setFileInputFiles", map[string]any{"files": []string{file}, "objectId": v.Result.ObjectID})
}

// Until waits until a JavaScript condition is true in the page. It uses timers,
// because a tab that is hidden has no animation frames.
func (p *Tab) Until(condition string) {
	p.t.Helper()
	if ok, _ := p.Evaluate(`new Promise(resolve => {
		const end = Date.now() + %d;
		(function look() {
			if (%s) resolve(true);
			else if (Date.now() > end) resolve(false);
			else setTimeout(look, 10);
		})();
	})`, (patience / 2).Milliseconds(), condition).(bool); !ok {
		p.t.Fatalf("in the page this does not become true: %s", condition)
	}
}

// Screenshot writes a picture of the page.
func (p *Tab) Screenshot(file string) {
	p.t.Helper()
	var picture struct{ Data []byte }
	p.Call("Page.captureScreenshot", nil, &picture)
	if err := os.WriteFile(file, picture.Data, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
