package scenario

import (
	"context"
	"errors"
	"fmt"
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
	fn     goja.Callable
	args   []goja.Value
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
		Number: number,
		Socket: t.socket,
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
		return nil, fmt.Errorf("%w: %w", ErrScript, err)
	}
	v.state.Init, v.ready = false, true
	return v, nil
}

// ErrScript is the error for a script that failed before its functions were called.
var ErrScript = errors.New("the script failed")

// function returns a function that the script exports.
func (v *vu) function(name string) (goja.Callable, bool) {
	e := v.bot.Exports()
	if e == nil {
		return nil, false
	}
	return goja.AssertFunction(e.Get(name))
}

// start calls a function of the script, from any goroutine. ended is called in a turn, when
// nothing is left of what the function has begun.
func (v *vu) start(c *call, prepare func()) {
	v.bot.Dispatcher().Post(func() {
		c.begun = time.Now()
		v.call = c
		v.realm.Task(func() {
			if prepare != nil {
				prepare()
			}
			result, err := c.fn(goja.Undefined(), c.args...)
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
	if c := v.call; c != nil && c.err == nil {
		c.err = err
	}
	v.realm.Abandon()
}

// stop stops the vu at once, from any goroutine. It cannot be used after that.
func (v *vu) stop(cause error) {
	if v.stopped.CompareAndSwap(false, true) {
		v.cancel()
		v.bot.Stop(cause)
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
		call := &call{ended: func(c *call) {
			v.ended(c)
			step()
		}}
		v.start(call, func() {
			call.fn, _ = v.function(fn)
			if v.data == nil {
				v.data = v.test.dataFor(v)
			}
			call.args = []goja.Value{v.data}
			v.state.Begin(number)
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

// run calls a function of the script, such as setup, and waits for it. It returns what the
// function returns, as JSON.
func (v *vu) run(ctx context.Context, name string, args func() []goja.Value) (result string, err error) {
	fn, ok := v.function(name)
	if !ok {
		return "", fmt.Errorf("%w: it exports no function %s", ErrScript, name)
	}
	defer context.AfterFunc(ctx, func() { v.stop(context.Cause(ctx)) })()
	ended := make(chan struct{})
	c := &call{fn: fn}
	c.ended = func(c *call) {
		defer close(ended)
		if v.stopped.Load() {
			err = context.Cause(ctx)
			return
		}
		if err = c.err; err == nil {
			v.realm.Task(func() { result = v.state.JSON(c.result) })
		}
	}
	v.start(c, func() {
		if args != nil {
			c.args = args()
		}
	})
	<-ended
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return result, nil
}
