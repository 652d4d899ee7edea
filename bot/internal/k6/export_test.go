package k6

import "testing"

// SetMaxShared sets how large SharedArrays may be, during a test.
func SetMaxShared(t *testing.T, n int) {
	before := maxShared
	maxShared = n
	t.Cleanup(func() { maxShared = before })
}
