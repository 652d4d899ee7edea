package events

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// MaxTimeouts is how many signals of AbortSignal.timeout may wait at a time.
const MaxTimeouts = 100_000

// A Signal is the state of an AbortSignal (DOM, section 3.2).
type Signal struct {
	Target
	aborted bool
	reason  goja.Value
	steps   []*func()
}

// Then calls fn when the signal is aborted, until forget is called. It does nothing if the
// signal is aborted already.
func (s *Signal) Then(fn func()) (forget func()) {
	if !s.aborted {
		s.steps = append(s.steps, &fn)
	}
	return func() {
		s.steps = slices.DeleteFunc(s.steps, func(other *func()) bool { return other == &fn })
	}
}

// Reason returns why the signal was aborted, or nil if it was not.
func (s *Signal) Reason() goja.Value { return s.reason }

// abort aborts the signal. call is how its listeners are called.
func (s *Signal) abort(r *realm.Realm, reason goja.Value, call caller) {
	if s.aborted {
		return
	}
	if goja.IsUndefined(reason) {
		reason = NewException(r, "AbortError", "signal is aborted without reason")
	}
	s.aborted, s.reason = true, reason
	steps := s.steps
	s.steps = nil
	for _, step := range steps {
		(*step)()
	}
	e := &Event{Type: "abort", trusted: true, time: r.Elapsed()}
	r.Wrap(EventClass, e)
	s.dispatch(r, e, call)
}

// SignalOf returns the signal that v is, or nil if v is undefined or null. It throws if v is
// something else.
func SignalOf(r *realm.Realm, call string, v goja.Value) *Signal {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return nil
	}
	return signalOf(r, call, v)
}

func signalOf(r *realm.Realm, call string, v goja.Value) *Signal {
	s, ok := realm.StateOf(v).(*Signal)
	if !ok {
		panic(r.NewTypeError("Failed to execute '%s': member signal is not of type 'AbortSignal'.", call))
	}
	return s
}

// SignalClass is the class AbortSignal.
var SignalClass = &realm.Class{
	Name:   "AbortSignal",
	Parent: TargetClass,
	Attributes: []realm.Attribute{
		realm.Attr("aborted", func(r *realm.Realm, s *Signal) goja.Value { return r.ToValue(s.aborted) }, nil),
		realm.Attr("reason", func(_ *realm.Realm, s *Signal) goja.Value {
			if s.reason == nil {
				return goja.Undefined()
			}
			return s.reason
		}, nil),
		Handler("abort"),
	},
	Operations: []realm.Operation{
		realm.Op("throwIfAborted", 0, func(_ *realm.Realm, s *Signal, _ []goja.Value) goja.Value {
			if s.aborted {
				panic(s.reason)
			}
			return nil
		}),
	},
	Statics: []realm.Operation{
		realm.Static("abort", 0, func(r *realm.Realm, args []goja.Value) goja.Value {
			s := new(Signal)
			o := newSignal(r, s)
			s.abort(r, realm.Arg(args, 0), r.CallNested)
			return o
		}),
		realm.Static("timeout", 1, func(r *realm.Realm, args []goja.Value) goja.Value {
			s := new(Signal)
			o := newSignal(r, s)
			ms := args[0].ToFloat()
			if !(math.Trunc(ms) >= 0 && ms <= 1<<53-1) {
				panic(r.NewTypeError("Failed to execute 'timeout' on 'AbortSignal': Value is outside the 'unsigned long long' value range."))
			}
			if realm.Tracked[*timeout](r) >= MaxTimeouts {
				Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to execute 'timeout' on 'AbortSignal': there are %d of them already.", MaxTimeouts))
			}
			t := &timeout{}
			t.timer = r.Dispatcher.SetTimeout(func() {
				r.Untrack(t)
				r.Task(func() { s.abort(r, NewException(r, "TimeoutError", "signal timed out"), r.Call) })
			}, time.Duration(min(ms, float64(math.MaxInt64/time.Millisecond)))*time.Millisecond)
			r.Track(t)
			return o
		}),
	},
}

// newSignal returns the object for a signal. It is a function so that the class does not
// refer to itself while it is initialized.
func newSignal(r *realm.Realm, s *Signal) *goja.Object { return r.Wrap(signalClass(), s) }

func signalClass() *realm.Class { return signals }

var signals *realm.Class

func init() { signals = SignalClass }

// A timeout aborts a signal of AbortSignal.timeout.
type timeout struct{ timer *airsocket.Timer }

func (t *timeout) Stop() { t.timer.Clear() }

// A controller is the state of an AbortController (DOM, section 3.1).
type controller struct {
	realm.Object
	signal Signal
}

// ControllerClass is the class AbortController.
var ControllerClass = &realm.Class{
	Name: "AbortController",
	Construct: func(r *realm.Realm, _ []goja.Value) realm.Platform {
		c := new(controller)
		newSignal(r, &c.signal)
		return c
	},
	Attributes: []realm.Attribute{
		realm.Attr("signal", func(_ *realm.Realm, c *controller) goja.Value { return c.signal.Value() }, nil),
	},
	Operations: []realm.Operation{
		realm.Op("abort", 0, func(r *realm.Realm, c *controller, args []goja.Value) goja.Value {
			c.signal.abort(r, realm.Arg(args, 0), r.CallNested)
			return nil
		}),
	},
}
