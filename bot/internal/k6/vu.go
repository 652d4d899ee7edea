// Package k6 has the modules that scripts of k6 import, and what they need to know of who
// runs the script.
package k6

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/websocket"
	"github.com/airsocket/airsocket/wire"
)

// A Test is what all VUs of a test share.
type Test struct {
	Metrics metrics.Registry
	Builtin *Builtin
	Checks  Checks
	Env     map[string]string
	Folder  string // of the script
	Begun   time.Time
	Options string // of the script, as JSON; "" if there are none

	// Transport and UserAgent are those of k6/http. They are set before the first request.
	Transport http.RoundTripper
	UserAgent string

	// Abort ends the test, with a reason. It may be called from any goroutine.
	Abort func(reason string)

	// Summary returns the report as text. It is nil while the test runs.
	Summary func() string

	// Interrupted counts the iterations that were stopped.
	Interrupted atomic.Int64

	arrays arrays

	failed atomic.Pointer[string]
}

// MarkFailed makes the test a failed one, with a reason, and lets it go on.
func (t *Test) MarkFailed(reason string) { t.failed.CompareAndSwap(nil, &reason) }

// Failed returns whether MarkFailed was called, and the first reason.
func (t *Test) Failed() (reason string, failed bool) {
	if p := t.failed.Load(); p != nil {
		return *p, true
	}
	return "", false
}

// Builtin are the metrics that are there without the script.
type Builtin struct {
	Checks, Expects                                *metrics.Metric
	Iterations, IterationDuration, Dropped         *metrics.Metric
	VUs, VUsMax                                    *metrics.Metric
	DataSent, DataReceived, GroupDuration, Waiting *metrics.Metric

	Sessions, Connecting, SessionDuration, Sent, Received, Ping *metrics.Metric
	Requests, RequestDuration, RequestFailed                    *metrics.Metric
}

// NewTest returns a Test with the metrics that are always there.
func NewTest() *Test {
	t := &Test{Builtin: new(Builtin), Abort: func(string) {}}
	b := t.Builtin
	for _, m := range []struct {
		to       **metrics.Metric
		name     string
		kind     metrics.Kind
		contents metrics.Contents
	}{
		{&b.Checks, "checks", metrics.Rate, metrics.Default},
		{&b.Expects, "expects", metrics.Rate, metrics.Default},
		{&b.Waiting, "expect_duration", metrics.Trend, metrics.Time},
		{&b.Iterations, "iterations", metrics.Counter, metrics.Default},
		{&b.IterationDuration, "iteration_duration", metrics.Trend, metrics.Time},
		{&b.Dropped, "dropped_iterations", metrics.Counter, metrics.Default},
		{&b.VUs, "vus", metrics.Gauge, metrics.Default},
		{&b.VUsMax, "vus_max", metrics.Gauge, metrics.Default},
		{&b.DataSent, "data_sent", metrics.Counter, metrics.Data},
		{&b.DataReceived, "data_received", metrics.Counter, metrics.Data},
		{&b.GroupDuration, "group_duration", metrics.Trend, metrics.Time},
		{&b.Sessions, "ws_sessions", metrics.Counter, metrics.Default},
		{&b.Connecting, "ws_connecting", metrics.Trend, metrics.Time},
		{&b.SessionDuration, "ws_session_duration", metrics.Trend, metrics.Time},
		{&b.Sent, "ws_msgs_sent", metrics.Counter, metrics.Default},
		{&b.Received, "ws_msgs_received", metrics.Counter, metrics.Default},
		{&b.Ping, "ws_ping", metrics.Trend, metrics.Time},
		{&b.Requests, "http_reqs", metrics.Counter, metrics.Default},
		{&b.RequestDuration, "http_req_duration", metrics.Trend, metrics.Time},
		{&b.RequestFailed, "http_req_failed", metrics.Rate, metrics.Default},
	} {
		var err error
		if *m.to, err = t.Metrics.New(m.name, m.kind, m.contents); err != nil {
			panic(err)
		}
	}
	return t
}

// A VU is what the modules know about the instance that runs the script. Its fields are used
// in turns of the Realm only, and by whoever sets it up.
type VU struct {
	Test  *Test
	Realm *realm.Realm

	// Context is done when the VU is stopped: what blocks the script then ends.
	Context context.Context

	Number    int // from 1; 0 for setup, teardown and the options
	InTest    int // the number among the VUs of all scenarios
	Init      bool
	Iteration int // from 0, of this VU
	Scenario  *Scenario

	// Aborted says that the script has ended the test.
	Aborted bool

	// InScenario is the number of the iteration among those of the scenario.
	InScenario int64

	tags    metrics.Tags
	group   string
	random  *rand.Rand
	modules map[string]goja.Value

	jsonFunctions map[string]goja.Callable // of JSON, whatever the script makes of it
}

// A Scenario is what the modules know about what the VU runs for. It may be nil.
type Scenario struct {
	Name     string
	Executor string
	Begun    time.Time
	Tags     metrics.Tags
	Env      map[string]string
	Progress func() float64
}

