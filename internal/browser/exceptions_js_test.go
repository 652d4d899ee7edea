package browser_test

import (
	"errors"
	"syscall/js"
	"testing"

	"github.com/airsocket/airsocket"
)

// script runs a function of JavaScript with the fake as its argument.
func (f fake) script(function string) js.Value {
	return js.Global().Call("eval", function).Invoke(f.Value)
}

// An exception of the browser, or a value that is none of those it should have, is the end of
// the connection, and not of the program.
func TestExceptions(t *testing.T) {
	for name, function := range map[string]string{
		"message in a transferred buffer": `f => { const b = new ArrayBuffer(8); structuredClone(b, {transfer: [b]}); f.fire("message", {data: b}); }`,
		"message in a Blob":               `f => f.fire("message", {data: new Blob(["text"])})`,
		"message without data":            `f => f.fire("message", {})`,
		"message that is a symbol":        `f => f.fire("message", {data: Symbol()})`,
		"close event without a code":      `f => f.fire("close", {})`,
		"close event with a bad code":     `f => f.fire("close", {code: "1000", reason: 7, wasClean: 1})`,
	} {
		t.Run(name, func(t *testing.T) {
			c, f := started(t, nil)
			f.script(function)
			c.want(airsocket.ErrBrowser)
			c.wantClose(1006, "", false)
			c.wantCall("close")
		})
	}

	t.Run("TextEncoder", func(t *testing.T) {
		c, f := started(t, nil)
		encoder := js.Global().Get("TextEncoder")
		defer js.Global().Set("TextEncoder", encoder)
		f.script(`f => { globalThis.TextEncoder = class { encode() { throw new RangeError("too long"); } }; }`)
		f.text("long")
		c.want(airsocket.ErrBrowser)
		c.wantClose(1006, "", false)
	})
	t.Run("buffer transferred before it is read", func(t *testing.T) {
		c, f := started(t, nil)
		c.Pause()
		f.script(`f => { f.later = new ArrayBuffer(1 << 20); f.fire("message", {data: f.later}); }`)
		f.text("more")
		f.script(`f => structuredClone(f.later, {transfer: [f.later]})`)
		c.Resume()
		c.want(airsocket.ErrBrowser)
		c.wantClose(1006, "", false)
		c.wantCall("close")
	})
	for _, function := range []string{
		`f => { f.send = () => { throw new DOMException("full", "QuotaExceededError"); }; }`,
		`f => { f.send = undefined; }`,
		`f => { const a = Uint8Array; globalThis.Uint8Array = class { constructor() { globalThis.Uint8Array = a; throw new RangeError("too long"); } }; }`,
	} {
		t.Run("send", func(t *testing.T) {
			c, f := started(t, nil)
			f.script(function)
			c.SendBytes([]byte("lost"))
			c.want(airsocket.ErrBrowser)
			c.wantClose(1006, "", false)
			c.wantCall("close")
		})
	}
	t.Run("close", func(t *testing.T) {
		c, f := started(t, nil)
		f.script(`f => { f.close = () => { throw new DOMException("not now", "InvalidAccessError"); }; }`)
		c.Close(3000, "done")
		c.want(airsocket.ErrBrowser)
		c.wantClose(1006, "", false)
	})
	t.Run("bufferedAmount", func(t *testing.T) {
		for _, is := range []string{`{value: undefined}`, `{value: NaN}`} {
			c, f := started(t, nil)
			f.script(`f => Object.defineProperty(f, "bufferedAmount", ` + is + `)`)
			c.Send("a")
			c.wantCall("send a")
		}
	})
	t.Run("protocol and extensions", func(t *testing.T) {
		c := newClient(t, nil)
		f := c.start()
		f.script(`f => { delete f.protocol; f.extensions = null; f.fire("open", {}); }`)
		c.want("open")
		if c.Protocol() != "" || c.Extensions() != "" {
			t.Errorf("the connection has %q, %q", c.Protocol(), c.Extensions())
		}
	})
}

