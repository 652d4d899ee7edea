// Package scenario runs load tests that are written for k6: many instances of a script, whose
// functions are called again and again, as its options say.
package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/airsocket/airsocket/bot/internal/metrics"
)

// ErrOptions is the error for options of a script that make no sense.
var ErrOptions = errors.New("the options of the script are wrong")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrOptions, fmt.Sprintf(format, args...))
}

// Limits of the options.
const (
	MaxVUs    = 100_000
	maxRate   = 1_000_000 // iterations a second
	maxTime   = 365 * 24 * time.Hour
	maxStages = 10_000
)

// A duration is a time in JSON: a text such as "1m30s", or a number of milliseconds.
type duration struct {
	time.Duration
	given bool
}

func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	var number float64
	switch {
	case string(data) == "null":
		return nil
	case json.Unmarshal(data, &number) == nil:
		d.Duration = time.Duration(min(number*1e6, 2*float64(maxTime)))
	case json.Unmarshal(data, &text) == nil:
		var err error
		if d.Duration, err = parseDuration(text); err != nil {
			return err
		}
	default:
		return wrong("%s is not a time such as \"10s\"", data)
	}
	if d.Duration < 0 || d.Duration > maxTime {
		return wrong("the time %s is negative, or longer than a year", data)
	}
	d.given = true
	return nil
}

// parseDuration parses a time as time.ParseDuration does, which may begin with days.
func parseDuration(text string) (time.Duration, error) {
	var days time.Duration
	if d, rest, ok := strings.Cut(text, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(d, "%d", &n); err != nil || n < 0 || n > 365 {
			return 0, wrong("%q is not a time such as \"10s\"", text)
		}
		if days, text = time.Duration(n)*24*time.Hour, rest; rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, wrong("%q is not a time such as \"10s\"", text)
	}
	return days + d, nil
}

// or returns the duration, or another one if none was given.
func (d duration) or(other time.Duration) time.Duration {
	if d.given {
		return d.Duration
	}
	return other
}

// Options are the options that a script exports.
type Options struct {
	VUs             int                        `json:"vus"`
	Duration        duration                   `json:"duration"`
	Iterations      int64                      `json:"iterations"`
	Stages          []stage                    `json:"stages"`
	Scenarios       map[string]json.RawMessage `json:"scenarios"`
	Thresholds      map[string][]threshold     `json:"thresholds"`
	SetupTimeout    duration                   `json:"setupTimeout"`
	TeardownTimeout duration                   `json:"teardownTimeout"`
	Tags            metrics.Tags               `json:"tags"`
	UserAgent       string                     `json:"userAgent"`
	Insecure        bool                       `json:"insecureSkipTLSVerify"`

	// Ignored are options that have no effect.
	Ignored []string `json:"-"`

	list []*config
}

// known are the options that have an effect, or none in k6 that matters here.
var known = []string{
	"vus", "duration", "iterations", "stages", "scenarios", "thresholds", "setupTimeout", "teardownTimeout", "tags", "userAgent", "insecureSkipTLSVerify",
	"summaryTrendStats", "summaryTimeUnit", "ext", "cloud", "noUsageReport", "systemTags", "discardResponseBodies", "noConnectionReuse",
}

// A stage is a part of the time, at whose end there are a number of VUs.
type stage struct {
	Duration duration `json:"duration"`
	Target   int      `json:"target"`
}

// A threshold is a condition, or an object with one.
type threshold struct {
	Threshold string   `json:"threshold"`
	Abort     bool     `json:"abortOnFail"`
	Delay     duration `json:"delayAbortEval"`
}

func (t *threshold) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &t.Threshold) == nil {
		return nil
	}
	type plain threshold
	return json.Unmarshal(data, (*plain)(t))
}

// A config is what a scenario is to do.
type config struct {
	name string

	Executor         string            `json:"executor"`
	Exec             string            `json:"exec"`
	Env              map[string]string `json:"env"`
	Tags             metrics.Tags      `json:"tags"`
	StartTime        duration          `json:"startTime"`
	GracefulStop     duration          `json:"gracefulStop"`
	GracefulRampDown duration          `json:"gracefulRampDown"`
	VUs              *int              `json:"vus"`
	StartVUs         *int              `json:"startVUs"`
	Iterations       *int64            `json:"iterations"`
	Duration         duration          `json:"duration"`
	MaxDuration      duration          `json:"maxDuration"`
	Stages           []stage           `json:"stages"`
	Rate             float64           `json:"rate"`
	TimeUnit         duration          `json:"timeUnit"`
	PreAllocated     int               `json:"preAllocatedVUs"`
	MaxVUs           int               `json:"maxVUs"`
	Options          json.RawMessage   `json:"options"`
}

