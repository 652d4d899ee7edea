// Package scenario runs load tests that are written for k6: many instances of a script, whose
// functions are called again and again, as its options say.
package scenario

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// ErrOptions is the error for options of a script that make no sense. What it is wrapped with
// names the option.
var ErrOptions = errors.New("the options of the script are wrong")

// Limits of the options.
const (
	MaxVUs        = 100_000
	maxRate       = 1_000_000 // iterations a second
	maxTime       = 365 * 24 * time.Hour
	maxStages     = 10_000
	maxThresholds = 1000
	maxTags       = 100
)

// Options are the options that a script exports.
type Options struct {
	VUs             whole
	Duration        duration
	Iterations      whole
	Stages          list[stage]
	Scenarios       object[*config]
	Thresholds      object[list[threshold]]
	SetupTimeout    duration
	TeardownTimeout duration
	Tags            object[string]
	UserAgent       string
	Insecure        bool

	// Ignored are options that have no effect.
	Ignored []string

	list []*config
}

// UnmarshalJSON decodes options, and remembers the names of those that have no effect.
func (o *Options) UnmarshalJSON(data []byte) (err error) {
	unknown, err := decodeFields(data, map[string]any{
		"vus": &o.VUs, "duration": &o.Duration, "iterations": &o.Iterations, "stages": &o.Stages,
		"scenarios": &o.Scenarios, "thresholds": &o.Thresholds, "setupTimeout": &o.SetupTimeout,
		"teardownTimeout": &o.TeardownTimeout, "tags": &o.Tags, "userAgent": &o.UserAgent,
		"insecureSkipTLSVerify": &o.Insecure,
	})
	for _, name := range unknown {
		if !slices.Contains(harmless, name) {
			o.Ignored = append(o.Ignored, name)
		}
	}
	return err
}

// harmless are options that have no effect, about which the report says nothing.
var harmless = []string{
	"summaryTrendStats", "summaryTimeUnit", "ext", "cloud", "noUsageReport", "systemTags",
	"discardResponseBodies", "noConnectionReuse",
}

// A stage is a part of the time, at whose end there are a number of VUs, or a rate.
type stage struct {
	Duration duration
	Target   whole
}

func (s *stage) UnmarshalJSON(data []byte) error {
	err := decodeKnown(data, map[string]any{"duration": &s.Duration, "target": &s.Target})
	switch {
	case err != nil:
		return err
	case !s.Duration.given:
		return errors.New("it has no duration")
	case !s.Target.given:
		return errors.New("it has no target")
	case s.Target.n < 0:
		return errors.New("its target is negative")
	}
	return nil
}

// A threshold is a condition, or an object with one.
type threshold struct {
	Threshold string
	Abort     bool
	Delay     duration
}

func (t *threshold) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return decode(data, &t.Threshold)
	}
	return decodeKnown(data, map[string]any{
		"threshold": &t.Threshold, "abortOnFail": &t.Abort, "delayAbortEval": &t.Delay,
	})
}

// A config is what a scenario is to do.
type config struct {
	name string

	Executor         string
	Exec             string
	Env              object[string]
	Tags             object[string]
	StartTime        duration
	GracefulStop     duration
	GracefulRampDown duration
	VUs              whole
	StartVUs         whole
	Iterations       whole
	Duration         duration
	MaxDuration      duration
	Stages           list[stage]
	Rate             whole
	StartRate        whole
	TimeUnit         duration
	PreAllocated     whole
	MaxVUs           whole
}

// own are the options that scenarios have only with some executors.
var own = map[string][]string{
	sharedIterations:    {"vus", "iterations", "maxDuration"},
	perVUIterations:     {"vus", "iterations", "maxDuration"},
	constantVUs:         {"vus", "duration"},
	rampingVUs:          {"startVUs", "stages", "gracefulRampDown"},
	constantArrivalRate: {"rate", "timeUnit", "duration", "preAllocatedVUs", "maxVUs"},
	rampingArrivalRate:  {"startRate", "timeUnit", "stages", "preAllocatedVUs", "maxVUs"},
}

func (c *config) UnmarshalJSON(data []byte) error {
	if _, err := decodeFields(data, map[string]any{"executor": &c.Executor}); err != nil {
		return err
	}
	if own[c.Executor] == nil {
		return fmt.Errorf("%q: %w", c.Executor, ErrExecutor)
	}
	to := map[string]any{
		"vus": &c.VUs, "startVUs": &c.StartVUs, "iterations": &c.Iterations, "duration": &c.Duration,
		"maxDuration": &c.MaxDuration, "stages": &c.Stages, "gracefulRampDown": &c.GracefulRampDown,
		"rate": &c.Rate, "startRate": &c.StartRate, "timeUnit": &c.TimeUnit,
		"preAllocatedVUs": &c.PreAllocated, "maxVUs": &c.MaxVUs,
	}
	maps.DeleteFunc(to, func(name string, _ any) bool { return !slices.Contains(own[c.Executor], name) })
	maps.Copy(to, map[string]any{
		"executor": &c.Executor, "exec": &c.Exec, "env": &c.Env, "tags": &c.Tags, "startTime": &c.StartTime,
		"gracefulStop": &c.GracefulStop, "options": new(any), // which are of k6/browser
	})
	unknown, err := decodeFields(data, to)
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("%s has no option %s", c.Executor, unknown[0])
	}
	return err
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
	var err error
	if len(data) > 0 {
		err = o.decode(data)
	}
	if err == nil {
		o.override(over)
		err = o.resolve()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return o, nil
}

