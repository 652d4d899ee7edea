package airsocket

import (
	"reflect"
	"runtime"
	"sync"

	"github.com/airsocket/airsocket/internal/waiting"
)

func init() {
	waiting.InTurn = inTurn
	waiting.Do = func(s any, fn func()) { s.(*Socket).disp.do(fn) }
	waiting.Unfit = func(s any) string { return s.(*Socket).opts.unfit() }
}

// unfit returns the name of an option that leaves out close, message or error events, or "".
func (st *settings) unfit() string {
	switch {
	case st.SilentClose:
		return "SilentClose"
	case st.FrameEvents:
		return "FrameEvents"
	}
	return st.Rules.unfit()
}

// inTurn reports whether the calling goroutine is in a turn of any Dispatcher.
//
// It finds that out from the stack, on which a handler has one of the functions that take
// turns below it, so that a turn need not note who has it. It cannot tell of which
// Dispatcher the turn is.
func inTurn() bool {
	const few, most = 64, 64 << 10
	taking := turnTaking()
	for size := few; ; size *= 8 {
		pcs := make([]uintptr, size)
		n := runtime.Callers(2, pcs)
		for _, pc := range pcs[:n] {
			if fn := runtime.FuncForPC(pc - 1); fn != nil && taking[fn.Entry()] {
				return true
			}
		}
		if n < size || size >= most {
			return false
		}
	}
}

// turnTaking returns the entries of the functions that take turns. None of them can be
// inlined, since each of them defers the end of the turn.
var turnTaking = sync.OnceValue(func() map[uintptr]bool {
	entries := map[uintptr]bool{}
	for _, fn := range []any{
		(*Dispatcher).do,
		(*Socket).do,
		(*Socket).becomeOpenTurn,
		(*Socket).deliverTurn,
		(*Socket).deliverTurnAhead,
		(*Socket).lastEvents,
		(*Socket).lastTurn,
	} {
		entries[runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Entry()] = true
	}
	return entries
})
