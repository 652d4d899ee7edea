package cluster

import (
	"testing"

	"github.com/nats-io/nats.go"
)

// TestInbox checks that an inbox drops what is beyond its limit, and counts it, until
// messages have been delivered.
func TestInbox(t *testing.T) {
	m := &nats.Msg{Subject: "chat.a", Data: make([]byte, 100)}
	b := newInbox(3 * sizeOf(m))
	for range 5 {
		b.add(m)
	}
	<-b.ready
	list := b.take(nil)
	if len(list) != 3 || b.countDropped() != 2 {
		t.Fatalf("%d messages wait, and %d were dropped", len(list), b.countDropped())
	}
	b.add(m) // the others are being delivered
	if b.countDropped() != 3 {
		t.Error("what is being delivered does not count")
	}
	for _, m := range list {
		b.delivered(m)
	}
	for range 4 {
		b.add(m)
	}
	<-b.ready
	if list = b.take(list); len(list) != 3 || b.countDropped() != 4 {
		t.Errorf("%d messages wait, and %d were dropped", len(list), b.countDropped())
	}
}
