package interop

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/inspector"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestInteropPageServerSide lets a server tell its side of a connection as an observer does.
func TestInteropPageServerSide(t *testing.T) {
	b := startBrowser(t)
	order := make(chan string, 16)
	observers := make(chan *airsocket.Socket, 4)
	srv := &airsocket.Server{Handler: inspector.Handler(), Options: &airsocket.Options{Parallel: true}}
	srv.OnRequest(func(r *airsocket.Request) {
		if r.Target == "/observe" {
			r.Accept("airsocket-observe")
			return
		}
		order <- "connect " + r.Target
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		if s.Protocol() != "airsocket-observe" {
			return
		}
		s.OnMessage(func(e *airsocket.MessageEvent) {
			order <- e.Text()
			s.Send(`{"event":"watching"}`)
			observers <- s
		})
	})
	url := serveSite(t, srv)
	p := b.openPage(t, url)
	p.fill("#url", url+"chat?room=1#part")
	p.Click("#connect")
	p.state("open")
	if got := within(t, order); got != "connect /chat?room=1" {
		t.Errorf("without being asked to, the page observes: %s", got)
	}
	if p.shown("#pane") || p.shown("#tab") {
		t.Error("the server's side is shown at first")
	}
	p.Click("#connect")
	p.state("closed")

	p.Click("#options-button")
	p.Click("#observe")
	p.Click("#connect")
	for _, want := range []string{`{"watch":"/chat?room=1"}`, "connect /chat?room=1"} {
		if got := within(t, order); got != want {
			t.Errorf("the server sees %s, want %s", got, want)
		}
	}
	p.state("open")
	s := within(t, observers)
	p.says("#server-state", "Watching for the connection.")
	for _, e := range []string{
		`{"event":"request","time":0.01,"line":"GET /chat?room=1 HTTP/1.1","fields":[["Host","x"],["Cookie","9 characters, not shown"],["X-Evil","\u202e<b>"]]}`,
		`{"event":"answer","time":0.0102,"status":101,"line":"HTTP/1.1 101 Switching Protocols","fields":[["Upgrade","websocket"]]}`,
		`{"event":"open","time":0.0103,"version":"RFC 6455","subprotocol":"","extensions":"permessage-deflate; x=1"}`,
		`{"event":"frame","time":0.5,"direction":"received","type":"text","bytes":5}`,
		`{"event":"frame","time":0.51,"direction":"sent","type":"ping","bytes":0}`,
		`{"event":"skipped","count":7}`,
	} {
		s.Send(e)
	}
	p.says("#server-state", "Open after 0.0103 s")
	p.says("#server", "Frames: 9")
	if got := p.Evaluate(`[...document.querySelectorAll("#server h2, #server pre, #server tr")].map(e => e.tagName === "TR" ? [...e.cells].map(c => c.textContent).join(" ") : e.textContent).join("|")`); got !=
		`Request after 0.0100 s|GET /chat?room=1 HTTP/1.1
Host: x
Cookie: 9 characters, not shown
X-Evil: \u202e<b>|Answer after 0.0102 s|HTTP/1.1 101 Switching Protocols
Upgrade: websocket|Open after 0.0103 s|RFC 6455 · permessage-deflate; x=1|Frames: 9|0.5000 s ↓ received text 5 B|0.5100 s ↑ sent ping 0 B|  not shown 7` {
		t.Errorf("the page shows %v", got)
	}
	for range 1000 {
		s.Send(`{"event":"frame","time":1,"direction":"sent","type":"text","bytes":5}`)
	}
	p.says("#server", "Frames: 1009")
	if n := p.Evaluate(`document.querySelectorAll("#server tr").length`); n != 300.0 {
		t.Errorf("of many frames the page shows %v", n)
	}
	for range 1000 {
		s.Send(`{"event":"request","time":1,"line":"GET / HTTP/1.1","fields":[]}`)
	}
	s.Send(`{"event":"frame","time":1.5,"direction":"sent","type":"text","bytes":5}`)
	p.says("#server", "Frames: 1010")
	if n := p.Evaluate(`document.querySelectorAll("#server pre").length`); n != 300.0 {
		t.Errorf("of many requests the page shows %v", n)
	}
	s.Send(`{"event":"close","time":2,"code":1008,"reason":"enough","clean":false,"error":"a rule was broken"}`)
	const end = "Closed after 2.0000 s: 1008 · enough · no closing handshake · a rule was broken"
	p.says("#server-state", end)
	s.Close(1000, "")
	p.Click("#connect")
	p.state("closed")
	if got := p.text("#server-state"); got != end {
		t.Errorf("after the end the page says %s", got)
	}

	// A new connection is another watch.
	p.Click("#connect")
	p.state("open")
	second := within(t, observers)
	p.Until(`document.querySelector("#server").textContent === ""`)
	second.Send(`{"event":"refused","time":0.1,"error":"no"}`)
	p.says("#server-state", "Refused after 0.1000 s: no")
	p.Click("#connect")
	p.state("closed")

	p.fill("#url", "ws://127.0.0.1:1/")
	p.Click("#connect")
	p.state("closed")
	p.says("#server-state", "Only the page’s own server")

	p.Click("#observe")
	p.fill("#url", url)
	p.Click("#connect")
	p.state("open")
	if p.shown("#tab-server") {
		t.Error("the server's side is shown when it is not wanted any more")
	}
}

