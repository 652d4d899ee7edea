package browser_test

import (
	"errors"
	"syscall/js"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// fakeClass makes the class of WebSockets that tests drive: they tell what is done with them,
// and fire the events that the test says.
const fakeClass = `(made, called) => class extends EventTarget {
	constructor(url, protocols) {
		super();
		if (url.includes("forbidden")) throw new DOMException("not from a secure page", "SecurityError");
		Object.assign(this, {url, protocol: "", extensions: "", bufferedAmount: 0, listeners: []});
		globalThis.lastFake = this;
		queueMicrotask(() => made(this, url + " " + protocols.join())); // when it has its listeners
	}
	addEventListener(type, listener) {
		if (type === "close" && this.url.includes("half")) throw new TypeError("no more listeners");
		this.listeners.push(listener);
		super.addEventListener(type, listener);
	}
	send(data) {
		this.last = data;
		called(typeof data === "string" ? "send " + data.slice(0, 20) : "send " + data.length + " bytes, the last is " + data.at(-1));
	}
	close(...args) { called(["close", ...args].join(" ")); }
	fire(type, properties) { this.dispatchEvent(Object.assign(new Event(type), properties)); }
}`

// A fake stands for the browser's WebSocket.
type fake struct{ js.Value }

func (f fake) open(protocol, extensions string) {
	f.Set("protocol", protocol)
	f.Set("extensions", extensions)
	f.Call("fire", "open", map[string]any{})
}

func (f fake) text(s string) { f.Call("fire", "message", map[string]any{"data": s}) }

func (f fake) binary(n int) {
	array := js.Global().Get("Uint8Array").New(n)
	if n > 0 {
		array.SetIndex(n-1, 7)
	}
	f.Call("fire", "message", map[string]any{"data": array.Get("buffer")})
}

func (f fake) end(code int, reason string, clean bool) {
	f.Call("fire", "close", map[string]any{"code": code, "reason": reason, "wasClean": clean})
}

// fail fires the events of a connection that could not be opened or has been lost.
func (f fake) fail() {
	f.Call("fire", "error", map[string]any{})
	f.end(1006, "", false)
}

// A client is a Socket on fakes.
type client struct {
	*airsocket.Socket
	t      *testing.T
	events chan any    // what the handlers are told: a string, a number of bytes, an error, or a CloseEvent
	made   chan fake   // by Connect
	asked  chan string // the arguments of their constructor
	calls  chan string // of their methods
}

// newClient returns a client, and replaces the class WebSocket until the end of the test.
func newClient(t *testing.T, opts *airsocket.Options) *client {
	c := &client{
		Socket: airsocket.NewSocket(wstest.OwnDispatcher(opts.Clone())), t: t,
		events: make(chan any, 100), made: make(chan fake, 10), asked: make(chan string, 10), calls: make(chan string, 100),
	}
	made := js.FuncOf(func(_ js.Value, args []js.Value) any {
		c.made <- fake{args[0]}
		c.asked <- args[1].String()
		return nil
	})
	called := js.FuncOf(func(_ js.Value, args []js.Value) any {
		c.calls <- args[0].String()
		return nil
	})
	before := js.Global().Get("WebSocket")
	js.Global().Set("WebSocket", js.Global().Call("eval", fakeClass).Invoke(made, called))
	t.Cleanup(func() { js.Global().Set("WebSocket", before) })
	c.OnOpen(func(*airsocket.OpenEvent) { c.events <- "open" })
	c.OnMessage(func(e *airsocket.MessageEvent) {
		if e.Binary() {
			c.events <- len(e.Bytes())
		} else {
			c.events <- e.Text()
		}
	})
	c.OnError(func(e *airsocket.ErrorEvent) { c.events <- e.Err })
	c.OnClose(func(e *airsocket.CloseEvent) { c.events <- *e })
	return c
}

// start connects and returns the fake.
func (c *client) start(protocols ...string) fake {
	c.t.Helper()
	if err := c.Connect("ws://example.com:81/a?b=c", protocols...); err != nil {
		c.t.Fatal(err)
	}
	return within(c, c.made)
}

// started returns a client that is open, and its fake.
func started(t *testing.T, opts *airsocket.Options) (*client, fake) {
	t.Helper()
	c := newClient(t, opts)
	f := c.start()
	f.open("", "")
	c.want("open")
	return c, f
}

// want waits for an event.
func (c *client) want(want any) {
	c.t.Helper()
	switch got := within(c, c.events); want := want.(type) {
	case error:
		if err, ok := got.(error); !ok || !errors.Is(err, want) {
			c.t.Fatalf("the event is %v, want %v", got, want)
		}
	default:
		if got != want {
			c.t.Fatalf("the event is %v, want %v", got, want)
		}
	}
}

// wantClose waits for the close event.
func (c *client) wantClose(code airsocket.StatusCode, reason string, clean bool) {
	c.t.Helper()
	e, ok := within(c, c.events).(airsocket.CloseEvent)
	if !ok || e.Code != code || e.Reason != reason || e.WasClean != clean {
		c.t.Fatalf("the close event is %d %q %t, want %d %q %t", e.Code, e.Reason, e.WasClean, code, reason, clean)
	}
}

// wantCall waits for a call of the fake.
func (c *client) wantCall(want string) {
	c.t.Helper()
	if got := within(c, c.calls); got != want {
		c.t.Fatalf("the browser is asked to %q, want %q", got, want)
	}
}

func within[T any](c *client, from chan T) T {
	c.t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(wstest.Patience):
		c.t.Fatal("nothing happens")
		panic("unreachable")
	}
}
