// Package exit has the exit codes of the program, and says which one an event of a
// connection leads to.
package exit

import (
	"errors"
	"net"
	"os"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
)

// Exit codes. Those of connect say at which stage it failed.
const (
	OK       = 0 // the connection was closed normally
	Usage    = 1 // a bad flag or argument, or an error of the input or output
	Connect  = 2 // could not connect
	TLS      = 3 // the TLS handshake failed
	Refused  = 4 // the opening handshake failed
	Protocol = 5 // the connection did not end normally
	Timeout  = 6 // a timeout
	Check    = 7 // a check of load does not hold, or a replay differs

	Interrupted = 130 // a second signal came before the program had shut down
)

// ForError returns the exit code for the error of an error event. opened
// says whether the connection had been open.
func ForError(err error, opened bool) int {
	switch {
	case isTimeout(err):
		return Timeout
	case opened:
		return Protocol
	case errors.Is(err, handshake.ErrBadField):
		return Usage // it was given with -H
	case errors.Is(err, airsocket.ErrAborted):
		return Connect
	}
	if _, ok := errors.AsType[*airsocket.TLSError](err); ok {
		return TLS
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		switch op.Op {
		case "dial":
			return Connect
		case "remote error": // an alert; in TLS 1.3 that is how a client certificate is refused
			return TLS
		}
	}
	// The answer is not a WebSocket handshake, or there is none.
	return Refused
}

// ForClose returns the exit code for a close event without an error event.
// A status code that reports a failure (RFC 6455, section 7.4.1) is not OK,
// even after a closing handshake.
func ForClose(code airsocket.StatusCode, clean bool) int {
	switch {
	case !clean:
		return Protocol
	case code == airsocket.StatusNormalClosure, code == airsocket.StatusGoingAway,
		code == airsocket.StatusNoStatusReceived, code >= 3000:
		return OK
	}
	return Protocol
}

// Text returns the text to print for err, without the name of the library:
// the program has the same name and prints it already.
func Text(err error) string { return strings.TrimPrefix(err.Error(), "airsocket: ") }

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}
