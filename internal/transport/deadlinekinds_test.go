package transport_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/internal/transport"
)

// A deadline ends a Read of each kind of connection. It is told of afterwards where it
// is known.
func TestDeadlineEndsARead(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		var all transport.Deadlines
		var one transport.Deadline
		const after = time.Millisecond
		all.Set(&one, c, after)
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Read has returned %d, %v", n, err)
		}
		if inTime := all.Clear(&one, c, after); inTime && c.CanTry() {
			t.Error("Clear has returned true")
		}
	})
}

// The same in a bubble of time, where each connection has a deadline of its own.
func TestDeadlineInABubble(t *testing.T) {
	for _, clear := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			c := transport.New(ours)
			var all transport.Deadlines
			var one transport.Deadline
			all.Set(&one, c, time.Second)
			if clear && !all.Clear(&one, c, time.Second) {
				t.Error("Clear has returned false")
			}
			written := make(chan struct{})
			go func() {
				defer close(written)
				time.Sleep(time.Minute) // long after the deadline
				theirs.Write([]byte("x"))
			}()
			start := time.Now()
			n, err := c.Read(make([]byte, 1))
			took := time.Since(start)
			switch {
			case clear && (n != 1 || err != nil || took != time.Minute):
				t.Errorf("Read has returned %d, %v after %v though the deadline was cleared", n, err, took)
			case !clear && (n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || took != time.Second):
				t.Errorf("Read has returned %d, %v after %v", n, err, took)
			}
			c.Close()
			<-written
		})
	}
}

// A deadline that was cleared, or is none, ends nothing.
func TestDeadlineThatIsCleared(t *testing.T) {
	for name, after := range map[string]time.Duration{"an hour": time.Hour, "never": 0} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
				var all transport.Deadlines
				var one transport.Deadline
				for range 2 { // it can be used again
					all.Set(&one, c, after)
					if !all.Clear(&one, c, after) {
						t.Error("Clear has returned false")
					}
				}
				go peer.Write([]byte("x"))
				if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
					t.Errorf("Read has returned %d, %v", n, err)
				}
			})
		})
	}
}
