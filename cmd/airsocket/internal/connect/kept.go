package connect

import (
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

const (
	maxKept      = 10_000   // events
	maxKeptBytes = 16 << 20 // of their data, without the last
)

// kept has the last events, for /show and /save. They are numbered from 1.
type kept struct {
	events  []keptEvent
	bytes   int
	dropped int // how many are kept no longer
}

type keptEvent struct {
	journal.Event
	at time.Time
}

// add keeps an event, and returns its number.
func (k *kept) add(e journal.Event, at time.Time) int {
	k.events = append(k.events, keptEvent{e, at})
	k.bytes += len(e.Data)
	for len(k.events) > 1 && (len(k.events) > maxKept || k.bytes > maxKeptBytes) {
		k.bytes -= len(k.events[0].Data)
		k.events[0] = keptEvent{} // its data is garbage now, and not when the slice grows
		k.events = k.events[1:]
		k.dropped++
	}
	return k.dropped + len(k.events)
}

// message returns the message with a number, if it is kept.
func (k *kept) message(n int) (journal.Event, bool) {
	if i := n - k.dropped - 1; i >= 0 && i < len(k.events) && k.events[i].Kind == "message" {
		return k.events[i].Event, true
	}
	return journal.Event{}, false
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
