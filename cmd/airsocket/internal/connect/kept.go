package connect

import (
	"slices"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

const (
	maxKept      = 10_000   // events
	maxKeptBytes = 16 << 20 // of their data, without the last
)

// kept has the last events, for /show and /save. The messages of both directions are numbered
// from 1.
type kept struct {
	events   []keptEvent
	bytes    int
	dropped  int // how many events are kept no longer
	messages int // in all
}

type keptEvent struct {
	journal.Event
	at     time.Time
	number int // of a message
}

// add keeps an event, and returns its number if it is a message.
func (k *kept) add(e journal.Event, at time.Time) (number int) {
	if e.Kind == "message" {
		k.messages++
		number = k.messages
	}
	k.events = append(k.events, keptEvent{e, at, number})
	k.bytes += len(e.Data)
	for len(k.events) > 1 && (len(k.events) > maxKept || k.bytes > maxKeptBytes) {
		k.bytes -= len(k.events[0].Data)
		k.events[0] = keptEvent{} // its data is garbage now, and not when the slice grows
		k.events = k.events[1:]
		k.dropped++
	}
	return number
}

// message returns the message with a number, if it is kept.
func (k *kept) message(n int) (journal.Event, bool) {
	i := slices.IndexFunc(k.events, func(e keptEvent) bool { return e.number == n })
	if n < 1 || i < 0 {
		return journal.Event{}, false
	}
	return k.events[i].Event, true
}

// received returns the last message that was received, if it is kept.
func (k *kept) received() (journal.Event, bool) {
	for i := len(k.events) - 1; i >= 0; i-- {
		if e := k.events[i].Event; e.Kind == "message" && !e.Out {
			return e, true
		}
	}
	return journal.Event{}, false
}
