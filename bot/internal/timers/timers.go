// Package timers has the functions by which scripts run something later (HTML, section 8.6).
package timers

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// Globals are the functions of this package. The lists of timers are shared by those of one
// Realm.
var Globals = []realm.Global{
	{Name: "setTimeout", Build: func(r *realm.Realm) goja.Value {
		return r.Func("setTimeout", 1, func(_ goja.Value, args []goja.Value) goja.Value { return set(r, "setTimeout", args, false) })
	}},
	{Name: "setInterval", Build: func(r *realm.Realm) goja.Value {
		return r.Func("setInterval", 1, func(_ goja.Value, args []goja.Value) goja.Value { return set(r, "setInterval", args, true) })
	}},
	{Name: "clearTimeout", Build: func(r *realm.Realm) goja.Value { return clearer(r, "clearTimeout") }},
	{Name: "clearInterval", Build: func(r *realm.Realm) goja.Value { return clearer(r, "clearInterval") }},
	{Name: "queueMicrotask", Build: queueMicrotask},
}

// Max is how many timers a Realm may have at a time.
const Max = 100_000

// deepest is the number of timers, each set by the one before, from which on the next wait
// at least clamp.
const (
	deepest = 5
	clamp   = 4 * time.Millisecond
)

// A timer is a function that is to be called once or repeatedly.
type timer struct {
	timers *timers
	id     int
	timer  *airsocket.Timer
	depth  int
	fn     goja.Callable
	args   []goja.Value
}

// timers are the timers of a Realm.
type timers struct {
	realm *realm.Realm
	last  int
	byID  map[int]*timer
	depth int // of the timer whose function is running; 0 if none is
}

// key is the place of the timers in a Realm.
var key = realm.NewKey(func(r *realm.Realm) *timers {
	return &timers{realm: r, byID: make(map[int]*timer)}
})

func set(r *realm.Realm, name string, args []goja.Value, repeat bool) goja.Value {
	if len(args) == 0 {
		panic(r.NewTypeError("Failed to execute '%s' on 'Window': 1 argument required, but only 0 present.", name))
	}
	ts := key.In(r)
	handler := realm.Arg(args, 0)
	fn, ok := goja.AssertFunction(handler)
	if !ok {
		code := handler.String()
		fn = func(goja.Value, ...goja.Value) (goja.Value, error) { return r.RunString(code) }
	}
	delay := time.Duration(toInt32(realm.Arg(args, 1))) * time.Millisecond
	if len(ts.byID) >= Max {
		events.Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to execute '%s' on 'Window': there are %d timers already.", name, Max))
	}
	ts.last++
	t := &timer{timers: ts, id: ts.last, depth: ts.depth + 1, fn: fn}
	if len(args) > 2 {
		t.args = slices.Clone(args[2:]) // the engine uses their place for something else
	}
	if t.depth > deepest && delay < clamp {
		delay = clamp
	}
	if repeat {
		t.timer = r.Dispatcher.SetInterval(t.fire, delay)
	} else {
		t.timer = r.Dispatcher.SetTimeout(t.fireOnce, delay)
	}
	ts.byID[t.id] = t
	r.Track(t)
	return r.ToValue(t.id)
}

func (t *timer) fireOnce() {
	t.forget()
	t.fire()
}

func (t *timer) fire() {
	t.timers.depth = t.depth
	t.timers.realm.Task(func() { t.timers.realm.Call(t.fn, goja.Undefined(), t.args...) })
	t.timers.depth = 0
}

func (t *timer) forget() {
	delete(t.timers.byID, t.id)
	t.timers.realm.Untrack(t)
}

// Stop makes a timer a realm.Stopper.
func (t *timer) Stop() {
	t.timer.Clear()
	delete(t.timers.byID, t.id)
}

func clearer(r *realm.Realm, name string) goja.Value {
	return r.Func(name, 0, func(_ goja.Value, args []goja.Value) goja.Value {
		if t := key.In(r).byID[int(toInt32(realm.Arg(args, 0)))]; t != nil {
			t.Stop()
			r.Untrack(t)
		}
		return goja.Undefined()
	})
}

// toInt32 converts as ECMA-262, section 7.1.6.
func toInt32(v goja.Value) int32 {
	f := v.ToFloat()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return int32(uint32(int64(math.Mod(math.Trunc(f), 1<<32))))
}

func queueMicrotask(r *realm.Realm) goja.Value {
	return r.Func("queueMicrotask", 1, func(_ goja.Value, args []goja.Value) goja.Value {
		fn, ok := goja.AssertFunction(realm.Arg(args, 0))
		if !ok {
			panic(r.NewTypeError("Failed to execute 'queueMicrotask': parameter 1 is not of type 'Function'."))
		}
		r.Microtask(fn)
		return goja.Undefined()
	})
}
