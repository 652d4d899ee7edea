package scenario

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/metrics"
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

	// Console prints what the script writes, and errors. It is called by many goroutines.
	Console func(number int, method, text string)

	// Progress is told about once a second how far the test is. It may be nil.
	Progress func(text string)
}

// A Result is what a test has found out.
type Result struct {
	Report *report.Report
	Err    error // why the test failed; nil if it did not. ExitCode says more

	// Files are what handleSummary of the script has returned, by names. Nil means that
	// there is no such function.
	Files map[string]string
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
	if err := t.teardown(context.WithoutCancel(ctx)); err != nil && failure == nil {
		failure = err
	}
	return t.result(context.WithoutCancel(ctx), failure)
}

// load runs the script for its options.
func (t *test) load(ctx context.Context) (err error) {
	if t.first, err = t.newVU(ctx, 0, nil); err != nil {
		return err
	}
	var options string
	exports := t.first.bot.Exports()
	if exports == nil {
		return fmt.Errorf("%w: it exports nothing; a test needs \"export default function\"", ErrScript)
	}
	if v := exports.Get("options"); v != nil && !goja.IsUndefined(v) {
		options = t.first.state.JSON(v)
		t.shared.Options = v.Export()
	}
	if t.options, err = ParseOptions([]byte(options), t.config.Overrides); err != nil {
		return err
	}
	if t.options.Insecure {
		t.socket.TLS = insecure(t.socket.TLS)
	}
	if t.options.UserAgent != "" {
		t.socket.Header = t.socket.Header.Clone()
		if t.socket.Header == nil {
			t.socket.Header = make(map[string][]string)
		}
		t.socket.Header.Set("User-Agent", t.options.UserAgent)
	}
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
		s.info = &k6.Scenario{Name: c.name, Executor: c.Executor, Tags: t.options.Tags.With(c.Tags), Env: c.Env, Progress: func() float64 {
			return min(float64(time.Since(s.info.Begun))/float64(s.length()), 1)
		}}
		if _, ok := t.first.function(s.functionName()); !ok {
			return fmt.Errorf("%w: scenario %s: the script exports no function %s", ErrOptions, c.name, s.functionName())
		}
		t.list = append(t.list, s)
	}
	return nil
}

// setup calls the function setup of the script, if there is one.
func (t *test) setup(ctx context.Context) error {
	if _, ok := t.first.function("setup"); !ok {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.options.SetupTimeout.or(time.Minute), ErrSetupTime)
	defer cancel()
	var err error
	if t.data, err = t.first.run(ctx, "setup", nil); err != nil {
		return fmt.Errorf("%w: %w", ErrScript, err)
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
	if _, ok := t.first.function("teardown"); !ok {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.options.TeardownTimeout.or(time.Minute), ErrTeardownTime)
	defer cancel()
	_, err := t.first.run(ctx, "teardown", func() []goja.Value { return []goja.Value{t.dataFor(t.first)} })
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrScript, err)
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
	for _, c := range t.checks {
		if s := c.Metric.Sink(); c.Abort && passed >= c.Delay && s.Count > 0 && !c.Test(passed).OK {
			t.shared.Abort("the threshold " + c.Metric.Name + ": " + c.Text + " does not hold")
		}
	}
	if t.config.Progress != nil {
		t.config.Progress(fmt.Sprintf("%.0fs %d VUs %d iterations %d errors", passed.Seconds(), now.vus, now.iterations, t.errors.Total()))
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
}

var errOver = errors.New("the test is over")