// Overrides are options that were given with flags.
type Overrides struct {
	VUs        int
	Duration   time.Duration
	Iterations int64
}

// ParseOptions parses the options of a script, which are JSON, or nil if it has none.
func ParseOptions(data []byte, over Overrides) (*Options, error) {
	o := new(Options)
	if len(data) > 0 {
		if err := json.Unmarshal(data, o); err != nil {
			return nil, optionsError(err)
		}
		var all map[string]json.RawMessage
		if json.Unmarshal(data, &all) == nil {
			for _, name := range slices.Sorted(maps.Keys(all)) {
				if !slices.Contains(known, name) {
					o.Ignored = append(o.Ignored, name)
				}
			}
		}
	}
	if over != (Overrides{}) {
		o.override(over)
	}
	if err := o.resolve(); err != nil {
		return nil, err
	}
	return o, nil
}

// optionsError makes an error of encoding/json one of the options.
func optionsError(err error) error {
	if errors.Is(err, ErrOptions) {
		return err
	}
	return wrong("%s", strings.TrimPrefix(err.Error(), "json: "))
}

// override sets options from flags. As in k6 they replace the scenarios of the script.
func (o *Options) override(over Overrides) {
	if over.Duration > 0 || over.Iterations > 0 {
		o.Scenarios, o.Stages, o.Duration, o.Iterations = nil, nil, duration{}, 0
	}
	if over.VUs > 0 {
		o.VUs, o.Scenarios, o.Stages = over.VUs, nil, nil
	}
	if over.Duration > 0 {
		o.Duration = duration{over.Duration, true}
	}
	if over.Iterations > 0 {
		o.Iterations = over.Iterations
	}
}

// resolve makes the list of scenarios.
func (o *Options) resolve() error {
	if len(o.Scenarios) > 0 {
		if o.VUs != 0 || o.Duration.given || o.Iterations != 0 || len(o.Stages) > 0 {
			return wrong("scenarios cannot be used together with vus, duration, iterations or stages")
		}
		for _, name := range slices.Sorted(maps.Keys(o.Scenarios)) {
			c := &config{name: name}
			d := json.NewDecoder(bytes.NewReader(o.Scenarios[name]))
			d.DisallowUnknownFields()
			if err := d.Decode(c); err != nil {
				return fmt.Errorf("scenario %s: %w", name, optionsError(err))
			}
			o.list = append(o.list, c)
		}
	} else {
		o.list = []*config{o.short()}
	}
	total := 0
	for _, c := range o.list {
		if err := c.check(); err != nil {
			return fmt.Errorf("scenario %s: %w", c.name, err)
		}
		if total += c.most(); total > MaxVUs {
			return wrong("there are more than %d VUs", MaxVUs)
		}
	}
	return nil
}

// short returns the scenario that the options without scenarios mean.
func (o *Options) short() *config {
	vus := max(o.VUs, 1)
	if o.VUs < 0 {
		vus = o.VUs
	}
	c := &config{name: "default", VUs: &vus}
	switch {
	case o.Iterations != 0:
		c.Executor, c.Iterations, c.MaxDuration = sharedIterations, &o.Iterations, o.Duration
	case len(o.Stages) > 0:
		start := o.VUs
		if start == 0 {
			start = 1
		}
		c.Executor, c.Stages, c.StartVUs, c.VUs = rampingVUs, o.Stages, &start, nil
	case o.Duration.given:
		c.Executor, c.Duration = constantVUs, o.Duration
	default:
		one := int64(vus)
		c.Executor, c.Iterations = sharedIterations, &one
	}
	return c
}

// The executors.
const (
	sharedIterations    = "shared-iterations"
	perVUIterations     = "per-vu-iterations"
	constantVUs         = "constant-vus"
	rampingVUs          = "ramping-vus"
	constantArrivalRate = "constant-arrival-rate"
)

// ErrExecutor is the error for an executor that is not there.
var ErrExecutor = errors.New("there is no such executor: use shared-iterations, per-vu-iterations, constant-vus, ramping-vus or constant-arrival-rate")

