// Package realm is what the web APIs of a bot share: one instance of the engine, the
// Dispatcher that is its event loop, and the classes that scripts see.
package realm

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"github.com/airsocket/airsocket"
)

// MaxCallStack is how deeply the functions of a script may call each other. A call beyond it
// ends what the event loop is running with an error that the script cannot catch.
const MaxCallStack = 10_000

// A Realm is one instance of the engine (ECMA-262, section 9.3) with its event loop. Its
// methods are called in turns of the Dispatcher, unless their comments say otherwise.
type Realm struct {
	*goja.Runtime

	// Dispatcher is the event loop: each turn is a task of the script.
	Dispatcher *airsocket.Dispatcher

	// Start is when the Realm was made.
	Start time.Time

	report    func(error)
	halted    atomic.Bool
	stopped   bool
	failing   bool // Report has panicked
	stoppers  map[Stopper]struct{}
	counts    map[reflect.Type]int // of the stoppers, by type
	globals   *globals
	classes   classes
	parseJSON func(args ...goja.Value) goja.Value
	rejected  []*goja.Promise
	values    map[any]any // by Key
	idle      func()
}

// A Stopper is something that keeps the event loop from ending: a timer, a connection, a
// request.
type Stopper interface {
	// Stop ends it at once, without any event.
	Stop()
}

// New returns a Realm with an event loop of its own. report is called, in a turn, for each
// error that the script has not caught.
func New(report func(error)) *Realm {
	r := &Realm{Runtime: goja.New(), Dispatcher: new(airsocket.Dispatcher), report: report, Start: time.Now()}
	r.SetMaxCallStackSize(MaxCallStack)
	r.SetParserOptions(parser.WithDisableSourceMaps) // which eval could load from any file
	r.SetPromiseRejectionTracker(r.trackRejection)
	r.Dispatcher.OnTurnEnd(r.turnEnded)
	r.defineSymbol(r.GlobalObject(), realmKey, r.NewDynamicObject(realmHolder{realm: r}), fixed)
	r.limitJSON()
	return r
}

// A realmHolder keeps a Realm for Of, and shows nothing of it to scripts.
type realmHolder struct {
	holder
	realm *Realm
}

var realmKey = goja.NewSymbol("realm")

// Of returns the Realm of an engine.
func Of(runtime *goja.Runtime) *Realm {
	return runtime.GlobalObject().GetSymbol(realmKey).Export().(realmHolder).realm
}

// OnIdle sets a function that is called at the end of each turn after which nothing is left
// to do.
func (r *Realm) OnIdle(fn func()) { r.idle = fn }

func (r *Realm) turnEnded() {
	r.reportRejected()
	if r.idle != nil && len(r.stoppers) == 0 {
		r.idle()
	}
}

// Task runs fn, which may use the engine, from the event loop. All code of the script runs in a
// Task: whatever it throws, what interrupts it, and a panic of Go, ends here and is reported.
// Once the Realm has been stopped Task does nothing.
func (r *Realm) Task(fn func()) {
	if !r.over() {
		r.Report(r.Protect(fn))
	}
}

// over reports whether the script is not to be called any more.
func (r *Realm) over() bool { return r.stopped || r.halted.Load() }

// Run runs a program as a script. An error is reported.
func (r *Realm) Run(p *goja.Program) {
	_, err := r.RunProgram(p)
	r.Report(err)
}

// Call calls a function of the script in a Task. The engine then runs the microtasks. An
// error is reported.
func (r *Realm) Call(fn goja.Callable, this goja.Value, args ...goja.Value) goja.Value {
	if r.over() {
		return nil // the engine forgets that it was interrupted when a call ends
	}
	v, err := fn(this, args...)
	r.Report(err)
	return v
}

// CallNested calls a function of the script for another function of the script: an error
// is reported, but what must end that one too, as an interruption, is passed on to it.
func (r *Realm) CallNested(fn goja.Callable, this goja.Value, args ...goja.Value) goja.Value {
	v, err := fn(this, args...)
	if err == nil {
		return v
	}
	if isUncatchable(err) {
		panic(err)
	}
	r.Report(err)
	return nil
}

