package main

import (
	"errors"
	"strings"
	"time"
)

// seconds is a flag that is a time: with a unit, as time.ParseDuration takes it,
// or a bare number of seconds.
type seconds time.Duration

func (d *seconds) String() string { return time.Duration(*d).String() }

func (d *seconds) Set(s string) error {
	if strings.Trim(s, "+-.0123456789") == "" {
		s += "s"
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("not a time such as 5, 1.5 or 200ms")
	}
	*d = seconds(v)
	return nil
}