func (c *config) check() error {
	if c.name == "" {
		return wrong("it has no name")
	}
	switch c.Executor {
	case sharedIterations, perVUIterations:
		if c.Iterations == nil {
			one := int64(1)
			c.Iterations = &one
		}
		if *c.Iterations < 1 {
			return wrong("iterations is less than 1")
		}
	case constantVUs:
		if c.Duration.Duration <= 0 {
			return wrong("%s needs a duration", c.Executor)
		}
	case rampingVUs:
		if len(c.Stages) == 0 || len(c.Stages) > maxStages {
			return wrong("%s needs 1 to %d stages", c.Executor, maxStages)
		}
		for _, s := range c.Stages {
			if s.Target < 0 || !s.Duration.given {
				return wrong("a stage needs a duration and a target that is not negative")
			}
		}
		if *c.startVUs() < 0 {
			return wrong("startVUs is negative")
		}
	case constantArrivalRate:
		switch {
		case c.Duration.Duration <= 0:
			return wrong("%s needs a duration", c.Executor)
		case c.TimeUnit.or(time.Second) <= 0, c.Rate <= 0, c.Rate/c.TimeUnit.or(time.Second).Seconds() > maxRate:
			return wrong("%s needs a rate from 1 to %d a second", c.Executor, maxRate)
		case c.PreAllocated < 0 || c.MaxVUs < 0 || c.PreAllocated == 0 && c.MaxVUs == 0:
			return wrong("%s needs preAllocatedVUs", c.Executor)
		case c.MaxVUs != 0 && c.MaxVUs < c.PreAllocated:
			return wrong("maxVUs is less than preAllocatedVUs")
		}
	default:
		return fmt.Errorf("%w: %q: %w", ErrOptions, c.Executor, ErrExecutor)
	}
	if c.Executor != rampingVUs && c.Executor != constantArrivalRate && c.vus() < 1 {
		return wrong("vus is less than 1")
	}
	return nil
}

func (c *config) vus() int {
	if c.VUs == nil {
		return 1
	}
	return *c.VUs
}

func (c *config) startVUs() *int {
	if c.StartVUs == nil {
		one := 1
		c.StartVUs = &one
	}
	return c.StartVUs
}

// most returns how many VUs the scenario has at most.
func (c *config) most() int {
	switch c.Executor {
	case rampingVUs:
		n := *c.startVUs()
		for _, s := range c.Stages {
			n = max(n, s.Target)
		}
		return n
	case constantArrivalRate:
		return max(c.PreAllocated, c.MaxVUs)
	}
	return c.vus()
}

// planned returns how many VUs are made before the test.
func (c *config) planned() int {
	if c.Executor == constantArrivalRate {
		return c.PreAllocated
	}
	return c.most()
}

// length returns how long the scenario lasts at most, without the time in which iterations
// may end.
func (c *config) length() time.Duration {
	switch c.Executor {
	case sharedIterations, perVUIterations:
		return c.MaxDuration.or(10 * time.Minute)
	case rampingVUs:
		var sum time.Duration
		for _, s := range c.Stages {
			sum += s.Duration.Duration
		}
		return sum
	}
	return c.Duration.Duration
}

// wanted returns how many VUs a scenario with stages wants at a time after its start.
func (c *config) wanted(at time.Duration) int {
	from := *c.startVUs()
	for _, s := range c.Stages {
		if at < s.Duration.Duration {
			share := float64(at) / float64(s.Duration.Duration)
			return from + int(float64(s.Target-from)*share)
		}
		at -= s.Duration.Duration
		from = s.Target
	}
	return from
}

// describe says in a line what the scenario does.
func (c *config) describe() string {
	text := c.name + ": " + c.Executor
	switch c.Executor {
	case sharedIterations:
		return fmt.Sprintf("%s, %d iterations shared by %d VUs", text, *c.Iterations, c.vus())
	case perVUIterations:
		return fmt.Sprintf("%s, %d iterations of each of %d VUs", text, *c.Iterations, c.vus())
	case rampingVUs:
		return fmt.Sprintf("%s, up to %d VUs over %s", text, c.most(), c.length())
	case constantArrivalRate:
		return fmt.Sprintf("%s, %g iterations per %s over %s, up to %d VUs", text, c.Rate, c.TimeUnit.or(time.Second), c.length(), c.most())
	}
	return fmt.Sprintf("%s, %d VUs over %s", text, c.vus(), c.length())
}

// Describe says in a line for each scenario what it does.
func (o *Options) Describe() []string {
	var all []string
	for _, c := range o.list {
		all = append(all, c.describe())
	}
	return all
}
