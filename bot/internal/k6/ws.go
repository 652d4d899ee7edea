package k6

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/websocket"
)

// ws is the module k6/ws, whose connect returns when the connection has ended. It holds up
// the script, and a goroutine.
func ws(v *VU) goja.Value {
	return v.exports(map[string]any{
		"connect": v.Realm.Func("connect", 2, func(_ goja.Value, args []goja.Value) goja.Value {
			if v.Init {
				v.fail("connect() cannot be called while the script itself runs: call it in a function")
			}
			params, fn := realm.Arg(args, 1), realm.Arg(args, 2)
			if len(args) == 2 {
				params, fn = goja.Undefined(), params
			}
			main, ok := goja.AssertFunction(fn)
			if !ok {
				v.fail("connect() needs a URL and a function")
			}
			return v.connect(v.Realm.Text(args[0]), params, main)
		}),
	})
}

// A blocking is a connection during whose life the script waits in connect. It has an event
// loop of its own, whose turns hand over what they have to call to the goroutine that waits.
type blocking struct {
	vu         *VU
	dispatcher *airsocket.Dispatcher
	socket     *airsocket.Socket
	main       goja.Callable
	object     *goja.Object
	handlers   map[string][]goja.Callable

	calls chan func()
	over  chan struct{} // closed when connect returns

	// Used in the turns, or while one waits.
	err    error // of the connection, before it was open
	status int   // of the answer
	thrown error // by the script
	opened bool
	timers map[*airsocket.Timer]struct{}
}

func (v *VU) connect(address string, params goja.Value, main goja.Callable) goja.Value {
	options, tags := v.params(params, websocket.Key.In(v.Realm).Options)
	options = options.Clone()
	options.Dispatcher, options.Rules = new(airsocket.Dispatcher), airsocket.RulesDefault
	var protocols []string
	if list := options.Header.Get("Sec-WebSocket-Protocol"); list != "" {
		for name := range strings.SplitSeq(list, ",") {
			protocols = append(protocols, strings.TrimSpace(name))
		}
		options.Header = options.Header.Clone()
		options.Header.Del("Sec-WebSocket-Protocol")
	}
	b := &blocking{
		vu: v, dispatcher: options.Dispatcher, socket: airsocket.NewSocket(options), main: main,
		handlers: make(map[string][]goja.Callable), timers: make(map[*airsocket.Timer]struct{}),
		calls: make(chan func()), over: make(chan struct{}),
	}
	b.object = b.build()
	v.opening(b.socket, v.tags.With(metrics.Tags{"url": address}).With(tags))
	ended := b.listen()
	ok := true
	if err := b.socket.Connect(address, protocols...); err != nil {
		b.err = err // there are no events
	} else {
		ok = b.wait(ended)
	}
	close(b.over)
	for t := range b.timers {
		t.Clear()
	}
	if b.thrown != nil {
		panic(b.thrown)
	}
	if !ok {
		return goja.Undefined()
	}
	return b.response(address)
}

// wait calls what the turns hand over until the connection has ended. It returns false if the VU
// is stopped before.
func (b *blocking) wait(ended <-chan struct{}) bool {
	for {
		select {
		case call := <-b.calls:
			call()
		case <-ended:
			return true
		case <-b.vu.Context.Done():
			b.dispatcher.Post(func() { b.socket.Drop(airsocket.StatusGoingAway, "") })
			return false
		}
	}
}

// hand makes the goroutine that waits in connect call fn, and waits for that.
func (b *blocking) hand(fn func() error) {
	done := make(chan struct{})
	call := func() {
		defer close(done)
		if b.thrown != nil {
			return
		}
		if b.thrown = fn(); b.thrown != nil {
			b.socket.Drop(airsocket.StatusGoingAway, "")
		}
	}
	select {
	case b.calls <- call:
		<-done
	case <-b.over:
	}
}

// listen sets the handlers of the connection. The channel is closed when it has ended.
func (b *blocking) listen() <-chan struct{} {
	r, s := b.vu.Realm, b.socket
	ended := make(chan struct{})
	s.OnOpen(func(*airsocket.OpenEvent) {
		b.opened = true
		b.hand(func() error {
			if _, err := b.main(goja.Undefined(), b.object); err != nil {
				return err
			}
			return b.call("open")
		})
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		b.hand(func() error {
			if e.Binary() {
				return b.call("binaryMessage", r.Buffer(e.Clone()))
			}
			return b.call("message", r.ToValue(e.Text()))
		})
	})
	s.OnPing(func(*airsocket.PingEvent) { b.hand(func() error { return b.call("ping") }) })
	s.OnPong(func(e *airsocket.PongEvent) {
		b.vu.pong(s, e.Data)
		b.hand(func() error { return b.call("pong") })
	})
	s.OnError(func(e *airsocket.ErrorEvent) {
		if !b.opened {
			b.err, b.status = e.Err, e.Status
			return
		}
		text := e.Err.Error()
		b.hand(func() error {
			o := r.NewObject()
			o.Set("error", func() string { return text })
			return b.call("error", o)
		})
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		if b.opened {
			code := int(e.Code)
			b.hand(func() error { return b.call("close", r.ToValue(code)) })
		}
		close(ended)
	})
	return ended
}

