package connect

import (
	"bytes"
	"fmt"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/view"
)

// A tally counts what was sent and received, and measures the round trips of pings.
type tally struct {
	opened     time.Time
	in, out    traffic
	pinged     []ping // without an answer, the oldest first
	pings      int
	pongs      int
	last       time.Duration
	least      time.Duration
	most       time.Duration
	roundTrips time.Duration // of all pongs
}

type traffic struct{ messages, bytes int }

type ping struct {
	data []byte
	at   time.Time
}

// maxPinged is how many pings without an answer are remembered.
const maxPinged = 100

// count counts an event, and adds the time of the round trip to a pong that answers a ping.
func (t *tally) count(e *journal.Event, now time.Time) {
	to := &t.in
	if e.Out {
		to = &t.out
	}
	switch {
	case e.Kind == "message":
		to.messages++
		to.bytes += len(e.Data)
	case e.Kind == "ping" && e.Out:
		t.pings++
		if t.pinged = append(t.pinged, ping{bytes.Clone(e.Data), now}); len(t.pinged) > maxPinged {
			t.pinged = t.pinged[1:]
		}
	case e.Kind == "pong" && !e.Out:
		t.answered(e, now)
	}
}

// answered finds the ping that a pong answers. A peer may leave earlier pings unanswered.
func (t *tally) answered(e *journal.Event, now time.Time) {
	for i, p := range t.pinged {
		if bytes.Equal(p.data, e.Data) {
			t.pinged = t.pinged[i+1:]
			t.last = now.Sub(p.at)
			if t.roundTrips += t.last; t.pongs == 0 || t.last < t.least {
				t.least = t.last
			}
			t.most = max(t.most, t.last)
			t.pongs++
			e.Text = "after " + short(t.last)
			return
		}
	}
}

// lines returns the counts as lines of text. unsent is how many bytes wait to be sent.
func (t *tally) lines(now time.Time, unsent int) []string {
	lines := []string{
		"open      " + now.Sub(t.opened).Round(time.Second).String(),
		"sent      " + t.out.String(),
		"received  " + t.in.String(),
	}
	if unsent > 0 {
		lines = append(lines, "unsent    "+view.Size(unsent))
	}
	if t.pings > 0 {
		line := fmt.Sprintf("pings     %d, answered %d", t.pings, t.pongs)
		if t.pongs > 0 {
			line += "; round trip " + short(t.last)
		}
		if t.pongs > 1 {
			line += fmt.Sprintf(", least %s, mean %s, most %s", short(t.least), short(t.roundTrips/time.Duration(t.pongs)), short(t.most))
		}
		lines = append(lines, line)
	}
	return lines
}

func (t traffic) String() string {
	s := "s"
	if t.messages == 1 {
		s = ""
	}
	return fmt.Sprintf("%d message%s, %s", t.messages, s, view.Size(t.bytes))
}

// short returns a time with three digits or so.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		d = d.Round(time.Microsecond)
	case d < time.Second:
		d = d.Round(10 * time.Microsecond)
	default:
		d = d.Round(10 * time.Millisecond)
	}
	return d.String()
}
