package wstest

import (
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// Run calls d.Run. If that does not return in time, the process panics instead of
// hanging.
func Run(t testing.TB, d *airsocket.Dispatcher, main func()) {
	t.Helper()
	watchdog := time.AfterFunc(Patience, func() { panic(t.Name() + ": Run does not return") })
	defer watchdog.Stop()
	d.Run(main)
}

// OwnDispatcher sets the Dispatcher of opts to a new one, unless there is one, and
// returns opts, or new Options if they are nil. Tests do not use the default
// Dispatcher, because the examples wait for everything on it and a failed test
// must not keep them waiting.
func OwnDispatcher(opts *airsocket.Options) *airsocket.Options {
	if opts == nil {
		opts = new(airsocket.Options)
	}
	if opts.Dispatcher == nil {
		opts.Dispatcher = new(airsocket.Dispatcher)
	}
	return opts
}
