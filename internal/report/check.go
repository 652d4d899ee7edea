package report

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Measure is something that a Check can refer to.
type Measure struct {
	Unit     Unit
	HasWhole bool // a Check may compare a percentage
}

// A Value is what was measured.
type Value struct {
	Number float64
	Whole  float64 // what 100 % are, for a Measure with HasWhole
}

// A Check is a condition such as p99<50ms.
type Check struct {
	Text string // as it was given

	name    string
	unit    Unit
	op      string
	limit   float64
	percent bool
}

// An Outcome is the result of a Check.
type Outcome struct {
	Check  string   `json:"check"`
	Actual *float64 `json:"actual"` // null if there is no such number, for instance no latency without answers
	OK     bool     `json:"ok"`

	Text string `json:"-"` // the actual number with its unit
}

var operators = []string{"<=", ">=", "<", ">"} // the longer ones first

// ParseCheck parses a condition: the name of one of the measures, one of < <= > >=, and a
// number. Times must have a unit, as in 50ms, because whoever writes 50 may mean seconds
// or milliseconds. The number for a Measure with HasWhole may have a percent sign.
func ParseCheck(text string, measures map[string]Measure) (Check, error) {
	at := strings.IndexAny(text, "<>")
	if at < 0 {
		return Check{}, fmt.Errorf("%q has none of < <= > >=; write it as in p99<50ms", text)
	}
	c := Check{Text: strings.TrimSpace(text), name: strings.TrimSpace(text[:at])}
	m, ok := measures[c.name]
	if !ok {
		names := slices.Sorted(maps.Keys(measures))
		return Check{}, fmt.Errorf("%q begins with none of %s", text, strings.Join(names, ", "))
	}
	c.unit = m.Unit
	for _, op := range operators {
		if number, ok := strings.CutPrefix(text[at:], op); ok {
			c.op = op
			err := c.parseLimit(strings.TrimSpace(number), m)
			if err != nil {
				return Check{}, fmt.Errorf("%q: %w", text, err)
			}
			return c, nil
		}
	}
	panic("not reached")
}

func (c *Check) parseLimit(s string, m Measure) (err error) {
	if m.Unit == Seconds {
		d, err := time.ParseDuration(s)
		if err != nil || s == "0" {
			return fmt.Errorf("%q is not a time with a unit, such as 50ms or 1.5s", s)
		}
		c.limit = d.Seconds()
		return nil
	}
	s, c.percent = strings.CutSuffix(s, "%")
	if m.Unit == PerSecond {
		s = strings.TrimSuffix(s, "/s")
	}
	c.limit, err = strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(c.limit) {
		return fmt.Errorf("%q is not a number", s)
	}
	if c.percent && !m.HasWhole {
		return errors.New(c.name + " has no percentage")
	}
	return nil
}

// Test reports whether c holds for the values. A check of a value that is missing does
// not hold: no answers are not fast answers.
func (c Check) Test(values map[string]Value) Outcome {
	v, ok := values[c.name]
	if !ok || math.IsNaN(v.Number) || c.percent && v.Whole <= 0 {
		return Outcome{Check: c.Text, Text: "nothing was measured"}
	}
	actual := v.Number
	text := c.unit.Format(actual)
	if c.percent {
		actual = 100 * v.Number / v.Whole
		text = digits(actual) + "%"
	}
	return Outcome{Check: c.Text, Actual: &actual, Text: text, OK: Holds(actual, c.op, c.limit)}
}

// Holds reports whether a condition holds, whose operator is one of < <= > >= == === !=.
func Holds(actual float64, op string, limit float64) bool {
	switch op {
	case "<":
		return actual < limit
	case "<=":
		return actual <= limit
	case ">":
		return actual > limit
	case ">=":
		return actual >= limit
	case "!=":
		return actual != limit
	}
	return actual == limit
}
