package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A browser is a headless Chromium, which a Socket drives over the DevTools
// protocol.
type browser struct {
	t       testing.TB
	socket  *airsocket.Socket
	mu      sync.Mutex
	calls   int
	answers map[int]chan devtools
	events  map[string]chan devtools // by session and method
}

// devtools is a message of the DevTools protocol.
type devtools struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// startBrowser runs Chromium until the end of the test. Chromium uses only
// loopback.
func startBrowser(t testing.TB) *browser {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), find(t, "chromium", "chromium-browser", "google-chrome"),
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-background-timer-throttling", "--disable-component-update", "--disable-sync",
		"--ignore-certificate-errors", "--window-size=1100,800", "--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	url := make(chan string, 1)
	listening := regexp.MustCompile(`DevTools listening on (ws://\S+)`)
	runChild(t, cmd, cmd.StderrPipe, func(lines *bufio.Scanner) {
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				url <- m[1]
				return
			}
		}
		close(url)
	})

	b := &browser{t: t, answers: make(map[int]chan devtools), events: make(map[string]chan devtools)}
	b.socket = airsocket.NewSocket(wstest.OwnDispatcher(&airsocket.Options{MaxMessage: -1, MaxFrame: -1, Parallel: true}))
	open, ended := make(chan struct{}), make(chan struct{})
	b.socket.OnOpen(func(*airsocket.OpenEvent) { close(open) })
	b.socket.OnMessage(b.receive)
	b.socket.OnClose(func(*airsocket.CloseEvent) { close(ended) })
	if err := b.socket.Connect(within(t, url)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-open:
	case <-ended:
		t.Fatal("could not connect to the browser")
	}
	return b
}

