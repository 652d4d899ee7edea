package k6

import (
	"maps"
	"slices"
	"sync"
)

// MaxChecks is how many checks with different names a test has at most. Further ones are only
// counted in the metric, and the report says so.
const MaxChecks = 1000

// A Check is a condition that the script has checked, in a group.
type Check struct {
	Group, Name    string
	Passed, Failed int64
}

// Checks counts checks by their names. The zero value is ready for use. Its methods may be
// called from several goroutines.
type Checks struct {
	mu    sync.Mutex
	by    map[[2]string]*Check
	order []*Check
	more  bool

	groups map[string]bool
}

// Add counts a check.
func (c *Checks) Add(group, name string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := [2]string{group, name}
	check := c.by[key]
	if check == nil {
		if len(c.order) >= MaxChecks {
			c.more = true
			return
		}
		if c.by == nil {
			c.by = make(map[[2]string]*Check)
		}
		check = &Check{Group: group, Name: name}
		c.by[key] = check
		c.order = append(c.order, check)
	}
	if ok {
		check.Passed++
	} else {
		check.Failed++
	}
}

// NoteGroup remembers a group, also one without checks, up to MaxChecks of them.
func (c *Checks) NoteGroup(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups == nil {
		c.groups = make(map[string]bool)
	}
	if len(c.groups) < MaxChecks {
		c.groups[path] = true
	}
}

// Groups returns the groups that were noted, in order of their paths.
func (c *Checks) Groups() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.groups))
}

// More reports whether there were more checks than MaxChecks.
func (c *Checks) More() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.more
}

// All returns the checks in the order in which they were first made.
func (c *Checks) All() []Check {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Check, len(c.order))
	for i, check := range c.order {
		all[i] = *check
	}
	return all
}
