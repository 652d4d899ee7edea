package airsocket_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// patience is how long a test waits for what should have happened at once.
const patience = 20 * time.Second

// A journal holds what the handlers of one Socket were told, in order.
type journal struct {
	t     testing.TB
	s     *airsocket.Socket
	lines []string
	err   *airsocket.ErrorEvent
}

// follow keeps a journal of s, by the On functions. It holds the state at each
// event against what the event says.
func follow(t testing.TB, s *airsocket.Socket) *journal {
	j := &journal{t: t, s: s}
	s.OnOpen(func(e *airsocket.OpenEvent) {
		j.note(airsocket.Open, "open")
		if e.Target() != s {
			t.Error("Target is another socket")
		}
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		format := "text %s"
		if e.Binary() {
			format = "binary %x"
		}
		j.note(airsocket.Open, format, e.Bytes())
	})
	s.OnPing(func(e *airsocket.PingEvent) { j.note(airsocket.Open, "ping %s", e.Data) })
	s.OnPong(func(e *airsocket.PongEvent) { j.note(airsocket.Open, "pong %s", e.Data) })
	s.OnDrain(func(*airsocket.DrainEvent) { j.note(airsocket.Open, "drain") })
	s.OnError(func(e *airsocket.ErrorEvent) {
		j.err = e
		j.note(airsocket.Closing, "error")
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		clean := "unclean"
		if e.WasClean {
			clean = "clean"
		}
		j.note(airsocket.Closed, "close %d %q %s", e.Code, e.Reason, clean)
	})
	return j
}

func (j *journal) note(state airsocket.ReadyState, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if got := j.s.ReadyState(); got != state {
		j.t.Errorf("ReadyState at %q is %d, want %d", line, got, state)
	}
	j.lines = append(j.lines, line)
}

// order is the promise: open, messages, at most one error, one close; or error
// and close alone; and the same again for each further connection. Only the
// last may end without a close, which is for SilentClose.
var order = regexp.MustCompile(`^(` + connection + `close )*(` + connection + `)?$`)

const connection = `(open (text \S* |binary \S* |ping \S* |pong \S* |drain )*)?(error )?`

// want compares the journal of a connection that has ended, drain events aside.
func (j *journal) want(lines ...string) {
	j.t.Helper()
	kinds := ""
	for _, line := range j.lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "open", "error", "close", "drain":
			kinds += word + " "
		default:
			kinds += word + " " + strings.Map(noSpace, rest) + " "
		}
	}
	if !order.MatchString(kinds) {
		j.t.Errorf("the order is wrong: %q", j.lines)
	}
	got := slices.DeleteFunc(slices.Clone(j.lines), func(line string) bool { return line == "drain" })
	if !slices.Equal(got, lines) {
		j.t.Errorf("events:\n got %q\nwant %q", got, lines)
		if j.err != nil {
			j.t.Errorf("the error was %v", j.err.Err)
		}
	}
}

func noSpace(r rune) rune {
	if r == ' ' {
		return '_'
	}
	return r
}

// wantError is for the error event that came.
func (j *journal) wantError(err error) {
	j.t.Helper()
	switch {
	case err == nil && j.err != nil:
		j.t.Errorf("error event: %v", j.err.Err)
	case err != nil && j.err == nil:
		j.t.Errorf("no error event, want %v", err)
	case err != nil && !errors.Is(j.err.Err, err):
		j.t.Errorf("error event: %v, want %v", j.err.Err, err)
	}
}

// run is d.Run for a test that would rather crash than hang.
func run(t testing.TB, d *airsocket.Dispatcher, main func()) {
	t.Helper()
	watchdog := time.AfterFunc(patience, func() { panic(t.Name() + ": Run does not return") })
	defer watchdog.Stop()
	d.Run(main)
}
