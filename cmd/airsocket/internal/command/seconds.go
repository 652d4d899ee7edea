package command

import (
	"errors"
	"strings"
	"time"
)

// Seconds is a flag whose value is a duration in the format of
// time.ParseDuration, or a number of seconds without a unit. The value "forever" is
// negative.
type Seconds time.Duration

func (d *Seconds) String() string { return time.Duration(*d).String() }

func (d *Seconds) Set(s string) error {
	if s == "forever" {
		s = "-1"
	}
	if strings.Trim(s, "+-.0123456789") == "" {
		s += "s"
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("not a time such as 5, 1.5 or 200ms")
	}
	*d = Seconds(v)
	return nil
}
