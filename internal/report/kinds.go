package report

import (
	"cmp"
	"slices"
	"sync"
)

// MaxKinds is how many kinds a Kinds tells apart.
const MaxKinds = 30

// other counts what came after MaxKinds kinds.
const other = "other"

// A Kinds counts by kind, for instance errors by their text. After MaxKinds different
// kinds it counts all new ones together, as "other", so that its memory is bounded
// whatever the kinds are made of. The zero value is empty and ready for use. Its methods
// may be called from several goroutines.
type Kinds struct {
	mu    sync.Mutex
	count map[string]int64
	total int64
}

// Add counts one of the kind.
func (k *Kinds) Add(kind string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.count == nil {
		k.count = make(map[string]int64)
	}
	if _, known := k.count[kind]; !known && len(k.count) >= MaxKinds {
		kind = other
	}
	k.count[kind]++
	k.total++
}

// Total returns the number of calls of Add.
func (k *Kinds) Total() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.total
}

// Metrics returns the kinds and their counts, the most frequent first.
func (k *Kinds) Metrics() []Metric {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []Metric
	for kind, n := range k.count {
		all = append(all, Metric{Key: kind, Value: float64(n)})
	}
	slices.SortFunc(all, func(a, b Metric) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Key, b.Key))
	})
	return all
}