func (o *Options) decode(data []byte) error {
	if data[0] != '{' {
		return fmt.Errorf("they must be an object, not %s", short(data))
	}
	return decode(data, o)
}

// override sets options from flags. As in k6 they replace the scenarios of the script, except
// for the number of VUs alone.
func (o *Options) override(over Overrides) {
	if over.Duration > 0 || over.Iterations > 0 {
		o.Scenarios, o.Stages, o.Duration, o.Iterations = nil, nil, duration{}, whole{}
	}
	if over.VUs > 0 {
		o.VUs = whole{int64(over.VUs), true}
	}
	if over.Duration > 0 {
		o.Duration = duration{over.Duration, true}
	}
	if over.Iterations > 0 {
		o.Iterations = whole{over.Iterations, true}
	}
}

// given returns the names of the options that say when and how often there are iterations.
func (o *Options) given() (names []string) {
	for _, option := range []struct {
		name  string
		given bool
	}{
		{"iterations", o.Iterations.given}, {"duration", o.Duration.given},
		{"stages", len(o.Stages) > 0}, {"scenarios", len(o.Scenarios) > 0},
	} {
		if option.given {
			names = append(names, option.name)
		}
	}
	return names
}

// resolve makes the list of scenarios.
func (o *Options) resolve() error {
	given := o.given()
	if len(o.Scenarios) > 0 && o.VUs.given {
		given = []string{"vus", "scenarios"}
	}
	if len(given) > 1 && !slices.Equal(given, []string{"iterations", "duration"}) {
		return fmt.Errorf("%s and %s cannot be used together", given[0], given[1])
	}
	for _, name := range slices.Sorted(maps.Keys(o.Scenarios)) {
		c := o.Scenarios[name]
		if c == nil {
			c = new(config)
		}
		c.name = name
		o.list = append(o.list, c)
	}
	if o.list == nil {
		o.list = []*config{o.short()}
	}
	thresholds := 0
	for _, all := range o.Thresholds {
		thresholds += len(all)
	}
	switch {
	case o.VUs.n < 0:
		return errors.New("vus is negative")
	case o.VUs.n > MaxVUs:
		return errVUs
	case thresholds > maxThresholds:
		return fmt.Errorf("thresholds: there are %d, and at most %d are possible", thresholds, maxThresholds)
	case len(o.Tags) > maxTags:
		return fmt.Errorf("tags: there are %d, and at most %d are possible", len(o.Tags), maxTags)
	}
	total := 0
	for _, c := range o.list {
		if err := c.check(); err != nil {
			return fmt.Errorf("scenario %q: %w", c.name, err)
		}
		if total += c.most(); total > MaxVUs {
			return errVUs
		}
	}
	return nil
}

// short returns the scenario that the options without scenarios mean.
func (o *Options) short() *config {
	c := &config{name: "default", VUs: o.VUs}
	switch {
	case o.Iterations.given:
		c.Executor, c.Iterations, c.MaxDuration = sharedIterations, o.Iterations, o.Duration
	case o.Duration.given:
		c.Executor, c.Duration = constantVUs, o.Duration
	case len(o.Stages) > 0:
		c.Executor, c.Stages, c.StartVUs = rampingVUs, o.Stages, o.VUs
	default:
		if o.VUs.or(1) != 1 {
			o.Ignored = append(o.Ignored, "vus without iterations, duration or stages")
		}
		c.Executor, c.VUs = perVUIterations, whole{}
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
	rampingArrivalRate  = "ramping-arrival-rate"
)

// ErrExecutor is the error for an executor that is not there.
var ErrExecutor = errors.New("there is no such executor: use shared-iterations, per-vu-iterations, " +
	"constant-vus, ramping-vus, constant-arrival-rate or ramping-arrival-rate")

var errVUs = fmt.Errorf("there are more than %d VUs", MaxVUs)

var scenarioName = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)