func (b *browser) receive(e *airsocket.MessageEvent) {
	var m devtools
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

// eventsOf returns a channel with the events of a method that have not been
// read yet.
func (b *browser) eventsOf(session, method string) chan devtools {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.eventsLocked(session, method)
}

func (b *browser) eventsLocked(session, method string) chan devtools {
	c := b.events[session+method]
	if c == nil {
		c = make(chan devtools, 1024)
		b.events[session+method] = c
	}
	return c
}

// call calls a method and stores its result in result, unless that is nil.
func (b *browser) call(t testing.TB, session, method string, params map[string]any, result any) {
	t.Helper()
	answer := make(chan devtools, 1)
	b.mu.Lock()
	b.calls++
	id := b.calls
	b.answers[id] = answer
	b.mu.Unlock()
	if params == nil {
		params = map[string]any{}
	}
	text, err := json.Marshal(devtools{ID: id, Session: session, Method: method, Params: params})
	if err == nil {
		err = b.socket.Send(string(text))
	}
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	var m devtools
	select {
	case m = <-answer:
	case <-time.After(interopTimeout):
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

// A tab shows one page of a browser.
type tab struct {
	*browser
	t       testing.TB
	session string
}

// open shows the page at url in a new tab.
func (b *browser) open(t testing.TB, url string) *tab {
	t.Helper()
	var target struct{ TargetID string }
	b.call(t, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call(t, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	p := &tab{b, t, session.SessionID}
	p.do("Page.enable", nil)
	p.do("Runtime.enable", nil)
	p.do("Page.setLifecycleEventsEnabled", map[string]any{"enabled": true})
	var navigation struct{ LoaderID, ErrorText string }
	p.call(t, p.session, "Page.navigate", map[string]any{"url": url}, &navigation)
	if navigation.ErrorText != "" {
		t.Fatalf("%s: %s", url, navigation.ErrorText)
	}
	for timeout := time.After(interopTimeout); ; { // the load event of the blank page may come late
		select {
		case e := <-b.eventsOf(p.session, "Page.lifecycleEvent"):
			if m, _ := e.Params.(map[string]any); m["name"] == "load" && m["loaderId"] == navigation.LoaderID {
				return p
			}
		case <-timeout:
			t.Fatalf("%s does not load", url)
		}
	}
}

func (p *tab) do(method string, params map[string]any) {
	p.t.Helper()
	p.call(p.t, p.session, method, params, nil)
}

// evaluate returns the value of a JavaScript expression. It waits for a promise
// to be settled.
func (p *tab) evaluate(format string, args ...any) any {
	p.t.Helper()
	var v struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.call(p.t, p.session, "Runtime.evaluate", map[string]any{
		"expression": fmt.Sprintf(format, args...), "awaitPromise": true, "returnByValue": true,
	}, &v)
	if e := v.ExceptionDetails; e != nil {
		p.t.Fatalf("in the page: %s %s", e.Text, e.Exception.Description)
	}
	return v.Result.Value
}

// middle returns where the middle of an element is shown.
func (p *tab) middle(selector string) (x, y float64) {
	p.t.Helper()
	at, ok := p.evaluate(`(() => {
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

func (p *tab) mouse(typ string, x, y float64) {
	p.t.Helper()
	p.do("Input.dispatchMouseEvent", map[string]any{"type": typ, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1})
}

// click clicks on the middle of an element with the mouse.
func (p *tab) click(selector string) {
	p.t.Helper()
	x, y := p.middle(selector)
	p.mouse("mousePressed", x, y)
	p.mouse("mouseReleased", x, y)
}

// drag drags the mouse over an element, between two points relative to its
// middle.
func (p *tab) drag(selector string, fromX, fromY, toX, toY float64) {
	p.t.Helper()
	x, y := p.middle(selector)
	p.mouse("mousePressed", x+fromX, y+fromY)
	p.mouse("mouseMoved", x+toX, y+toY)
	p.mouse("mouseReleased", x+toX, y+toY)
}

// enter types text into the element that has the focus.
func (p *tab) enter(text string) {
	p.t.Helper()
	p.do("Input.insertText", map[string]any{"text": text})
}

// choose gives a file to a file input.
func (p *tab) choose(selector, file string) {
	p.t.Helper()
	var v struct{ Result struct{ ObjectID string } }
	p.call(p.t, p.session, "Runtime.evaluate", map[string]any{"expression": fmt.Sprintf("document.querySelector(%q)", selector)}, &v)
	p.do("DOM.setFileInputFiles", map[string]any{"files": []string{file}, "objectId": v.Result.ObjectID})
}

// until waits until a JavaScript condition is true in the page. It uses timers,
// because a tab that is hidden has no animation frames.
func (p *tab) until(condition string) {
	p.t.Helper()
	if ok, _ := p.evaluate(`new Promise(resolve => {
		const end = Date.now() + %d;
		(function look() {
			if (%s) resolve(true);
			else if (Date.now() > end) resolve(false);
			else setTimeout(look, 10);
		})();
	})`, (interopTimeout / 2).Milliseconds(), condition).(bool); !ok {
		p.t.Fatalf("in the page this does not become true: %s", condition)
	}
}

// screenshot writes a picture of the page.
func (p *tab) screenshot(file string) {
	p.t.Helper()
	var picture struct{ Data []byte }
	p.call(p.t, p.session, "Page.captureScreenshot", nil, &picture)
	if err := os.WriteFile(file, picture.Data, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (b *browser) look(testing.TB) {} // it has been started already

// start makes a WebSocket in the browser the peer. It is a client of the server
// of its page.
func (b *browser) start(t testing.TB, role string, options map[string]any) *side {
	t.Helper()
	script, err := os.ReadFile("testdata/peers/browser.js")
	if err != nil {
		t.Fatal(err)
	}
	page, ok := options["page"].(string)
	if !ok {
		page = strings.Replace(options["url"].(string), "ws", "http", 1)
	}
	p := b.open(t, page)
	them := newSide(t, "the browser")
	p.listenTo(t, them)
	p.evaluate("%s", script)
	them.do = func(c command) {
		t.Helper()
		arg, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		p.evaluate("obey(%s)", arg)
	}
	arg, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	p.evaluate("connect(%s)", arg)
	return them
}

// listenTo makes them tell what the page reports with the function tell.
func (p *tab) listenTo(t testing.TB, them *side) {
	t.Helper()
	p.do("Runtime.addBinding", map[string]any{"name": "tell"})
	go func() {
		told := p.eventsOf(p.session, "Runtime.bindingCalled")
		for {
			select {
			case m := <-told:
				params, _ := m.Params.(map[string]any)
				payload, _ := params["payload"].(string)
				var r report
				if err := json.Unmarshal([]byte(payload), &r); err != nil {
					r = report{Event: "error", Message: err.Error()}
				}
				them.tell(r)
			case <-t.Context().Done():
				return
			}
		}
	}()
}
