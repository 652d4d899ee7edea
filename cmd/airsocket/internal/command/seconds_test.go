package command

import (
	"testing"
	"time"
)

func TestSeconds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"5": 5 * time.Second, "1.5": 1500 * time.Millisecond, "-1": -time.Second, "+2": 2 * time.Second,
		"0": 0, ".25": 250 * time.Millisecond, "200ms": 200 * time.Millisecond, "1m30s": 90 * time.Second, "-2s": -2 * time.Second,
		"forever": -time.Second,
	} {
		var got Seconds
		if err := got.Set(in); err != nil || time.Duration(got) != want {
			t.Errorf("%s: %v (%v), want %v", in, time.Duration(got), err, want)
		}
	}
}
