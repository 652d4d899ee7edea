package connect

import (
	"fmt"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/view"
)

// A tally counts what was sent and received, on all connections.
type tally struct {
	opened     time.Time // zero while there is no connection
	in, out    traffic
	pings      int
	pongs      int
	last       time.Duration
	least      time.Duration
	most       time.Duration
	roundTrips time.Duration // of all pongs
}

type traffic struct{ messages, bytes int }

// count counts an event.
func (t *tally) count(e journal.Event, now time.Time) {
	to := &t.in
	if e.Out {
		to = &t.out
	}
	switch {
	case e.Kind == "open":
		t.opened = now
	case e.Kind == "close":
		t.opened = time.Time{}
	case e.Kind == "message":
		to.messages++
		to.bytes += len(e.Data)
	case e.Kind == "ping" && e.Out:
		t.pings++
	case e.RTT > 0:
		t.last = e.RTT
		if t.roundTrips += t.last; t.pongs == 0 || t.last < t.least {
			t.least = t.last
		}
		t.most = max(t.most, t.last)
		t.pongs++
	}
}

// lines returns the counts as lines of text. unsent is how many bytes wait to be sent.
func (t *tally) lines(now time.Time, unsent int) []string {
	open := "not at the moment"
	if !t.opened.IsZero() {
		open = now.Sub(t.opened).Round(time.Second).String()
	}
	lines := []string{
		"open      " + open,
		"sent      " + t.out.String(),
		"received  " + t.in.String(),
	}
	if unsent > 0 {
		lines = append(lines, "unsent    "+view.Size(unsent))
	}
	if t.pings > 0 {
		line := fmt.Sprintf("pings     %d, answered %d", t.pings, t.pongs)
		if t.pongs > 0 {
			line += "; round trip " + view.Duration(t.last)
		}
		if t.pongs > 1 {
			line += fmt.Sprintf(", least %s, mean %s, most %s", view.Duration(t.least), view.Duration(t.roundTrips/time.Duration(t.pongs)), view.Duration(t.most))
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
