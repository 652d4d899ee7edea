//go:build !linux

package load

import "time"

// pauseMost is the longest pause that is not left to a timer.
const pauseMost = 0

// precisePause returns nil: the timers of Go are exact enough here.
func precisePause() (pause func(time.Duration), stop func()) { return nil, nil }
