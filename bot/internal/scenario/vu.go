package scenario

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// A vu is an instance of the script. While an iteration waits for something it costs no
// goroutine: the end of an iteration is a turn of its event loop after which nothing is left.
type vu struct {
	test   *test
	number int
	bot    *bot.Bot
	state  *k6.VU
	cancel context.CancelFunc

	stopped atomic.Bool

	// The following are used in turns.
	realm *realm.Realm
	ready bool // the script itself has run
	data  goja.Value
	call  *call // nil between iterations
}

// A call is a call of a function of the script, with all that it begins.
type call struct {
	begun  time.Time
	result goja.Value
	err    error // the first one that the script has not caught
	ended  func(c *call)
}

// newVU makes a vu and runs the script itself. It waits for that, until ctx is done.
func (t *test) newVU(ctx context.Context, number int, s *k6.Scenario) (*vu, error) {
	v := &vu{test: t, number: number}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	v.cancel = cancel
	v.bot = bot.New(t.config.Program, &bot.Options{
		Number:    number,
		Socket:    t.socket,
		Transport: t.shared.Transport,
		Console: func(method, text string) {
			t.config.Console(number, method, text)
		},
		OnError: v.failed,
		Setup: func(b *bot.Bot) error {
			v.realm = realm.Of(b.Runtime())
			v.state = k6.Key.In(v.realm)
			v.state.Test, v.state.Context, v.state.Number, v.state.Scenario = t.shared, life, number, s
			v.state.SetUp()
			v.realm.OnIdle(v.idle)
			return nil
		},
	})
	if err := v.bot.Run(ctx); err != nil {
		v.stop(err)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w: %w", ErrScript, err)
	}
	v.state.Init, v.ready = false, true
	return v, nil
}

// ErrScript is the error for a script that failed before its functions were called.
var ErrScript = errors.New("the script failed")

// export returns what the script itself exports by a name, or undefined.
func (v *vu) export(name string) goja.Value {
	if e := v.bot.Exports(); e != nil && slices.Contains(e.Keys(), name) {
		return e.Get(name)
	}
	return goja.Undefined()
}

// function returns a function that the script exports, or nil.
func (v *vu) function(name string) goja.Callable {
	fn, _ := goja.AssertFunction(v.export(name))
	return fn
}

// start calls fn, which calls the script, from any goroutine. c.ended is called in a turn, when
// nothing is left of what fn has begun.
func (v *vu) start(c *call, fn func() (goja.Value, error)) {
	v.bot.Dispatcher().Post(func() {
		c.begun = time.Now()
		v.call = c
		v.realm.Task(func() {
			result, err := fn()
			c.result = result
			v.realm.Report(err)
		})
	})
}

// idle is called at the end of each turn after which nothing is left to do.
func (v *vu) idle() {
	if c := v.call; c != nil {
		v.call = nil
		c.ended(c)
	}
}

// failed is called, in a turn, for what the script has not caught: that ends what it does.
func (v *vu) failed(err error) {
	if !v.ready {
		return // newVU reports it
	}
	c := v.call
	if c != nil && c.err == nil {
		c.err = err
	}
	v.realm.Abandon()
	v.bot.Dispatcher().Post(func() {
		if c != nil && v.call == c {
			v.realm.Abandon() // what was begun after the error, in the same turn
		}
	})
}

// stop stops the vu at once, from any goroutine. It cannot be used after that.
func (v *vu) stop(cause error) {
	if v.stopped.CompareAndSwap(false, true) {
		v.bot.Stop(cause)
		v.cancel() // after Stop: what blocks the script then returns to none
	}
}

// iterate runs iterations, from any goroutine, as long as next returns a number for one, and
// calls finished after the last one, in a turn. It holds no goroutine meanwhile.
func (v *vu) iterate(fn string, next func() (number int64, ok bool), finished func()) {
	var step func()
	step = func() {
		var number int64
		ok := !v.stopped.Load()
		if ok {
			number, ok = next()
		}
		if !ok {
			v.test.active.Add(-1)
			finished()
			return
		}
		v.start(&call{ended: func(c *call) {
			v.ended(c)
			step()
		}}, func() (goja.Value, error) {
			call := v.function(fn)
			if call == nil {
				return nil, fmt.Errorf("the script exports no function %s", fn)
			}
			if v.data == nil {
				v.data = v.test.dataFor(v)
			}
			v.state.Begin(number)
			return call(goja.Undefined(), v.data)
		})
	}
	v.test.active.Add(1)
	v.bot.Dispatcher().Post(step)
}

// ended counts an iteration.
func (v *vu) ended(c *call) {
	b := v.test.shared.Builtin
	if v.stopped.Load() || v.state.Aborted {
		v.stop(ErrAborted)
		v.test.shared.Interrupted.Add(1)
		return
	}
	v.state.Iteration++
	b.Iterations.Add(1, v.state.Tags())
	b.IterationDuration.Add(float64(time.Since(c.begun))/1e6, v.state.Tags())
	if c.err != nil {
		v.test.noteError(v.number, c.err)
	}
}

// run calls a function, such as setup, with an argument that arg returns, and waits until
// nothing is left of what it has begun. use gets what the function has returned, or what a
// promise that it has returned was resolved with. arg and use may be nil; they are called in
// turns, and may throw.
func (v *vu) run(ctx context.Context, fn goja.Callable, arg func() goja.Value, use func(result goja.Value)) error {
	defer context.AfterFunc(ctx, func() { v.stop(context.Cause(ctx)) })()
	ended := make(chan error, 1)
	v.start(&call{ended: func(c *call) {
		v.call = c // so that it is told about the errors of use
		v.realm.Task(func() {
			if c.err == nil && use != nil {
				use(v.settled(c.result))
			}
		})
		v.call = nil
		switch {
		case v.stopped.Load():
			c.err = context.Cause(ctx)
		case v.state.Aborted:
			c.err = ErrAborted
		}
		ended <- c.err
	}}, func() (goja.Value, error) {
		var args []goja.Value
		if arg != nil {
			args = append(args, arg())
		}
		return fn(goja.Undefined(), args...)
	})
	return <-ended
}

// settled returns what a promise was resolved with, and other values as they are.
func (v *vu) settled(value goja.Value) goja.Value {
	if value == nil {
		return goja.Undefined()
	}
	o, ok := value.(*goja.Object)
	if !ok || o.ExportType() != reflect.TypeFor[*goja.Promise]() {
		return value // without Export, which calls getters
	}
	p := o.Export().(*goja.Promise)
	switch p.State() {
	case goja.PromiseStatePending:
		panic(v.realm.NewGoError(errPending))
	case goja.PromiseStateRejected:
		panic(p.Result())
	}
	return p.Result()
}

// errPending is the error for an async function that can never return.
var errPending = errors.New("nothing is left that could resolve the promise that the function has returned")
