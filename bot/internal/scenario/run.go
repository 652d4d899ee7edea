package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/fetch"
	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/websocket"
	"github.com/airsocket/airsocket/internal/report"
)

// A Config is what a test consists of.
type Config struct {
	// Program is the script, compiled from the file of the name Path with the imports of
	// k6.Imports.
	Program *bot.Program
	Path    string

	Env       map[string]string
	Overrides Overrides
	Socket    *airsocket.Options // of all WebSockets; may be nil
	Transport http.RoundTripper  // of k6/http and fetch; nil means one like http.DefaultTransport

	// Console prints what the script writes, and errors. It is called by many goroutines.
	Console func(number int, method, text string)

	// Progress is told about once a second how far the test is. It may be nil.
	Progress func(text string)
}

// A Result is what a test has found out.
type Result struct {
	Report *report.Report
	Err    error // why the test failed; nil if it did not. ExitCode says more

	// Files are what handleSummary of the script has returned, by names. Nil means that it
	// has returned nothing, or that there is no such function. SummaryErr is why it has
	// failed, which as in k6 is no failure of the test.
	Files      map[string]string
	SummaryErr error
}

// ErrThresholds is the error of a test whose thresholds do not all hold.
var ErrThresholds = errors.New("some thresholds do not hold")

// ErrAborted is the error of a test that the script, or a threshold, has ended early.
var ErrAborted = errors.New("the test was aborted")

// ErrMarked is the error of a test that the script has declared to be a failed one.
var ErrMarked = errors.New("the script has called test.fail()")

// A test is a test that is being run.
type test struct {
	config  Config
	shared  *k6.Test
	options *Options
	socket  *airsocket.Options
	checks  []*metrics.Threshold
	list    []*running
	first   *vu    // which knows the options, and calls setup, teardown and handleSummary
	data    string // what setup has returned, as JSON

	active  atomic.Int64 // VUs that run iterations
	made    atomic.Int64
	numbers atomic.Int64
	errors  report.Kinds

	mu    sync.Mutex
	shown map[string]bool // kinds of errors that were printed

	cancel  context.CancelCauseFunc
	history history
	end     time.Duration
}

// Run runs a test. It returns an error if the test could not begin, or a Result. When ctx is
// done the test ends early.
func Run(ctx context.Context, c Config) (*Result, error) {
	t := &test{config: c, shared: k6.NewTest(), socket: c.Socket.Clone(), shown: make(map[string]bool)}
	t.shared.Env, t.shared.Folder = c.Env, filepath.Dir(c.Path)
	if t.shared.Env == nil {
		t.shared.Env = map[string]string{}
	}
	abortable, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t.cancel = cancel
	t.shared.Abort = func(reason string) { cancel(fmt.Errorf("%w: %s", ErrAborted, reason)) }
	if err := t.load(abortable); err != nil {
		return nil, err
	}
	defer t.stopAll()
	if err := t.setup(abortable); err != nil {
		return nil, err
	}
	if err := t.makeVUs(abortable); err != nil {
		return nil, err
	}
	t.runAll(abortable)
	failure := context.Cause(abortable)
	err := t.teardown(context.WithoutCancel(ctx))
	// An error of the script may have aborted the test.
	if failure = cmp.Or(failure, context.Cause(abortable)); failure == nil {
		failure = err
	}
	return t.result(context.WithoutCancel(ctx), failure), nil
}

