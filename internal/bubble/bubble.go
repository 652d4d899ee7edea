// Package bubble tells bubbles of testing/synctest apart.
package bubble

import (
	"bytes"
	"math"
	"runtime"
	"time"
)

// A goroutine in a bubble of testing/synctest has a clock of its own, which stands
// still while any goroutine of the bubble can run. The runtime ends the program when a
// timer or a sync.Cond of a bubble is used from outside of it. So what sockets inside
// and outside of bubbles may share, such as the default Dispatcher, must know whom it
// serves.

// ID returns the number of the bubble that the calling goroutine belongs to, or 0
// outside of all bubbles. A goroutine belongs to the same bubble as the goroutine that
// started it. Outside of bubbles ID costs one call of time.Now.
func ID() uint64 {
	// Until the year 2157 a time.Time lacks its monotonic clock reading only in a
	// bubble. Comparing with == takes the reading into account.
	if now := time.Now(); now != now.Round(0) {
		return 0
	}
	// No function tells bubbles apart, but the first line of a stack trace does:
	// "goroutine 7 [running, synctest bubble 3]:".
	var trace [256]byte
	line, _, _ := bytes.Cut(trace[:runtime.Stack(trace[:], false)], []byte("\n"))
	_, digits, _ := bytes.Cut(line, []byte("synctest bubble "))
	id := uint64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	if id == 0 {
		return math.MaxUint64 // an unknown bubble, but not the process
	}
	return id
}
