package events

import (
	"fmt"
	"slices"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// A Target is the state of an EventTarget (DOM, section 2.7). The states of classes that
// inherit from it embed it.
type Target struct {
	realm.Object
	listeners []*listener
}

type eventTarget interface {
	realm.Platform
	eventTarget() *Target
}

func (t *Target) eventTarget() *Target { return t }

func (t *Target) value() goja.Value {
	if t == nil {
		return goja.Null()
	}
	return t.Value()
}

// A listener is a function, or an object with a function handleEvent, that is called for
// events of a type.
type listener struct {
	typ      string
	callback *goja.Object
	capture  bool
	once     bool
	passive  bool
	handler  bool // it is the value of an attribute, such as onmessage
	removed  bool
	forget   func() // about the signal that removes it; may be nil
}

// MaxListeners is how many listeners an object may have.
const MaxListeners = 10_000

// TargetClass is the class EventTarget.
var TargetClass = &realm.Class{
	Name:      "EventTarget",
	Construct: func(*realm.Realm, []goja.Value) realm.Platform { return new(Target) },
	Operations: []realm.Operation{
		realm.Op("addEventListener", 2, func(r *realm.Realm, t eventTarget, args []goja.Value) goja.Value {
			t.eventTarget().add(r, args[0].String(), callback(r, "addEventListener", args[1]), realm.Arg(args, 2))
			return nil
		}),
		realm.Op("removeEventListener", 2, func(r *realm.Realm, t eventTarget, args []goja.Value) goja.Value {
			capture, _ := capture(r, realm.Arg(args, 2))
			t.eventTarget().remove(args[0].String(), callback(r, "removeEventListener", args[1]), capture)
			return nil
		}),
		realm.Op("dispatchEvent", 1, func(r *realm.Realm, t eventTarget, args []goja.Value) goja.Value {
			e, ok := realm.StateOf(args[0]).(event)
			if !ok {
				panic(r.NewTypeError("Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'."))
			}
			if e.event().dispatching {
				Throw(r, "InvalidStateError", "Failed to execute 'dispatchEvent' on 'EventTarget': The event is already being dispatched.")
			}
			e.event().trusted = false
			t.eventTarget().dispatch(r, e.event(), r.CallNested)
			return r.ToValue(!e.event().defaultPrevented)
		}),
	},
}

// callback returns a listener as an object, or nil if it is null or undefined.
func callback(r *realm.Realm, call string, v goja.Value) *goja.Object {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		panic(r.NewTypeError("Failed to execute '%s' on 'EventTarget': parameter 2 is not of type 'Object'.", call))
	}
	return o
}

// capture returns the option of that name, which may also be passed by itself.
func capture(r *realm.Realm, options goja.Value) (capture bool, dictionary *goja.Object) {
	if o, ok := options.(*goja.Object); ok {
		return realm.Member(r, o, "capture").ToBoolean(), o
	}
	return options.ToBoolean(), nil
}

func (t *Target) add(r *realm.Realm, typ string, callback *goja.Object, options goja.Value) {
	l := &listener{typ: typ, callback: callback}
	var dictionary *goja.Object
	var signal *Signal
	if l.capture, dictionary = capture(r, options); dictionary != nil {
		l.once = realm.Member(r, dictionary, "once").ToBoolean()
		l.passive = realm.Member(r, dictionary, "passive").ToBoolean()
		if v := realm.Member(r, dictionary, "signal"); !goja.IsUndefined(v) {
			signal = signalOf(r, "addEventListener", v)
		}
	}
	if callback == nil || signal != nil && signal.aborted || t.find(typ, callback, l.capture) >= 0 {
		return
	}
	if len(t.listeners) >= MaxListeners {
		Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to execute 'addEventListener' on 'EventTarget': it has %d listeners already.", MaxListeners))
	}
	t.listeners = append(t.listeners, l)
	if signal != nil {
		if len(signal.steps) >= MaxListeners {
			t.drop(l)
			Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to execute 'addEventListener' on 'EventTarget': %d listeners have this signal already.", MaxListeners))
		}
		l.forget = signal.Then(func() { t.drop(l) })
	}
}

