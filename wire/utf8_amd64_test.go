//go:build !purego

package wire

import "testing"

// eachWidth runs a test with each of the ways that this processor has to look at
// text: as it is, 32 bytes at a time only, and 64 at a time wherever possible.
func eachWidth(t *testing.T, test func(*testing.T)) {
	was := wideTextMin
	defer func() { wideTextMin = was }()
	for _, w := range []struct {
		name string
		min  int
	}{{"asIs", was}, {"32", 1 << 30}, {"64", 67}} {
		if wideTextMin = w.min; w.min != was && !hasAVX512 {
			continue // it would be the same
		}
		t.Run(w.name, test)
	}
}
