package command

import (
	"errors"
	"strings"
)

// A Chooser is a flag whose values can be listed, for completion.
type Chooser interface{ Values() []string }

// A Choice is a flag that has one of some fixed values.
type Choice[T ~string] struct {
	value  *T
	values []T
}

// NewChoice returns a flag that sets *value to one of values, the first of which is the
// default.
func NewChoice[T ~string](value *T, values ...T) *Choice[T] {
	*value = values[0]
	return &Choice[T]{value, values}
}

func (c *Choice[T]) String() string {
	if c.value == nil {
		return ""
	}
	return string(*c.value)
}

// Values returns the values of the flag.
func (c *Choice[T]) Values() []string {
	texts := make([]string, len(c.values))
	for i, v := range c.values {
		texts[i] = string(v)
	}
	return texts
}

func (c *Choice[T]) Set(s string) error {
	for _, v := range c.values {
		if s == string(v) {
			*c.value = v
			return nil
		}
	}
	values, last := c.Values(), len(c.values)-1
	text := "not " + strings.Join(values[:last], ", ") + " or " + values[last]
	if near := nearest(s, values); near != "" {
		text += ", did you mean " + near + "?"
	}
	return errors.New(text)
}
