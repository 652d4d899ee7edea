package connect

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

func TestTally(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var c tally
	for _, e := range []journal.Event{
		{Kind: "open"},
		{Kind: "ping", Out: true},
		{Kind: "ping", Out: true},
		{Kind: "ping", Out: true},
		{Kind: "pong", Data: []byte("answers nothing")},
		{Kind: "pong", RTT: 3 * time.Millisecond},
		{Kind: "pong", RTT: 4 * time.Millisecond},
		{Kind: "ping", Data: []byte("theirs")},
		{Kind: "pong", Out: true},
		{Kind: "message", Out: true, Data: []byte("12345")},
		{Kind: "message"},
		{Kind: "message", Data: []byte("1234567")},
	} {
		c.count(e, begin)
	}
	want := []string{"open      1m0s", "sent      1 message, 5 bytes", "received  2 messages, 7 bytes", "unsent    3 bytes",
		"pings     3, answered 2; round trip 4ms, least 3ms, mean 3.5ms, most 4ms"}
	if got := c.lines(begin.Add(time.Minute), 3); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	c.count(journal.Event{Kind: "close"}, begin)
	if got := c.lines(begin.Add(time.Minute), 0)[0]; got != "open      not at the moment" {
		t.Errorf("after the close: %q", got)
	}
	c.count(journal.Event{Kind: "open"}, begin.Add(time.Minute))
	if got := c.lines(begin.Add(61*time.Second), 0)[0]; got != "open      1s" {
		t.Errorf("after another open: %q", got)
	}
}

// A pong answers the last ping with its payload, and those before it, which are answered no
// more.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pings
		add := func(payload string) {
			time.Sleep(time.Millisecond) // each ping is sent a millisecond after what was before
			p.add([]byte(payload))
		}
		answered := func(payload string, want time.Duration) {
			t.Helper()
			time.Sleep(time.Millisecond) // and answered a millisecond later
			if got, own := p.answered([]byte(payload)); got != want || own {
				t.Errorf("%q answers a ping after %v, want %v; own: %t", payload, got, want, own)
			}
		}
		add("a")
		add("")
		add("b")
		answered("other", 0)
		answered("", 3*time.Millisecond)
		answered("a", 0)
		answered("b", 4*time.Millisecond)
		answered("b", 0)
		for range 3 * maxPings {
			p.add([]byte("x"))
		}
		if n := len(p.sent); n != maxPings {
			t.Errorf("%d pings are remembered", n)
		}
		p.stop()
		answered("x", 0)
	})
}

// What is kept for /show and /save is limited.
func TestKept(t *testing.T) {
	t.Parallel()
	var k kept
	for i := range 40 {
		k.add(journal.Event{Kind: "message", Data: fmt.Appendf(make([]byte, 1<<20), "%d", i)}, time.Time{})
	}
	if n := len(k.events); n != 15 || k.dropped != 25 {
		t.Errorf("%d events are kept, %d dropped", n, k.dropped)
	}
	if _, ok := k.message(25); ok {
		t.Error("message 25 is kept")
	}
	if e, ok := k.message(26); !ok || string(e.Data[1<<20:]) != "25" {
		t.Errorf("message 26 is kept %t", ok)
	}
	if n := k.add(journal.Event{Kind: "ping"}, time.Time{}); n != 0 {
		t.Errorf("a ping is message %d", n)
	}
	if k.add(journal.Event{Kind: "message", Data: make([]byte, 17<<20)}, time.Time{}); len(k.events) != 1 {
		t.Errorf("with a very long one, %d events are kept", len(k.events))
	}
	for range 3 * maxKept {
		k.add(journal.Event{Kind: "ping"}, time.Time{})
	}
	if len(k.events) != maxKept || k.bytes != 0 {
		t.Errorf("%d events are kept with %d bytes", len(k.events), k.bytes)
	}
	if _, ok := k.received(); ok {
		t.Error("a message is found among pings")
	}
}
