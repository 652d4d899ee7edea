package transport

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// In a bubble of time: each of the times counts by itself, those that are taken
// back do nothing, and the timer is there again after it has fired for the last
// one.
func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ts Deadlines
		start := time.Now()
		const after = 10 * time.Second
		begin := func() (*Deadline, <-chan time.Duration) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { ours.Close(); theirs.Close() })
			failed := make(chan time.Duration, 1)
			go func() {
				if _, err := ours.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
					failed <- time.Since(start)
				}
			}()
			to := new(Deadline)
			ts.add(to, New(ours), after)
			return to, failed
		}
		var began []*Deadline
		var failed []<-chan time.Duration
		for range 30 {
			to, f := begin()
			began, failed = append(began, to), append(failed, f)
			time.Sleep(time.Second) // each has a deadline of its own
			if n := len(began); n%3 == 0 && !ts.removed(began[n-2]) {
				t.Errorf("number %d was late after 2 s", n-2)
			}
		}
		ts.add(began[27], began[27].conn, after) // has 3 s more now
		time.Sleep(time.Minute)                  // until all deadlines have passed
		for i, f := range failed {
			want := time.Duration(i)*time.Second + after
			if i == 27 {
				want = 40 * time.Second
			}
			if i%3 == 1 {
				if len(f) > 0 {
					t.Errorf("number %d has failed though it was taken back", i)
				}
			} else if got := <-f; got != want {
				t.Errorf("number %d has failed after %v, not %v", i, got, want)
			} else if ts.removed(began[i]) {
				t.Errorf("number %d has failed and was in time", i)
			}
		}
		start = time.Now()
		for i := range 3 { // each begins in the instant in which the one before ends
			_, f := begin()
			if got, want := <-f, time.Duration(i+1)*after; got != want {
				t.Errorf("number %d in a row has failed after %v, not %v", i, got, want)
			}
		}
	})
}
