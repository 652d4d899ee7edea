package wstest

import (
	"testing"
	"time"
)

// Receive waits for a value from ch. It ends the test if that takes too long.
func Receive[T any](t testing.TB, ch <-chan T) (v T) {
	t.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case v = <-ch:
	case <-timer.C:
		t.Fatal("nothing has happened")
	}
	return v
}