func (b *blocking) call(event string, args ...goja.Value) error {
	for _, fn := range b.handlers[event] {
		if _, err := fn(goja.Undefined(), args...); err != nil {
			return err
		}
	}
	return nil
}

// maxHandlers is how many handlers and timers a connection of k6/ws has at most.
const maxHandlers = 10_000

// build makes the object that connect passes to its function.
func (b *blocking) build() *goja.Object {
	v := b.vu
	r := v.Realm
	o := r.NewObject()
	failed := func(name string, err error) goja.Value {
		if err != nil && b.socket.ReadyState() == airsocket.StateOpen {
			v.fail("%s(): %w", name, err)
		}
		return goja.Undefined() // as in k6, what is sent on a closed connection is lost
	}
	method := func(name string, length int, fn func(args []goja.Value) goja.Value) {
		o.Set(name, r.Func(name, length, func(_ goja.Value, args []goja.Value) goja.Value { return fn(args) }))
	}
	method("on", 2, func(args []goja.Value) goja.Value {
		fn, ok := goja.AssertFunction(realm.Arg(args, 1))
		if !ok {
			v.fail("on() needs the name of an event and a function")
		}
		name := r.Text(args[0])
		if len(b.handlers) >= maxHandlers || len(b.handlers[name]) >= maxHandlers {
			v.fail("on(): a connection has at most %d handlers of an event", maxHandlers)
		}
		b.handlers[name] = append(b.handlers[name], fn)
		return goja.Undefined()
	})
	method("send", 1, func(args []goja.Value) goja.Value {
		return failed("send", b.socket.Send(r.Text(realm.Arg(args, 0))))
	})
	method("sendBinary", 1, func(args []goja.Value) goja.Value {
		data, ok := r.Bytes(realm.Arg(args, 0))
		if !ok {
			v.fail("sendBinary() needs an ArrayBuffer")
		}
		return failed("sendBinary", b.socket.SendBytes(data))
	})
	method("ping", 0, func([]goja.Value) goja.Value { return failed("ping", v.ping(b.socket)) })
	method("close", 0, func(args []goja.Value) goja.Value {
		code := airsocket.StatusGoingAway // which k6 sends too
		if a := realm.Arg(args, 0); !goja.IsUndefined(a) {
			code = airsocket.StatusCode(a.ToInteger())
		}
		err := b.socket.Close(code, "")
		if errors.Is(err, airsocket.ErrCode) {
			err = b.socket.Drop(code, "") // which may send the codes of servers too
		}
		return failed("close", err)
	})
	timer := func(name string, once bool, set func(*airsocket.Dispatcher, func(), time.Duration) *airsocket.Timer) {
		method(name, 2, func(args []goja.Value) goja.Value {
			fn, ok := goja.AssertFunction(realm.Arg(args, 0))
			delay := after(realm.Arg(args, 1), time.Millisecond)
			switch {
			case !ok || delay <= 0:
				v.fail("%s() needs a function and a time in milliseconds", name)
			case len(b.timers) >= maxHandlers:
				v.fail("%s(): a connection has at most %d timers", name, maxHandlers)
			}
			var t *airsocket.Timer
			t = set(b.dispatcher, func() {
				b.hand(func() error {
					if once {
						delete(b.timers, t)
					}
					_, err := fn(goja.Undefined())
					return err
				})
			}, delay)
			b.timers[t] = struct{}{}
			return goja.Undefined()
		})
	}
	timer("setTimeout", true, (*airsocket.Dispatcher).SetTimeout)
	timer("setInterval", false, (*airsocket.Dispatcher).SetInterval)
	return o
}

// response is what connect returns.
func (b *blocking) response(address string) goja.Value {
	o := b.vu.Realm.NewObject()
	o.Set("url", address)
	o.Set("body", "")
	o.Set("error", "")
	o.Set("headers", b.vu.Realm.NewObject())
	o.Set("status", b.status)
	switch {
	case b.opened:
		o.Set("status", http.StatusSwitchingProtocols)
	case b.err != nil:
		o.Set("error", b.err.Error())
	}
	return o
}
