package connect

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := tally{opened: begin}
	at := begin
	tell := func(kind, data string, out bool) string {
		at = at.Add(time.Millisecond)
		e := journal.Event{Kind: kind, Data: []byte(data), Out: out}
		c.count(&e, at)
		return e.Text
	}
	tell("ping", "a", true)
	tell("ping", "", true)
	tell("ping", "b", true)
	if got := tell("pong", "other", false); got != "" {
		t.Errorf("a pong that answers nothing is said to come %s", got)
	}
	if got := tell("pong", "", false); got != "after 3ms" {
		t.Errorf("the second ping is answered %s", got)
	}
	if got := tell("pong", "a", false); got != "" {
		t.Errorf("the first ping is answered %s, after a later one", got)
	}
	if got := tell("pong", "b", false); got != "after 4ms" {
		t.Errorf("the third ping is answered %s", got)
	}
	tell("ping", "theirs", false)
	tell("pong", "", true)
	tell("message", "12345", true)
	tell("message", "", false)
	tell("message", "1234567", false)
	want := []string{"open      1m0s", "sent      1 message, 5 bytes", "received  2 messages, 7 bytes", "unsent    3 bytes",
		"pings     3, answered 2; round trip 4ms, least 3ms, mean 3.5ms, most 4ms"}
	if got := c.lines(begin.Add(time.Minute), 3); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for range 1000 {
		tell("ping", "x", true)
	}
	if len(c.pinged) > maxPinged {
		t.Errorf("%d pings are remembered", len(c.pinged))
	}
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
