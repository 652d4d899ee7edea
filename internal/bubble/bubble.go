// Package bubble tells bubbles of testing/synctest apart.
package bubble

import (
	"bytes"
	"math"
	"runtime"
	"time"
)

// A goroutine in a bubble of testing/synctest has a clock of its own, which
// stands still while anything in the bubble can run. The runtime ends the
// program when a timer or a sync.Cond of a bubble is used from outside of it. So
// what sockets of the process and of bubbles may share, such as the default
// Dispatcher, must know which of them it serves.

// ID returns the number of the bubble that the calling goroutine belongs
// to, or 0 outside of all bubbles. A goroutine belongs to the bubble of the one
// that started it. Outside of bubbles it costs a call of time.Now.
func ID() uint64 {
	// Package runtime leaves the monotonic reading out in a bubble, and only
	// there, as far as a program can tell before the year 2157. Comparing with
	// == is what compares the readings too.
	if now := time.Now(); now != now.Round(0) {
		return 0
	}
	// There is no call that tells bubbles apart, but the first line of a stack
	// trace does: "goroutine 7 [running, synctest bubble 3]:".
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
		return math.MaxUint64 // some bubble, at any rate not the process
	}
	return id
}