// TestInteropPageServerSideMissing connects although the server does not show its side.
func TestInteropPageServerSideMissing(t *testing.T) {
	b := startBrowser(t)
	var silent atomic.Bool
	srv := &airsocket.Server{Handler: inspector.Handler(), Options: &airsocket.Options{Parallel: true}}
	srv.OnRequest(func(r *airsocket.Request) {
		switch {
		case !strings.HasPrefix(r.Target, "/observe"):
			r.Accept("")
		case silent.Load():
			r.Accept("airsocket-observe")
		default:
			r.Reject(404, "")
		}
	})
	p := b.openPage(t, serveSite(t, srv))
	p.Click("#options-button")
	p.Click("#observe")
	for _, want := range []string{"This server does not show its side.", "The server does not answer."} {
		p.Click("#connect")
		p.state("open")
		p.says("#server-state", want)
		if got := fmt.Sprint(p.rows()); strings.Contains(got, "error") {
			t.Errorf("the log has %s", got)
		}
		p.Click("#connect")
		p.state("closed")
		silent.Store(true)
	}
}

// TestInteropPageObserves lets airsocket serve tell its side.
func TestInteropPageObserves(t *testing.T) {
	b := startBrowser(t)
	p := b.openPage(t, serveCommand(t))
	p.Click("#options-button")
	p.Click("#observe")
	p.fill("#protocols", "echo-protocol")
	p.Click("#connect")
	p.state("open")
	p.says("#server", "RFC 6455 · echo-protocol")
	p.send("hello")
	p.logs("received", "message", "hello")
	p.says("#server", "↑ senttext5 B")
	p.says("#server", "↓ receivedtext5 B")
	p.says("#server", "GET / HTTP/1.1\n")
	p.says("#server", "Sec-WebSocket-Version: 13\n")
	p.says("#server", "HTTP/1.1 101 Switching Protocols\n")
	p.says("#server", "Sec-WebSocket-Protocol: echo-protocol")
	p.Click("#close-code")
	p.Enter("3001")
	p.Click("#connect")
	p.state("closed")
	p.says("#server-state", "3001")
	if got := p.text("#server-state"); !strings.HasPrefix(got, "Closed after ") {
		t.Errorf("in the end the server says %s", got)
	}
	p.capture("server-side.png")
}

// TestInteropPageMounted mounts the page below a path of net/http, beside a Server that
// refuses connections.
func TestInteropPageMounted(t *testing.T) {
	b := startBrowser(t)
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{Parallel: true})}
	srv.OnRequest(func(r *airsocket.Request) { r.Reject(403, "not you") })
	mux := http.NewServeMux()
	mux.Handle("/inspect/", http.StripPrefix("/inspect", inspector.Observe(srv)))
	mux.Handle("/ws", srv)
	site := httptest.NewServer(mux)
	defer site.Close()
	defer srv.Close()
	p := b.openPage(t, site.URL+"/inspect/")
	if got := p.Evaluate(`document.querySelector("#url").value`); got != "" {
		t.Errorf("below a path, the page connects to %v, which is not its own", got)
	}
	for _, press := range []func(){func() { p.Click("#connect") }, func() { p.press("o") }} {
		p.Evaluate(`document.activeElement.blur()`)
		press()
		if p.focused() != "url" || strings.TrimSpace(p.text("#state")) != "closed" || p.contents() != "" {
			t.Errorf("without a URL, the focus is in %q, the log has %s", p.focused(), p.contents())
		}
	}
	p.Click("#options-button")
	p.Click("#observe")
	p.fill("#url", "/ws")
	p.Click("#connect")
	p.says("#server-state", "Refused after ")
	p.says("#server", "HTTP/1.1 403")
	p.logs("", "error", "The browser hides why")
	p.state("closed")
}
