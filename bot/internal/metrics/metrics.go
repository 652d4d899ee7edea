// Package metrics counts what the scripts of a load test measure, with the four kinds of
// metrics that k6 has, and checks thresholds.
package metrics

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"github.com/airsocket/airsocket/internal/report"
)

// A Kind says what a Metric makes of its samples.
type Kind uint8

// The kinds.
const (
	Counter Kind = iota // a sum
	Gauge               // the latest value
	Rate                // how many are not 0
	Trend               // a distribution
)

func (k Kind) String() string { return [...]string{"counter", "gauge", "rate", "trend"}[k] }

// Contents says what the samples of a Metric are.
type Contents uint8

// The contents.
const (
	Default Contents = iota
	Time             // milliseconds
	Data             // bytes
)

func (c Contents) String() string { return [...]string{"default", "time", "data"}[c] }

// Value returns a sample as reports want it: times in seconds.
func (c Contents) Value(v float64) float64 {
	if c == Time {
		return v / 1000
	}
	return v
}

// Unit returns the unit of what Value returns.
func (c Contents) Unit() report.Unit {
	return [...]report.Unit{report.Count, report.Seconds, report.Bytes}[c]
}

// MaxMetrics is how many metrics a Registry has at most, including those with tags.
const MaxMetrics = 1000

var (
	// ErrName is the error for a name that is none of a metric.
	ErrName = errors.New("the name of a metric has 1 to 128 letters, digits and underscores, and begins with no digit")
	// ErrKind is the error for a second metric of the same name.
	ErrKind = errors.New("there is a metric of this name, with another type")
	// ErrTooMany is the error of New and Sub when a Registry has MaxMetrics metrics.
	ErrTooMany = fmt.Errorf("a test has at most %d metrics", MaxMetrics)
)

// Tags say what a sample is about. They are not changed once they are used.
type Tags map[string]string

// With returns t with the tags of other, which take precedence.
func (t Tags) With(other Tags) Tags {
	if len(other) == 0 {
		return t
	}
	all := make(Tags, len(t)+len(other))
	maps.Copy(all, t)
	maps.Copy(all, other)
	return all
}

// has reports whether t has all of the other tags.
func (t Tags) has(other Tags) bool {
	for k, v := range other {
		if t[k] != v {
			return false
		}
	}
	return true
}

// A Metric has a name and samples. Its methods may be called from several goroutines.
type Metric struct {
	Name     string // with the tags in braces, if it is the part of a metric that has them
	Kind     Kind
	Contents Contents

	tags Tags

	mu   sync.Mutex
	sink Sink
	subs []*Metric
}

// Add adds a sample.
func (m *Metric) Add(v float64, tags Tags) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sink.add(m.Kind, v)
	for _, sub := range m.subs {
		if tags.has(sub.tags) {
			sub.Add(v, nil)
		}
	}
}

// Sink returns a copy of what the Metric has made of its samples.
func (m *Metric) Sink() Sink {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sink.clone()
}

// Count returns the number of samples.
func (m *Metric) Count() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sink.Count
}

// A Registry has the metrics of a test. The zero value is ready for use. Its methods may be
// called from several goroutines.
type Registry struct {
	mu     sync.Mutex
	byName map[string]*Metric
}

var validName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,127}$`)

// New returns the metric of a name, which it makes if there is none.
func (r *Registry) New(name string, kind Kind, contents Contents) (*Metric, error) {
	if !validName.MatchString(name) {
		return nil, fmt.Errorf("%q: %w", name, ErrName)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.byName[name]; m != nil {
		if m.Kind != kind || m.Contents != contents {
			return nil, fmt.Errorf("%s: %w", name, ErrKind)
		}
		return m, nil
	}
	return r.add(&Metric{Name: name, Kind: kind, Contents: contents})
}

// add adds a metric. The caller holds r.mu.
func (r *Registry) add(m *Metric) (*Metric, error) {
	if len(r.byName) >= MaxMetrics {
		return nil, fmt.Errorf("%s: %w", m.Name, ErrTooMany)
	}
	if r.byName == nil {
		r.byName = make(map[string]*Metric)
	}
	r.byName[m.Name] = m
	return m, nil
}

// Get returns a metric, or nil.
func (r *Registry) Get(name string) *Metric {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byName[name]
}

// sub returns the metric for the samples of m that have all tags.
func (r *Registry) sub(m *Metric, name string, tags Tags) (*Metric, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.byName[name]; s != nil {
		return s, nil
	}
	s, err := r.add(&Metric{Name: name, Kind: m.Kind, Contents: m.Contents, tags: tags})
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.subs = append(m.subs, s)
	return s, nil
}

// All returns the metrics in the order of their names.
func (r *Registry) All() []*Metric {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*Metric
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		all = append(all, r.byName[name])
	}
	return all
}
