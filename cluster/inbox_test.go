package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/airsocket/airsocket/cluster/internal/natsserver"
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

// TestInboxTakesWhatIsLonger checks that a message that alone is longer than the limit is
// taken, if nothing else waits.
func TestInboxTakesWhatIsLonger(t *testing.T) {
	b := newInbox(1000)
	long := &nats.Msg{Subject: "chat.a", Data: make([]byte, 2000)}
	b.add(long)
	b.add(long)
	if list := b.take(nil); len(list) != 1 || b.countDropped() != 1 {
		t.Errorf("%d messages wait, and %d were dropped", len(list), b.countDropped())
	}
}

// TestInboxCountsHeaders checks that the headers and the reply subject of a message, which
// other programs can add, neither stay in memory uncounted nor make the inbox count wrongly.
func TestInboxCountsHeaders(t *testing.T) {
	server, err := natsserver.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Shutdown()
	conn, err := nats.Connect(server.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sub, err := conn.SubscribeSync("chat.a")
	if err != nil {
		t.Fatal(err)
	}
	const header, count, limit = 100 << 10, 30, 1 << 20
	b := newInbox(limit)
	for range count {
		m := &nats.Msg{Subject: "chat.a", Data: []byte("Tx"), Header: nats.Header{"H": {strings.Repeat("x", header)}}}
		if err := conn.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
		if m, err = sub.NextMsg(time.Minute); err != nil {
			t.Fatal(err)
		}
		b.add(m)
	}
	list := b.take(nil)
	if len(list) > limit/header {
		t.Fatalf("the inbox holds %d messages with headers of %d bytes each, and its limit is %d bytes", len(list), header, limit)
	}
	for _, m := range list {
		if m.Header != nil || string(m.Data) != "Tx" {
			t.Fatalf("%d header fields are kept, with %q", len(m.Header), m.Data)
		}
		b.delivered(m)
	}
	if b.bytes != 0 {
		t.Errorf("an empty inbox counts %d bytes", b.bytes)
	}
}