func (c *config) check() error {
	switch {
	case !scenarioName.MatchString(c.name):
		return errors.New("its name must consist of 1 to 128 letters, digits, underscores and dashes")
	case own[c.Executor] == nil:
		return fmt.Errorf("%q: %w", c.Executor, ErrExecutor)
	case len(c.Tags) > maxTags:
		return fmt.Errorf("tags: there are %d, and at most %d are possible", len(c.Tags), maxTags)
	}
	switch c.Executor {
	case rampingVUs:
		if c.StartVUs.n < 0 {
			return errors.New("startVUs is negative")
		}
		return c.checkStages()
	case constantArrivalRate, rampingArrivalRate:
		return c.checkRate()
	case constantVUs:
		if c.Duration.Duration <= 0 {
			return fmt.Errorf("%s needs a duration", c.Executor)
		}
	}
	switch vus, iterations := c.VUs.or(1), c.Iterations.or(1); {
	case vus < 1:
		return errors.New("vus is less than 1")
	case c.Executor == sharedIterations && iterations < vus:
		return fmt.Errorf("iterations (%d) is less than vus (%d)", iterations, vus)
	case iterations < 1:
		return fmt.Errorf("iterations (%d) is less than 1", iterations)
	}
	return nil
}

func (c *config) checkStages() error {
	if len(c.Stages) == 0 || len(c.Stages) > maxStages {
		return fmt.Errorf("stages: %s needs 1 to %d of them", c.Executor, maxStages)
	}
	sum := time.Duration(0)
	for _, s := range c.Stages {
		if sum += s.Duration.Duration; sum > maxTime {
			return errors.New("stages: they last longer than a year")
		}
	}
	return nil
}

// checkRate checks the options of executors with a rate.
func (c *config) checkRate() error {
	unit := c.TimeUnit.or(time.Second)
	switch {
	case unit <= 0:
		return errors.New("timeUnit must be more than 0")
	case !c.PreAllocated.given:
		return fmt.Errorf("%s needs preAllocatedVUs", c.Executor)
	case c.PreAllocated.n < 0:
		return errors.New("preAllocatedVUs is negative")
	case c.MaxVUs.given && c.MaxVUs.n < c.PreAllocated.n:
		return errors.New("maxVUs is less than preAllocatedVUs")
	case c.most() < 1:
		return errors.New("maxVUs is less than 1")
	}
	fastest := max(c.Rate.n, c.StartRate.n)
	for _, s := range c.Stages {
		fastest = max(fastest, s.Target.n)
	}
	switch {
	case float64(fastest)/unit.Seconds() > maxRate:
		return fmt.Errorf("the rate is more than %d a second", maxRate)
	case c.Executor == rampingArrivalRate && c.StartRate.n < 0:
		return errors.New("startRate is negative")
	case c.Executor == rampingArrivalRate:
		return c.checkStages()
	case c.Rate.n < 1:
		return errors.New("rate is less than 1")
	case c.Duration.Duration <= 0:
		return fmt.Errorf("%s needs a duration", c.Executor)
	}
	return nil
}

func (c *config) vus() int { return int(c.VUs.or(1)) }

// most returns how many VUs the scenario has at most.
func (c *config) most() int {
	switch c.Executor {
	case rampingVUs:
		n := c.StartVUs.or(1)
		for _, s := range c.Stages {
			n = max(n, s.Target.n)
		}
		return int(n)
	case constantArrivalRate, rampingArrivalRate:
		return int(max(c.PreAllocated.n, c.MaxVUs.n))
	}
	return c.vus()
}

// planned returns how many VUs are made before the test.
func (c *config) planned() int {
	switch c.Executor {
	case constantArrivalRate, rampingArrivalRate:
		return int(c.PreAllocated.n)
	}
	return c.most()
}

// length returns how long the scenario lasts at most, without the time in which iterations
// may end.
func (c *config) length() time.Duration {
	switch c.Executor {
	case sharedIterations, perVUIterations:
		return c.MaxDuration.or(10 * time.Minute)
	case rampingVUs, rampingArrivalRate:
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
	from := int(c.StartVUs.or(1))
	for _, s := range c.Stages {
		if at < s.Duration.Duration {
			share := float64(at) / float64(s.Duration.Duration)
			return from + int(float64(int(s.Target.n)-from)*share)
		}
		at -= s.Duration.Duration
		from = int(s.Target.n)
	}
	return from
}

// describe says in a line what the scenario does.
func (c *config) describe() string {
	text := c.name + ": " + c.Executor
	switch c.Executor {
	case sharedIterations:
		return fmt.Sprintf("%s, %d iterations shared by %d VUs", text, c.Iterations.or(1), c.vus())
	case perVUIterations:
		return fmt.Sprintf("%s, %d iterations of each of %d VUs", text, c.Iterations.or(1), c.vus())
	case rampingVUs:
		return fmt.Sprintf("%s, up to %d VUs over %s", text, c.most(), c.length())
	case constantArrivalRate:
		return fmt.Sprintf("%s, %d iterations per %s over %s, up to %d VUs", text, c.Rate.n, c.TimeUnit.or(time.Second), c.length(), c.most())
	case rampingArrivalRate:
		return fmt.Sprintf("%s, %d stages over %s, up to %d VUs", text, len(c.Stages), c.length(), c.most())
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
