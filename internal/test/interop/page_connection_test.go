package interop

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/inspector"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// An ending is how a server sees that a connection ended.
type ending struct {
	code   airsocket.StatusCode
	reason string
}

func TestInteropPageConnection(t *testing.T) {
	b := startBrowser(t)
	endings := make(chan ending, 16)
	asked := make(chan string, 16)
	srv := &airsocket.Server{Handler: inspector.Handler(), Options: &airsocket.Options{Parallel: true, Protocols: []string{"a", "b"}}}
	srv.OnRequest(func(r *airsocket.Request) {
		asked <- r.Target + " " + strings.Join(r.Protocols, ",")
		if r.Target == "/refused" {
			r.Reject(403, "")
			return
		}
		if len(r.Protocols) == 0 {
			r.Accept("")
		} else {
			r.Accept("b")
		}
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnClose(func(e *airsocket.CloseEvent) { endings <- ending{e.Code, e.Reason} })
	})
	url := serveSite(t, srv)
	host := strings.Trim(strings.TrimPrefix(url, "http://"), "/")

	t.Run("one button", func(t *testing.T) {
		p := b.openPage(t, url)
		if !p.shown("#empty") || p.shown("#columns") || !strings.Contains(p.text("#empty"), "press Connect") {
			t.Error("an empty log does not say what to do")
		}
		if got := p.Evaluate(`document.querySelector("#url").value`); got != "ws://"+host+"/" {
			t.Errorf("the URL is %v at first", got)
		}
		p.Click("#connect")
		p.state("open")
		within(t, asked)
		p.logs("", "open", "ws://"+host+"/")
		if p.shown("#empty") || p.text("#connect") != "Disconnect" || p.Evaluate(`document.querySelector("#url").readOnly`) != true {
			t.Errorf("while open, the button says %s", p.text("#connect"))
		}
		p.Click("#connect")
		p.state("closed")
		if e := within(t, endings); e.code != 1005 {
			t.Errorf("without a code the server sees %v", e)
		}
		p.logs("sent", "close", "1005")
		if p.text("#connect") != "Connect" {
			t.Errorf("while closed, the button says %s", p.text("#connect"))
		}
	})

	t.Run("code and reason", func(t *testing.T) {
		p := b.openPage(t, url)
		if p.shown("#close-code") {
			t.Error("the options are shown at first")
		}
		p.Click("#options-button")
		p.fill("#close-code", "42")
		p.fill("#close-reason", "that is all")
		p.Click("#connect")
		p.state("open")
		within(t, asked)
		p.Click("#connect")
		p.logs("", "error", "close code")
		if p.text("#state") != "open" {
			t.Error("a code that the browser refuses ends the connection")
		}
		p.fill("#close-code", "3001")
		p.Click("#connect")
		p.state("closed")
		if e := within(t, endings); e != (ending{3001, "that is all"}) {
			t.Errorf("the server sees %v", e)
		}
		p.logs("sent", "close", "3001 · that is all")
		p.Click("#connect")
		p.state("open")
		within(t, asked)
		p.fill("#close-code", "")
		p.Click("#connect")
		p.state("closed")
		if e := within(t, endings); e != (ending{1000, "that is all"}) {
			t.Errorf("without a code the server sees %v", e)
		}
	})

	t.Run("URL and subprotocols", func(t *testing.T) {
		p := b.openPage(t, url)
		for typed, want := range map[string]string{
			host + "/x":             "ws://" + host + "/x",
			"  ws://" + host + "/x": "ws://" + host + "/x",
			"http://" + host + "/x": "ws://" + host + "/x",
			"/x":                    "ws://" + host + "/x",
		} {
			p.fill("#url", typed)
			p.fill("#protocols", "c, b a")
			p.press("Enter")
			p.state("open")
			p.says("#details", "b")
			if got := within(t, asked); got != "/x c,b,a" {
				t.Errorf("with the URL %s the server is asked for %s", typed, got)
			}
			if got := p.Evaluate(`document.querySelector("#url").value`); got != want {
				t.Errorf("the field says %v for %s", got, typed)
			}
			p.Click("#connect")
			p.state("closed")
			within(t, endings)
		}
	})

	t.Run("reload", func(t *testing.T) {
		p := b.openPage(t, url)
		p.fill("#url", "/x?y")
		p.fill("#protocols", "a b")
		p.Click("#connect")
		p.state("open")
		within(t, asked)
		p.Do("Page.reload", nil)
		within(t, endings)
		p.Until(`document.querySelector("#key-list")?.firstChild`)
		if got := p.Evaluate(`document.querySelector("#url").value + " " + document.querySelector("#protocols").value`); got != "ws://"+host+"/x?y a b" {
			t.Errorf("after a reload the page connects to %v", got)
		}
	})

	t.Run("refused", func(t *testing.T) {
		p := b.openPage(t, url)
		p.fill("#url", host+"/refused")
		p.Click("#connect")
		p.logs("", "error", "The browser hides why")
		within(t, asked)
		p.state("closed")
		p.says("#details", "this page’s server, or tick “Show the server’s side”")
		if got := p.Evaluate(`getComputedStyle(document.querySelector("[data-kind=error] .what")).color`); got != "rgb(179, 32, 27)" {
			t.Errorf("an error has the color %v", got)
		}
	})

	t.Run("elsewhere", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p := b.openPage(t, url)
		p.fill("#url", l.Addr().String()) // accepts, and does not answer
		p.Click("#connect")
		p.state("connecting")
		p.Click("#connect")
		p.state("closed")
		if strings.Contains(p.contents(), "could not connect") {
			t.Error("a connection that was given up is called an error")
		}
		l.Close()
		p.Click("#connect")
		p.logs("", "error", "See the log of that server.")
		p.fill("#url", "ws://[")
		p.Click("#connect")
		p.logs("", "error", "ws://[ is not a URL")
	})
}

