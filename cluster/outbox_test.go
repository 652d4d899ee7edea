package cluster

import (
	"errors"
	"maps"
	"testing"
)

// TestOutboxKeepsMessages checks that messages are copied and keep their order, and that
// the memory of those before does not show.
func TestOutboxKeepsMessages(t *testing.T) {
	b := newOutbox(1 << 20)
	for range 3 {
		buf := []byte("one")
		b.publish("a", 'T', buf)
		copy(buf, "xxx")
		b.publish("b", 'B', nil)
		b.publish("a", 'T', []byte("three"))
		o, _ := b.take()
		var got []string
		start := 0
		for _, m := range o.messages {
			got = append(got, m.subject+" "+string(o.data[start:m.end]))
			start = m.end
		}
		if len(got) != 3 || got[0] != "a Tone" || got[1] != "b B" || got[2] != "a Tthree" {
			t.Fatalf("%q", got)
		}
		b.done(o)
	}
}

// TestOutboxIsLimited checks that messages beyond the limit are refused, and that what was
// taken makes room.
func TestOutboxIsLimited(t *testing.T) {
	b := newOutbox(10 * perMessage)
	fill := func() (n int) {
		for ; ; n++ {
			if err := b.publish("a", 'T', []byte("x")); err != nil {
				if !errors.Is(err, ErrQueueFull) {
					t.Error(err)
				}
				return n
			}
		}
	}
	if n := fill(); n != 9 {
		t.Errorf("%d messages were accepted", n)
	}
	o, _ := b.take()
	if n := fill(); n != 0 {
		t.Errorf("%d messages were accepted while %d were being passed on", n, len(o.messages))
	}
	b.done(o)
	if n := fill(); n != 9 {
		t.Errorf("%d messages were accepted after %d were passed on", n, len(o.messages))
	}
	b.close()
	if err := b.publish("a", 'T', nil); !errors.Is(err, ErrDisconnected) {
		t.Errorf("after close: %v", err)
	}
}

// TestOutboxForgetsUndoneChanges checks that a subject that is subscribed to and left
// again before NATS has heard of it takes no memory.
func TestOutboxForgetsUndoneChanges(t *testing.T) {
	b := newOutbox(1 << 20)
	b.change("a", true)
	b.change("b", true)
	b.change("a", false)
	o, _ := b.take()
	if want := map[string]bool{"b": true}; !maps.Equal(o.subjects, want) {
		t.Errorf("the changes are %v", o.subjects)
	}
	b.done(o)
	b.change("b", false)
	b.change("b", true)
	b.change("c", true)
	o, _ = b.take()
	if want := map[string]bool{"c": true}; !maps.Equal(o.subjects, want) {
		t.Errorf("the changes are %v", o.subjects)
	}
}