// load runs the script for its options.
func (t *test) load(ctx context.Context) (err error) {
	if t.first, err = t.newVU(ctx, 0, nil); err != nil {
		return err
	}
	if t.first.bot.Exports() == nil {
		return fmt.Errorf("%w: it exports nothing; a test needs \"export default function\"", ErrScript)
	}
	if err := t.readOptions(ctx); err != nil {
		return err
	}
	for _, name := range []string{"setup", "teardown", "handleSummary"} {
		if v := t.first.export(name); !goja.IsUndefined(v) && t.first.function(name) == nil {
			return fmt.Errorf("%w: it exports %s, which is not a function", ErrScript, name)
		}
	}
	t.adopt(t.socket)
	t.adopt(websocket.Key.In(t.first.realm).Options) // which setup uses
	t.shared.Transport, t.shared.UserAgent = t.transport(), t.options.UserAgent
	fetch.Key.In(t.first.realm).Client.Transport = t.shared.Transport
	for _, name := range slices.Sorted(maps.Keys(t.options.Thresholds)) {
		for _, th := range t.options.Thresholds[name] {
			parsed, err := t.shared.Metrics.NewThreshold(name, th.Threshold)
			if err != nil {
				return fmt.Errorf("%w: thresholds: %w", ErrOptions, err)
			}
			parsed.Abort, parsed.Delay = th.Abort, th.Delay.Duration
			t.checks = append(t.checks, parsed)
		}
	}
	for _, c := range t.options.list {
		s := &running{config: c, test: t}
		s.info = &k6.Scenario{
			Name: c.name, Executor: c.Executor, Env: c.Env,
			Tags: metrics.Tags(t.options.Tags).With(metrics.Tags(c.Tags)),
			Progress: func() float64 {
				return min(float64(time.Since(s.info.Begun))/float64(s.length()), 1)
			},
		}
		if t.first.function(s.functionName()) == nil {
			return fmt.Errorf("%w: scenario %s: the script exports no function %s", ErrOptions, c.name, s.functionName())
		}
		t.list = append(t.list, s)
	}
	return nil
}

// readOptions gets the options that the script exports.
func (t *test) readOptions(ctx context.Context) error {
	var options string
	err := t.first.run(ctx, func(goja.Value, ...goja.Value) (goja.Value, error) {
		var err error
		options, err = t.first.state.Options(t.first.export("options"))
		return nil, err
	}, nil, nil)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	t.shared.Options = options
	t.options, err = ParseOptions([]byte(options), t.config.Overrides)
	return err
}

// adopt sets options of WebSockets that the script asks for.
func (t *test) adopt(o *airsocket.Options) {
	if t.options.Insecure {
		o.TLS = insecure(o.TLS)
	}
	if t.options.UserAgent != "" {
		o.Header = o.Header.Clone()
		if o.Header == nil {
			o.Header = make(http.Header)
		}
		o.Header.Set("User-Agent", t.options.UserAgent)
	}
}

// transport returns the transport of all requests.
func (t *test) transport() http.RoundTripper {
	if t.config.Transport != nil {
		return t.config.Transport
	}
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.MaxIdleConns, own.MaxIdleConnsPerHost = 0, MaxVUs // each VU keeps its connection, as in k6
	if t.options.Insecure {
		own.TLSClientConfig = insecure(own.TLSClientConfig)
	}
	return own
}

// setup calls the function setup of the script, if there is one.
func (t *test) setup(ctx context.Context) error {
	fn := t.first.function("setup")
	if fn == nil {
		return nil
	}
	limited, cancel := context.WithTimeoutCause(ctx, t.options.SetupTimeout.or(time.Minute), ErrSetupTime)
	defer cancel()
	err := t.first.run(limited, fn, nil, func(result goja.Value) {
		t.data = t.first.state.JSON(result)
	})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%w: setup: %w", ErrScript, err)
	}
	return nil
}

// The errors for setup and teardown that take too long.
var (
	ErrSetupTime    = errors.New("setup() took longer than setupTimeout")
	ErrTeardownTime = errors.New("teardown() took longer than teardownTimeout")
)

// teardown calls the function teardown of the script, if there is one.
func (t *test) teardown(ctx context.Context) error {
	fn := t.first.function("teardown")
	if fn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.options.TeardownTimeout.or(time.Minute), ErrTeardownTime)
	defer cancel()
	err := t.first.run(ctx, fn, func() goja.Value { return t.dataFor(t.first) }, nil)
	if err != nil {
		err = fmt.Errorf("%w: teardown: %w", ErrScript, err)
	}
	return err
}