func (t *Target) find(typ string, callback *goja.Object, capture bool) int {
	return slices.IndexFunc(t.listeners, func(l *listener) bool {
		return !l.handler && l.typ == typ && l.capture == capture && l.callback == callback
	})
}

func (t *Target) remove(typ string, callback *goja.Object, capture bool) {
	if i := t.find(typ, callback, capture); i >= 0 {
		t.drop(t.listeners[i])
	}
}

func (t *Target) drop(l *listener) {
	l.removed = true
	if l.forget != nil {
		l.forget()
	}
	t.listeners = slices.DeleteFunc(t.listeners, func(other *listener) bool { return other == l })
}

// RemoveAll removes all listeners.
func (t *Target) RemoveAll() {
	for _, l := range t.listeners {
		l.removed = true
		if l.forget != nil {
			l.forget()
		}
	}
	t.listeners = nil
}

// Listens reports whether somebody listens for events of a type.
func (t *Target) Listens(typ string) bool {
	return slices.ContainsFunc(t.listeners, func(l *listener) bool { return l.typ == typ })
}

// Handler returns the attributes for the handler of events of a type, such as onmessage
// (HTML, section 8.1.8.1).
func Handler(typ string) realm.Attribute {
	return realm.Attr("on"+typ,
		func(_ *realm.Realm, s eventTarget) goja.Value {
			t := s.eventTarget()
			if i := t.handler(typ); i >= 0 {
				return t.listeners[i].callback
			}
			return goja.Null()
		},
		func(_ *realm.Realm, s eventTarget, v goja.Value) {
			t := s.eventTarget()
			o, _ := v.(*goja.Object)
			switch i := t.handler(typ); {
			case o == nil && i >= 0:
				t.drop(t.listeners[i])
			case o != nil && i >= 0:
				t.listeners[i].callback = o // it keeps its place among the listeners
			case o != nil:
				t.listeners = append(t.listeners, &listener{typ: typ, callback: o, handler: true})
			}
		})
}

func (t *Target) handler(typ string) int {
	return slices.IndexFunc(t.listeners, func(l *listener) bool { return l.handler && l.typ == typ })
}

// Dispatch calls the listeners for an event, which the bot has made itself. It is called
// from the event loop.
func (t *Target) Dispatch(r *realm.Realm, e event) {
	e.event().trusted, e.event().time = true, r.Elapsed()
	t.dispatch(r, e.event(), r.Call)
}

type caller func(fn goja.Callable, this goja.Value, args ...goja.Value) goja.Value

func (t *Target) dispatch(r *realm.Realm, e *Event, call caller) {
	e.target, e.current, e.dispatching = t, t, true
	if !e.stopped {
		// Those that are added meanwhile are not called.
		listeners := slices.Clone(t.listeners)
		t.invoke(r, e, listeners, true, call)
		if !e.stopped {
			t.invoke(r, e, listeners, false, call)
		}
	}
	e.current, e.dispatching, e.stopped, e.stoppedNow = nil, false, false, false
}

// invoke calls the listeners with one value of capture: at the target those that capture
// are called first.
func (t *Target) invoke(r *realm.Realm, e *Event, listeners []*listener, capture bool, call caller) {
	for _, l := range listeners {
		if e.stoppedNow {
			return
		}
		if l.removed || l.typ != e.Type || l.capture != capture {
			continue
		}
		if l.once {
			t.drop(l)
		}
		e.passive = l.passive
		result := t.callOne(r, e, l, call)
		if e.passive = false; l.handler && result != nil && result.StrictEquals(r.ToValue(false)) {
			e.preventDefault()
		}
	}
}

func (t *Target) callOne(r *realm.Realm, e *Event, l *listener, call caller) goja.Value {
	if fn, ok := goja.AssertFunction(l.callback); ok {
		return call(fn, t.Value(), e.Value())
	}
	if l.handler {
		return nil
	}
	return call(func(this goja.Value, args ...goja.Value) (goja.Value, error) {
		var fn goja.Callable
		if ex := r.Try(func() {
			var ok bool
			if fn, ok = goja.AssertFunction(realm.Member(r, l.callback, "handleEvent")); !ok {
				panic(r.NewTypeError("The listener is no function, and has no function handleEvent."))
			}
		}); ex != nil {
			return nil, ex
		}
		return fn(this, args...)
	}, l.callback, e.Value())
}
