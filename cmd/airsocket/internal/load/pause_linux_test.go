package load_test

import (
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
)

// A pause is never too short.
func TestPause(t *testing.T) {
	t.Parallel()
	pause, stop := load.PrecisePause()
	if pause == nil {
		t.Skip("there are no timer descriptors here")
	}
	defer stop()
	for _, d := range []time.Duration{-time.Second, 0, 1, 50 * time.Microsecond, 2 * time.Millisecond} {
		start := time.Now()
		if pause(d); time.Since(start) < d {
			t.Errorf("a pause of %v took %v", d, time.Since(start))
		}
	}
}
