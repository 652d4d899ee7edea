package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"sync"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/blob"
	"github.com/airsocket/airsocket/bot/internal/console"
	"github.com/airsocket/airsocket/bot/internal/crypto"
	"github.com/airsocket/airsocket/bot/internal/encoding"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/fetch"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/timers"
	"github.com/airsocket/airsocket/bot/internal/urls"
	"github.com/airsocket/airsocket/bot/internal/websocket"
)

// A Bot runs a Program: an instance of the engine, with an event loop of its own. A Bot is
// started once.
type Bot struct {
	program *Program
	opts    *Options
	realm   *realm.Realm
	exports *goja.Object

	mu      sync.Mutex // guards what follows
	started bool
	err     error // the first one
	stopped bool  // by Stop
	cause   error // why the bot was stopped, or nil
}

var allGlobals = realm.NewGlobals(events.Globals, timers.Globals, console.Globals, []realm.Global{websocket.Class.Global()}, botGlobals, urls.Globals, blob.Globals, encoding.Globals, crypto.Globals, fetch.Globals)

// New returns a Bot that has not been started.
func New(p *Program, opts *Options) *Bot {
	if opts == nil {
		opts = new(Options)
	}
	b := &Bot{program: p, opts: opts}
	b.realm = realm.New(b.report)
	return b
}

// ErrStarted is returned by Run for a Bot that has been started before, and ErrNotStarted by
// Wait for one that has not.
var (
	ErrStarted    = errors.New("bot: this Bot has been started before: make another with New")
	ErrNotStarted = errors.New("bot: Wait was called for a Bot that was not started: call Start before")
)

// Run runs the program and returns when nothing is left to do: no timer, no connection, no
// request. When ctx is done the bot is stopped, even in an endless loop; if it is done before,
// the program does not run.
//
// Run returns the first error that the script has not caught, the cause of ctx if that has
// stopped the bot, the error of Options.Setup, or a *PanicError.
func (b *Bot) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		b.Stop(context.Cause(ctx))
	}
	if !b.start() {
		return ErrStarted
	}
	defer context.AfterFunc(ctx, func() { b.Stop(context.Cause(ctx)) })()
	return b.Wait()
}

// Start starts the program and returns at once. It does nothing if the Bot has been started
// or stopped before.
func (b *Bot) Start() { b.start() }

func (b *Bot) start() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.started {
		return false
	}
	b.started = true
	b.realm.Dispatcher.Post(b.main)
	return true
}

// Wait waits for a Bot that has been started, and returns what Run returns. It must not be
// called in a turn of Dispatcher.
func (b *Bot) Wait() error {
	b.mu.Lock()
	known := b.started || b.stopped
	b.mu.Unlock()
	if !known {
		return ErrNotStarted
	}
	b.realm.Dispatcher.Run(func() {})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return b.cause
	}
	return b.err
}

// Stop stops a Bot, even in an endless loop, but not in a function of the engine that takes
// long, such as a sort: then it ends after that. Its connections end at once, without a closing
// handshake. Wait returns cause, which may be nil, or that of an earlier call. Stop may be
// called from any goroutine, and by functions that the script calls: these return to no
// script. A Bot that is stopped before it is started does not run.
func (b *Bot) Stop(cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return
	}
	b.stopped, b.cause = true, cause
	b.realm.Halt(cause)
	b.realm.Dispatcher.Post(b.realm.Stop)
}

// Try calls fn, in a turn of Dispatcher, and returns what the script has thrown meanwhile: an
// *Error, what has interrupted it, or a *PanicError, after which the Bot is stopped. Functions
// of a program that use Runtime, other than Setup and those that the script calls, do so in
// Try.
func (b *Bot) Try(fn func()) error { return b.realm.Failure(b.realm.Protect(fn)) }

// Runtime returns the engine. It may be used in turns of Dispatcher only, in Options.Setup or in
// Try: most of what it does may call the script, and throw.
func (b *Bot) Runtime() *goja.Runtime { return b.realm.Runtime }

// Dispatcher returns the event loop of the script.
func (b *Bot) Dispatcher() *airsocket.Dispatcher { return b.realm.Dispatcher }

func (b *Bot) main() {
	b.realm.Task(func() {
		if err := b.setUp(); err != nil {
			b.fail(err)
			b.realm.Stop()
			return
		}
		b.runProgram()
	})
}

// runProgram runs the program. A module is a function, which gets another one for its
// exports, and returns a promise.
func (b *Bot) runProgram() {
	v, err := b.realm.RunProgram(b.program.program)
	if fn, ok := goja.AssertFunction(v); err == nil && b.program.isModule && ok {
		b.realm.Call(fn, goja.Undefined(), b.realm.Func("", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			b.exports, _ = realm.Arg(args, 0).(*goja.Object)
			return goja.Undefined()
		}))
	}
	b.realm.Report(err)
}

// Exports returns what the program exports, or nil if it is no module or does not run yet.
// It is called in turns of Dispatcher.
func (b *Bot) Exports() *goja.Object { return b.exports }

func (b *Bot) setUp() error {
	if err := b.realm.SetGlobals(allGlobals); err != nil {
		return err
	}
	options := b.opts.Socket.Clone()
	options.Dispatcher, options.Rules = b.realm.Dispatcher, airsocket.RulesBrowser
	if options.Extensions == nil && options.Compression == airsocket.CompressionOff {
		options.Compression = airsocket.CompressionTakeover
	}
	if b.opts.URL != "" {
		page := urls.Base.In(b.realm)
		if err := page.SetURL(b.opts.URL); err != nil {
			return err
		}
		options.Origin = page.Origin()
	}
	if options.Jar == nil {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		options.Jar = jar
	}
	fetch.Key.In(b.realm).Client = &http.Client{Transport: b.opts.Transport, Jar: options.Jar}
	websocket.Key.In(b.realm).Options = options
	botKey.In(b.realm).Bot = b
	console.Key.In(b.realm).Print = b.print
	if b.opts.Setup != nil {
		return b.opts.Setup(b)
	}
	return nil
}

func (b *Bot) print(level, text string) {
	switch {
	case b.opts.Console != nil:
		b.opts.Console(level, text)
	case level == "warn" || level == "error" || level == "trace":
		fmt.Fprintln(os.Stderr, text)
	default:
		fmt.Println(text)
	}
}

// An Error is something that the script has thrown and not caught. errors.As finds the
// goja.Exception, whose own methods may call the script: they are used in Try.
type Error = realm.Error

// A PanicError reports a panic of Go in Options.Setup, in another function of the program that
// the bot has called, or in the engine. It ends the bot, and is passed to Options.OnError too.
type PanicError = realm.PanicError

// report is called for each error that the script has not caught.
func (b *Bot) report(err error) {
	if _, ok := errors.AsType[*goja.InterruptedError](err); ok {
		return // Stop has said why
	}
	if _, ok := err.(*PanicError); ok {
		b.Stop(err)
	}
	b.fail(err)
	if b.opts.OnError != nil {
		b.opts.OnError(err)
		return
	}
	text := err.Error()
	if thrown, ok := err.(*Error); ok {
		text = "Uncaught " + thrown.Trace()
	}
	b.print("error", text)
}

// fail remembers the first error.
func (b *Bot) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
}
