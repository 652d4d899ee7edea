package replay

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// Limits of recordings, which are kept in memory.
const (
	maxLine = 128 << 20
	maxData = 256 << 20
	maxStep = 1 << 20
)

// A step is an event of a recording that takes part in the replay.
type step struct {
	journal.Event
	line int
	at   time.Duration // since the first step
	gap  time.Duration // since the step before
	mine bool          // to be done by this side; otherwise it is the peer's
	key  string        // of what is awaited, to compare with
	on   *conn

	failed bool // of an open: the recording has an error of the connection
}

// target returns the path and query of the URL that was connected to.
func (s *step) target() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return u.RequestURI()
}

// readScript reads the steps of a recording for the side of the server or the client. If
// conn is not zero, it reads those of this connection only.
func (c *config) readScript(r io.Reader) ([]*step, error) {
	var (
		all    []*step
		begin  time.Time
		opened = map[int]bool{}
		last   = map[int]*step{}          // the last open
		pinged = map[int]map[string]int{} // pings to answer
		left   = maxData
	)
	for record, err := range journal.Read(r, maxLine) {
		if err != nil {
			return nil, err
		}
		t, e, err := record.Event()
		if err != nil {
			return nil, err
		}
		if c.conn != 0 && e.Conn != c.conn {
			continue
		}
		s := &step{Event: e, line: record.Line(), mine: e.Out != c.serves()}
		switch e.Kind {
		case "open":
			if opened[e.Conn] {
				return nil, fmt.Errorf("line %d: the connection is open already", s.line)
			}
			opened[e.Conn], s.mine = true, !c.serves()
			last[e.Conn] = s
			pinged[e.Conn] = map[string]int{}
		case "close":
			s.mine = e.Began != c.serves()
		case "message":
		case "ping", "pong":
			// Sockets answer pings by themselves.
			answers := pinged[e.Conn]
			if e.Kind == "ping" && !s.mine && answers != nil {
				answers[string(e.Data)]++
			} else if e.Kind == "pong" && s.mine && answers[string(e.Data)] > 0 {
				answers[string(e.Data)]--
				continue
			}
			if c.ignorePings && !s.mine {
				continue
			}
		case "error":
			if last[e.Conn] != nil {
				last[e.Conn].failed = true
			}
			continue
		default:
			continue
		}
		if !opened[e.Conn] {
			continue // the beginning of the connection is not in the recording
		}
		if e.Kind == "close" {
			delete(opened, e.Conn)
		}
		if left -= len(e.Data); left < 0 || len(all) == maxStep {
			return nil, fmt.Errorf("line %d: the recording is too long: %d events, or %d MiB, are the most", s.line, maxStep, maxData>>20)
		}
		if len(all) == 0 {
			begin = t
		} else {
			last := all[len(all)-1]
			s.at = max(t.Sub(begin), last.at) // clocks are sometimes set back
			s.gap = s.at - last.at
		}
		if !s.mine || e.Kind == "open" {
			s.key = c.key(e)
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, errors.New("there is no connection in the recording that was opened")
	}
	return all, nil
}