// Microtask calls a function of the script as a microtask. The engine has them for promises
// only, so it is the method then of an object by which a promise is resolved: unlike the one
// of promises, the script cannot replace it.
func (r *Realm) Microtask(fn goja.Callable) {
	thenable := r.NewObject()
	r.define(thenable, "then", r.ToValue(func(goja.FunctionCall) goja.Value {
		r.CallNested(fn, goja.Undefined())
		return goja.Undefined()
	}), fixed)
	_, resolve, _ := r.NewPromise()
	if err := resolve(thenable); err != nil {
		panic(err)
	}
}

// Elapsed returns the time since the Realm was made in milliseconds, as performance.now does.
func (r *Realm) Elapsed() float64 {
	return float64(time.Since(r.Start)/(5*time.Microsecond)) / 200
}

// StackTrace returns the functions of the script that are being called, a line for each, each
// after a newline.
func (r *Realm) StackTrace() string { return traceOf(r.CaptureCallStack(0, nil)) }

func traceOf(frames []goja.StackFrame) string {
	var b strings.Builder
	for _, f := range frames {
		if f.SrcName() == "<native>" {
			continue
		}
		if b.Len() > maxText {
			b.WriteString("\n    …")
			break
		}
		fmt.Fprintf(&b, "\n    at %s (%s)", cut(f.FuncName(), maxText), f.Position())
	}
	return b.String()
}

// Track makes Stop stop s too, until Untrack is called.
func (r *Realm) Track(s Stopper) {
	if r.stoppers == nil {
		r.stoppers, r.counts = make(map[Stopper]struct{}), make(map[reflect.Type]int)
	}
	if _, ok := r.stoppers[s]; !ok {
		r.stoppers[s] = struct{}{}
		r.counts[reflect.TypeOf(s)]++
	}
}

// Untrack undoes Track.
func (r *Realm) Untrack(s Stopper) {
	if _, ok := r.stoppers[s]; ok {
		delete(r.stoppers, s)
		r.counts[reflect.TypeOf(s)]--
	}
}

// Tracked returns how many Stoppers of a type are tracked: limits use it, so that none of them
// counts what has been stopped.
func Tracked[T Stopper](r *Realm) int { return r.counts[reflect.TypeFor[T]()] }

// Halt makes the script stop as soon as it can, even in an endless loop, and not be called any
// more. It may be called from any goroutine. Stop is to be called in a turn afterwards.
func (r *Realm) Halt(cause error) {
	r.halted.Store(true)
	r.Interrupt(cause)
}

// Stop stops everything that the script has begun. The script is not called any more.
func (r *Realm) Stop() {
	r.stopped = true
	r.Abandon()
}

// Abandon stops everything that the script has begun, but the script may begin something
// else.
func (r *Realm) Abandon() {
	r.rejected = nil
	stoppers := r.stoppers
	r.stoppers, r.counts = nil, nil
	for s := range stoppers {
		s.Stop()
	}
}

// Stopped reports whether Stop has been called.
func (r *Realm) Stopped() bool { return r.stopped }

// trackRejection remembers promises that are rejected while nothing handles that. As in a
// browser a handler may still be added in the same task.
func (r *Realm) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	if op == goja.PromiseRejectionReject {
		r.rejected = append(r.rejected, p)
		return
	}
	for i, q := range r.rejected {
		if q == p {
			r.rejected = append(r.rejected[:i], r.rejected[i+1:]...)
			return
		}
	}
}

// reportRejected reports the promises that were rejected and not handled (HTML, section
// 8.1.4.7). It is called at the end of each turn.
func (r *Realm) reportRejected() {
	list := r.rejected
	r.rejected = nil
	for _, p := range list {
		r.Report(r.newRejection(p.Result()))
	}
}

// A Key is the place of something that one package keeps in a Realm.
type Key[T any] struct{ make func(*Realm) T }

// NewKey returns a new Key. What it is the place of is made when it is first asked for.
func NewKey[T any](make func(*Realm) T) *Key[T] { return &Key[T]{make} }

// In returns what the Realm has in this place.
func (k *Key[T]) In(r *Realm) T {
	if v, ok := r.values[k]; ok {
		return v.(T)
	}
	v := k.make(r)
	if r.values == nil {
		r.values = make(map[any]any)
	}
	r.values[k] = v
	return v
}
