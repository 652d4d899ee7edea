package wstest

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

// Patience is how long a test waits for something that should happen at once, even if the
// machine is busy.
const Patience = time.Minute

// Refused has the lines of a connection that never opened.
var Refused = []string{"error", `close 1006 "" unclean`}

// A Journal lists the events of one Socket in the order in which its handlers
// ran, a line each: "open", "text hello", "binary 00ff", "ping data", "pong data",
// "drain", "error", `close 1000 "bye" clean`.
type Journal struct {
	t      testing.TB
	Socket *airsocket.Socket
	Lines  []string
	Err    *airsocket.ErrorEvent // the last one

	// ErrorState is the state in error events: StateClosing, unless Options.Rules say
	// otherwise.
	ErrorState airsocket.ReadyState
}

// Follow sets the handlers of s and returns the Journal that they write. They
// also check that the state of s fits each event.
func Follow(t testing.TB, s *airsocket.Socket) *Journal {
	j := &Journal{t: t, Socket: s, ErrorState: airsocket.StateClosing}
	s.OnOpen(func(e *airsocket.OpenEvent) {
		j.note(airsocket.StateOpen, "open")
		if e.Target() != s {
			t.Error("Target is another socket")
		}
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		format := "text %s"
		if e.Binary() {
			format = "binary %x"
		}
		j.note(airsocket.StateOpen, format, e.Bytes())
	})
	s.OnPing(func(e *airsocket.PingEvent) { j.note(airsocket.StateOpen, "ping %s", e.Data) })
	s.OnPong(func(e *airsocket.PongEvent) { j.note(airsocket.StateOpen, "pong %s", e.Data) })
	s.OnDrain(func(*airsocket.DrainEvent) { j.note(airsocket.StateOpen, "drain") })
	s.OnError(func(e *airsocket.ErrorEvent) {
		j.Err = e
		j.note(j.ErrorState, "error")
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		clean := "unclean"
		if e.WasClean {
			clean = "clean"
		}
		j.note(airsocket.StateClosed, "close %d %q %s", e.Code, e.Reason, clean)
	})
	return j
}

func (j *Journal) note(state airsocket.ReadyState, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if got := j.Socket.ReadyState(); got != state {
		j.t.Errorf("ReadyState at %q is %d, want %d", line, got, state)
	}
	j.Lines = append(j.Lines, line)
}

// order is the order that is promised: open, messages, at most one error, one
// close; or only error and close; and the same for each further connection. The
// last may end without a close, because of SilentClose.
var order = regexp.MustCompile(`^(` + connection + `close )*(` + connection + `)?$`)

const connection = `(open (text \S* |binary \S* |ping \S* |pong \S* |drain )*)?(error )?`

// Want compares the journal of a connection that has ended with lines, leaving
// drain events out, and checks the order of all events.
func (j *Journal) Want(lines ...string) {
	j.t.Helper()
	kinds := ""
	for _, line := range j.Lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "open", "error", "close", "drain":
			kinds += word + " "
		default:
			kinds += word + " " + strings.Map(noSpace, rest) + " "
		}
	}
	if !order.MatchString(kinds) {
		j.t.Errorf("the order is wrong: %q", j.Lines)
	}
	got := slices.DeleteFunc(slices.Clone(j.Lines), func(line string) bool { return line == "drain" })
	if !slices.Equal(got, lines) {
		j.t.Errorf("events:\n got %q\nwant %q", got, lines)
		if j.Err != nil {
			j.t.Errorf("the error was %v", j.Err.Err)
		}
	}
}

func noSpace(r rune) rune {
	if r == ' ' {
		return '_'
	}
	return r
}

// WantError compares the error of the error event with err. If err is nil, there
// must be no error event.
func (j *Journal) WantError(err error) {
	j.t.Helper()
	switch {
	case err == nil && j.Err != nil:
		j.t.Errorf("error event: %v", j.Err.Err)
	case err != nil && j.Err == nil:
		j.t.Errorf("no error event, want %v", err)
	case err != nil && !errors.Is(j.Err.Err, err):
		j.t.Errorf("error event: %v, want %v", j.Err.Err, err)
	}
}