// TestInteropPageConnectsAgain checks when the page connects again, and when it does not.
func TestInteropPageConnectsAgain(t *testing.T) {
	b := startBrowser(t)
	sockets := make(chan *airsocket.Socket, 16)
	url := servePage(t, func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { sockets <- s })
	})
	p := b.openPage(t, url)
	p.Evaluate(`Math.random = () => 0`)
	p.Click("#options-button")
	p.Click("#again")
	p.Click("#connect")
	for range 3 {
		within(t, sockets).Close(1012, "again")
	}
	s := within(t, sockets)
	p.logs("", "note", "connects again in 0.0 s")
	p.state("open")
	s.Close(1000, "enough")
	p.state("closed")

	p.Click("#connect")
	within(t, sockets)
	p.state("open")
	p.Click("#connect")
	p.state("closed")

	p.Click("#connect")
	s = within(t, sockets)
	p.state("open")
	p.Evaluate(`Math.random = () => .9`)
	s.Close(1012, "later")
	p.state("waiting")
	if p.text("#connect") != "Disconnect" {
		t.Errorf("while it waits, the button says %s", p.text("#connect"))
	}
	p.Click("#connect")
	p.state("closed")

	p.Click("#connect")
	s = within(t, sockets)
	p.state("open")
	p.Click("#again")
	s.Close(1012, "")
	p.state("closed")
	if len(sockets) != 0 {
		t.Error("the page connects again though it must not")
	}

	// What was typed into meanwhile keeps the focus.
	p.Evaluate(`Math.random = () => 0`)
	p.Click("#again")
	p.Click("#connect")
	s = within(t, sockets)
	p.state("open")
	p.Click("#filter")
	s.Close(1012, "")
	s = within(t, sockets)
	p.Until(`[...document.querySelectorAll("[data-kind=open]")].length > 0 && document.body.dataset.state === "open"`)
	if p.focused() != "filter" {
		t.Errorf("a new connection takes the focus to %s", p.focused())
	}
	p.Click("#again")
	s.Close(1012, "")
	p.state("closed")

	// The waits grow while a server ends all connections at once.
	p.Click("#clear")
	p.Evaluate(`Math.random = () => .05`)
	p.Click("#again")
	p.Click("#connect")
	for _, wait := range []string{"0.1", "0.1", "0.2", "0.4"} {
		within(t, sockets).Close(1012, "")
		p.logs("", "note", "connects again in "+wait+" s")
	}
	within(t, sockets)
	p.state("open")
	p.Click("#connect")
	p.state("closed")
	p.Click("#clear")
	p.Click("#again")

	// The waits grow while nobody answers.
	p.Evaluate(`Math.random = () => .05`)
	p.Click("#again")
	p.fill("#url", "127.0.0.1:1")
	p.Click("#connect")
	for _, wait := range []string{"0.1", "0.2", "0.4"} {
		p.logs("", "note", "connects again in "+wait+" s")
	}
	p.Click("#connect")
	p.state("closed")
}

// TestInteropPageCommand lets a shell read the line that makes the same connection.
func TestInteropPageCommand(t *testing.T) {
	b := startBrowser(t)
	url := servePage(t, nil)
	host := strings.TrimPrefix(url, "http://")
	p := b.openPage(t, url)
	p.Click("#options-button")
	for _, test := range []struct {
		url, protocols string
		again          bool
		want           string
	}{
		{host, "", false, "connect|ws://" + host},
		{host + "a?b=c&d=1#e", "one, two", true, "connect|-subprotocol|one|-subprotocol|two|-reconnect|ws://" + host + "a?b=c&d=1"},
		{"wss://other.example/it's$(touch x);`y`!*?q=\\ z", "", false,
			"connect|-origin|" + strings.TrimSuffix(url, "/") + "|wss://other.example/it's$(touch%20x);%60y%60!*?q=\\%20z"},
	} {
		p.fill("#url", test.url)
		p.fill("#protocols", test.protocols)
		p.Evaluate(`document.querySelector("#again").checked = %t`, test.again)
		p.Click("#copy-command")
		line := p.copied()
		out, err := exec.CommandContext(t.Context(), wstest.Find(t, "sh"), "-c", fmt.Sprintf(`airsocket() { printf '%%s|' "$@"; }; %s`, line)).Output()
		if got := strings.TrimSuffix(string(out), "|"); err != nil || got != test.want {
			t.Errorf("a shell reads %s as %s (%v), want %s", line, got, err, test.want)
		}
	}
	p.says("#details", "command copied")
}