// Key is the place of the VU in a Realm.
var Key = realm.NewKey(func(r *realm.Realm) *VU { return &VU{Realm: r} })

// SetUp gives the Realm the globals of k6, and counts what its WebSockets do. Init is true
// while the script itself runs, that is, before its functions are called.
func (v *VU) SetUp() {
	v.Init = true
	v.tags = metrics.Tags{}
	if v.Scenario != nil {
		v.tags = metrics.Tags{"scenario": v.Scenario.Name}.With(v.Scenario.Tags)
	}
	v.tags = v.tags.With(metrics.Tags{"group": ""})
	v.random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	r := v.Realm
	v.jsonFunctions = make(map[string]goja.Callable)
	for _, name := range []string{"parse", "stringify"} {
		v.jsonFunctions[name], _ = goja.AssertFunction(r.Get("JSON").(*goja.Object).Get(name))
	}
	r.Set("__VU", v.Number)
	r.Set("__ITER", 0)
	env := maps.Clone(v.Test.Env)
	if v.Scenario != nil {
		maps.Copy(env, v.Scenario.Env)
	}
	r.Set("__ENV", env)
	r.Set(loader, func(name string) (goja.Value, error) { return v.require(name) })
	r.Set("open", func(call goja.FunctionCall) goja.Value { return v.open(call) })
	config := websocket.Key.In(r)
	config.Options.Hooks = v.hooks()
	config.Opening = func(s *airsocket.Socket, url string) { v.opening(s, v.tags.With(metrics.Tags{"url": url})) }
}

// Begin says that an iteration begins.
func (v *VU) Begin(inScenario int64) {
	v.InScenario = inScenario
	v.Realm.Set("__ITER", v.Iteration)
}

// Tags returns the tags of what the script measures now.
func (v *VU) Tags() metrics.Tags { return v.tags }

// SetGroup sets the group that the script is in, and returns the one before.
func (v *VU) setGroup(path string) (before string) {
	before = v.group
	v.group = path
	v.tags = v.tags.With(metrics.Tags{"group": path})
	return before
}

// fail throws an error of Go in the script.
func (v *VU) fail(format string, args ...any) {
	panic(v.Realm.NewGoError(fmt.Errorf(format, args...)))
}

// milliseconds returns a duration as metrics have it.
func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// A session is what is remembered of a connection.
type session struct {
	tags  metrics.Tags
	begun time.Time
	pings map[string]time.Time
	last  int // the number of the latest ping
}

// maxPings is how many pings of a connection may be waiting for a pong.
const maxPings = 100

func (v *VU) opening(s *airsocket.Socket, tags metrics.Tags) *session {
	state := &session{tags: tags, begun: time.Now()}
	s.SetData(state)
	return state
}

// hooks counts what the WebSockets of the VU do.
func (v *VU) hooks() *airsocket.Hooks {
	b := v.Test.Builtin
	return &airsocket.Hooks{
		Opened: func(s *airsocket.Socket) {
			state := s.Data().(*session)
			state.tags = state.tags.With(metrics.Tags{"status": "101", "subproto": s.Protocol()})
			b.Sessions.Add(1, state.tags)
			b.Connecting.Add(milliseconds(time.Since(state.begun)), state.tags)
		},
		HandshakeFailed: func(s *airsocket.Socket, err error) {
			state := s.Data().(*session)
			b.Sessions.Add(1, state.tags)
			b.Connecting.Add(milliseconds(time.Since(state.begun)), state.tags)
		},
		Closed: func(s *airsocket.Socket, _ *airsocket.CloseEvent) {
			state := s.Data().(*session)
			b.SessionDuration.Add(milliseconds(time.Since(state.begun)), state.tags)
		},
		Received: func(s *airsocket.Socket, kind wire.Kind, n int) {
			tags := s.Data().(*session).tags
			b.DataReceived.Add(float64(n), tags)
			if kind == wire.Text || kind == wire.Binary {
				b.Received.Add(1, tags)
			}
		},
		Sent: func(s *airsocket.Socket, kind wire.Kind, n int) {
			tags := s.Data().(*session).tags
			b.DataSent.Add(float64(n), tags)
			if kind == wire.Text || kind == wire.Binary {
				b.Sent.Add(1, tags)
			}
		},
	}
}

var errPings = errors.New("too many pings are waiting for a pong")

// ping sends a ping whose pong is counted.
func (v *VU) ping(s *airsocket.Socket) error {
	state := s.Data().(*session)
	if len(state.pings) >= maxPings {
		return errPings
	}
	state.last++
	payload := fmt.Sprint(state.last)
	if state.pings == nil {
		state.pings = make(map[string]time.Time)
	}
	state.pings[payload] = time.Now()
	return s.Ping([]byte(payload))
}

// pong counts the time that a pong took, if it answers a ping.
func (v *VU) pong(s *airsocket.Socket, payload []byte) {
	state := s.Data().(*session)
	if at, ok := state.pings[string(payload)]; ok {
		delete(state.pings, string(payload))
		v.Test.Builtin.Ping.Add(milliseconds(time.Since(at)), state.tags)
	}
}
