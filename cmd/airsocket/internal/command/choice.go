package command

import (
	"errors"
	"strings"
)

// A Chooser is a flag whose values can be listed, for completion.
type Chooser interface{ Values() []string }

// A Choice is a flag that has one of some fixed values.
type Choice struct {
	value  *string
	values []string
}

// NewChoice returns a flag that sets *value to one of values, the first of which is the
// default.
func NewChoice(value *string, values ...string) *Choice {
	*value = values[0]
	return &Choice{value, values}
}

func (c *Choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

// Values returns the values of the flag.
func (c *Choice) Values() []string { return c.values }

func (c *Choice) Set(s string) error {
	for _, v := range c.values {
		if s == v {
			*c.value = v
			return nil
		}
	}
	last := len(c.values) - 1
	text := "not " + strings.Join(c.values[:last], ", ") + " or " + c.values[last]
	if near := nearest(s, c.values); near != "" {
		text += ", did you mean " + near + "?"
	}
	return errors.New(text)
}