// dataFor returns what setup has returned, for a VU. It is called in a turn.
func (t *test) dataFor(v *vu) goja.Value { return v.state.Parse(t.data) }

// makeVUs makes the VUs that the scenarios begin with.
func (t *test) makeVUs(ctx context.Context) error {
	type job struct {
		s      *running
		number int
	}
	var jobs []job
	for _, s := range t.list {
		for range s.planned() {
			jobs = append(jobs, job{s, t.newNumber()})
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	made := make([]*vu, len(jobs))
	var at atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := int(at.Add(1) - 1)
				if i >= len(jobs) || ctx.Err() != nil {
					return
				}
				v, err := t.newVU(ctx, jobs[i].number, jobs[i].s.info)
				if err != nil {
					cancel(err)
					return
				}
				made[i] = v
			}
		})
	}
	workers.Wait()
	for i, v := range made {
		if v != nil {
			jobs[i].s.vus = append(jobs[i].s.vus, v)
			t.noteMade(v)
		}
	}
	return context.Cause(ctx)
}

func (t *test) newNumber() int { return int(t.numbers.Add(1)) }

func (t *test) noteMade(*vu) { t.made.Add(1) }

// runAll runs all scenarios.
func (t *test) runAll(ctx context.Context) {
	t.shared.Begun = time.Now()
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { t.watch(done) })
	var all sync.WaitGroup
	for _, s := range t.list {
		all.Go(func() { s.run(ctx) })
	}
	all.Wait()
	close(done)
	watcher.Wait()
	t.end = time.Since(t.shared.Begun)
}

// watched is how often the test is looked at.
const watched = time.Second

// watch looks at the test each second: what it does, and whether thresholds end it.
func (t *test) watch(done <-chan struct{}) {
	ticker := time.NewTicker(watched)
	defer ticker.Stop()
	for {
		t.look()
		t.abortOnFail()
		select {
		case <-ticker.C:
		case <-done:
			t.look()
			return
		}
	}
}

func (t *test) look() {
	b, passed := t.shared.Builtin, time.Since(t.shared.Begun)
	b.VUs.Add(float64(t.active.Load()), nil)
	b.VUsMax.Add(float64(t.made.Load()), nil)
	now := t.sample(passed)
	t.history.add(now)
	if t.config.Progress != nil {
		t.config.Progress(fmt.Sprintf("%.0fs %d VUs %d iterations %d errors", passed.Seconds(), now.vus, now.iterations, t.errors.Total()))
	}
}

// abortOnFail ends the test if a threshold that says so does not hold.
func (t *test) abortOnFail() {
	passed := time.Since(t.shared.Begun)
	for _, c := range t.checks {
		if c.Abort && passed >= c.Delay && c.Metric.Count() > 0 && !c.Test(passed).OK {
			t.cancel(fmt.Errorf("%w: %s: %s has ended the test early", ErrThresholds, c.Metric.Name, c.Text))
			return
		}
	}
}

// maxShown is how many different errors are printed; all are counted.
const maxShown = 20

// noteError counts an error of an iteration, and prints it if there was none like it.
func (t *test) noteError(number int, err error) {
	kind := kindOf(err)
	t.errors.Add(kind)
	t.mu.Lock()
	known := t.shown[kind] || len(t.shown) >= maxShown
	if !known {
		t.shown[kind] = true
	}
	t.mu.Unlock()
	if !known {
		t.config.Console(number, "error", textOf(err))
	}
}

// stopAll stops all VUs.
func (t *test) stopAll() {
	for _, s := range t.list {
		s.mu.Lock()
		vus := s.vus
		s.mu.Unlock()
		for _, v := range vus {
			v.stop(errOver)
		}
	}
	t.first.stop(errOver)
	(&http.Client{Transport: t.shared.Transport}).CloseIdleConnections()
}

var errOver = errors.New("the test is over")
