package blocking_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// TestBoundsUnread checks that a peer that sends without end is held up before more than
// the limit is kept, even if its messages are empty, and that nothing is lost.
func TestBoundsUnread(t *testing.T) {
	for _, test := range []struct {
		name        string
		length      int
		count, most int // messages, and how many of them the receiver may take
	}{
		// The receiver keeps some messages, and what it has read but not decoded.
		{"long", 16 << 10, 100, (64<<10)/(16<<10) + 2 + 4},
		{"empty", 0, 100_000, (64<<10)/64 + 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				received := 0
				hooks := &airsocket.Hooks{Received: func(*airsocket.Socket, wire.Kind, int) { received++ }}
				c, s := pair(t, &airsocket.Options{MaxBuffered: -1}, &airsocket.Options{Hooks: hooks})
				for i := range test.count {
					if err := c.Write(t.Context(), wire.Binary, bytes.Repeat([]byte{byte(i)}, test.length)); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				if received > test.most {
					t.Errorf("%d messages were taken before one was read, want at most %d", received, test.most)
				}
				for i := range test.count {
					_, data, err := s.Read(t.Context())
					if len(data) != test.length || err != nil || test.length > 0 && data[0] != byte(i) {
						t.Fatalf("message %d: %d bytes, %v", i, len(data), err)
					}
				}
				synctest.Wait()
				if n := c.Socket().BufferedAmount(); n != 0 {
					t.Errorf("%d bytes still wait", n)
				}
			})
		})
	}
}

// TestWriteWaits checks that Write waits while the buffer is full, as long as its context
// allows, and goes on when the peer reads.
func TestWriteWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, length = 100 << 10, 10 << 10
		c, s := pair(t, &airsocket.Options{MaxBuffered: limit, WriteTimeout: -1}, &airsocket.Options{})
		synctest.Wait()
		s.Socket().Pause()
		message := make([]byte, length)
		written := make(chan int)
		go func() {
			n := 0
			for {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				err := c.Write(ctx, wire.Binary, message)
				cancel()
				if errors.Is(err, context.DeadlineExceeded) {
					written <- n
					return
				}
				if err != nil {
					t.Error(err)
				}
				n++
			}
		}()
		start := time.Now()
		n := <-written
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %v until a Write gave up", took)
		}
		if waiting := c.Socket().BufferedAmount(); waiting > limit || n < limit/length-1 {
			t.Errorf("%d messages were accepted, and %d bytes wait", n, waiting)
		}
		last := make(chan error, 1)
		go func() { last <- c.Write(t.Context(), wire.Text, bytes.Repeat([]byte("l"), length)) }()
		synctest.Wait()
		if len(last) != 0 {
			t.Error("Write did not wait")
		}
		s.Socket().Resume()
		for range n {
			if _, data, err := s.Read(t.Context()); len(data) != length || err != nil {
				t.Fatalf("%d bytes, %v", len(data), err)
			}
		}
		want(t, s, strings.Repeat("l", length))
		if err := <-last; err != nil {
			t.Error(err)
		}
	})
}

// TestEarlyWrites checks that Write on a server waits while the connection is not open and
// the queue for that time is full.
func TestEarlyWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{MaxBuffered: 1})
		go func() {
			write(t, s, "one")
			write(t, s, "two")
			write(t, s, "three")
		}()
		want(t, c, "one")
		want(t, c, "two")
		want(t, c, "three")
	})
}