// However a connection ends, or is not opened, nothing of this program is left in the
// browser's WebSocket: its listeners are released.
func TestListenersAreReleased(t *testing.T) {
	short := &airsocket.Options{HandshakeTimeout: 1, CloseTimeout: 1}
	for name, end := range map[string]func(t *testing.T) (c *client, ended airsocket.StatusCode){
		"close event": func(t *testing.T) (*client, airsocket.StatusCode) {
			c, f := started(t, nil)
			f.end(1000, "", true)
			return c, 1000
		},
		"close event without a code": func(t *testing.T) (*client, airsocket.StatusCode) {
			c, f := started(t, nil)
			f.script(`f => f.fire("close", {})`)
			return c, 1006
		},
		"Drop": func(t *testing.T) (*client, airsocket.StatusCode) {
			c, _ := started(t, nil)
			c.Drop(1000, "")
			return c, 1000
		},
		"Close without an answer": func(t *testing.T) (*client, airsocket.StatusCode) {
			c, _ := started(t, &airsocket.Options{CloseTimeout: 1})
			c.Close(1000, "")
			return c, 1006
		},
		"not opened": func(t *testing.T) (*client, airsocket.StatusCode) {
			c := newClient(t, nil)
			c.start().fail()
			return c, 1006
		},
		"opened too late": func(t *testing.T) (*client, airsocket.StatusCode) {
			c := newClient(t, short)
			c.start()
			return c, 1006
		},
		"Close while connecting": func(t *testing.T) (*client, airsocket.StatusCode) {
			c := newClient(t, nil)
			c.start()
			c.Close(1000, "")
			return c, 1006
		},
		"not constructed to the end": func(t *testing.T) (*client, airsocket.StatusCode) {
			c := newClient(t, nil)
			c.Connect("ws://half/")
			within(c, c.made)
			return c, 1006
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, code := end(t)
			for {
				e := within(c, c.events)
				if closed, ok := e.(airsocket.CloseEvent); ok {
					if closed.Code != code {
						t.Errorf("the code is %d, want %d", closed.Code, code)
					}
					break
				}
			}
			if name == "Drop" || name == "Close without an answer" {
				within(c, c.calls) // the first one is that of Drop and Close themselves
				within(c, c.calls)
			}
			// The runtime tells the console of calls of what is released.
			got := js.Global().Call("eval", `(() => {
				const error = console.error, listeners = lastFake.listeners, told = [];
				console.error = text => told.push(text);
				for (const f of listeners) f(new Event("late"));
				console.error = error;
				return listeners.length + ": " + told.join();
			})()`).String()
			const released = "call to released function"
			want := "4: " + released + "," + released + "," + released
			if name == "not constructed to the end" {
				want = "2: " + released + "," + released
			}
			if got != want {
				t.Errorf("the listeners are %s, want %s", got, want)
			}
		})
	}
}

// The browser is given what URL returns.
func TestURL(t *testing.T) {
	for _, u := range []struct {
		rules     airsocket.Rules
		url, want string
	}{
		{airsocket.RulesDefault, "ws://EXAMPLE.com:81/a b?c=\u00e9", "ws://EXAMPLE.com:81/a b?c=\u00e9"},
		{airsocket.RulesDefault, "http://example.com/", "ws://example.com/"}, // which not all browsers take
		{airsocket.RulesDefault, "HTTPS://example.com/", "wss://example.com/"},
		{airsocket.RulesBrowser, "HTTP://Example.com:80/%zz/../a^b?c=\u00e9", "ws://example.com/a%5Eb?c=%C3%A9"},
		{airsocket.RulesBrowser, "ws://u:%zz@example.com/%zz", "ws://u:%zz@example.com/%zz"},
	} {
		c := newClient(t, &airsocket.Options{Rules: u.rules})
		if err := c.Connect(u.url); err != nil {
			t.Fatal(err)
		}
		if got := within(c, c.asked); got != u.want+" " {
			t.Errorf("%s: the browser is given %s, want %s", u.url, got, u.want)
		}
		if want := map[airsocket.Rules]string{airsocket.RulesDefault: u.url, airsocket.RulesBrowser: u.want}[u.rules]; c.URL() != want {
			t.Errorf("%s: URL is %s", u.url, c.URL())
		}
		c.Drop(1000, "")
	}
	c := newClient(t, nil)
	if err := c.Connect("ws://user:word@example.com/"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("for a user Connect returns %v", err) // as browsers do not send it
	}
	for _, o := range []*airsocket.Options{nil, {Rules: airsocket.RulesBrowser}} {
		c := newClient(t, o)
		if err := c.Connect("ws://example.com/#there"); !errors.Is(err, airsocket.ErrURL) {
			t.Errorf("for a fragment Connect returns %v", err)
		}
	}
}
