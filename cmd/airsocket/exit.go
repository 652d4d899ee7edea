package main

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
	exitOK       = 0 // the connection was closed normally
	exitUsage    = 1 // a bad flag or argument, or an error of the input or output
	exitConnect  = 2 // could not connect
	exitTLS      = 3 // the TLS handshake failed
	exitRefused  = 4 // the opening handshake failed
	exitProtocol = 5 // the connection did not end normally
	exitTimeout  = 6 // a timeout

	exitInterrupted = 130 // a second signal came before the program had shut down
)

// exitForError returns the exit code for the error of an error event. opened
// says whether the connection had been open.
func exitForError(err error, opened bool) int {
	switch {
	case isTimeout(err):
		return exitTimeout
	case opened:
		return exitProtocol
	case errors.Is(err, handshake.ErrBadField):
		return exitUsage // it was given with -H
	case errors.Is(err, airsocket.ErrAborted):
		return exitConnect
	}
	if _, ok := errors.AsType[*airsocket.TLSError](err); ok {
		return exitTLS
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return exitConnect
	}
	// The answer is not a WebSocket handshake, or there is none.
	return exitRefused
}

// exitForClose returns the exit code for a close event without an error event.
// A status code that reports a failure (RFC 6455, section 7.4.1) is not exitOK,
// even after a closing handshake.
func exitForClose(code airsocket.StatusCode, clean bool) int {
	switch {
	case !clean:
		return exitProtocol
	case code == airsocket.StatusNormalClosure, code == airsocket.StatusGoingAway,
		code == airsocket.StatusNoStatusReceived, code >= 3000:
		return exitOK
	}
	return exitProtocol
}

// errorText returns the text to print for err, without the name of the library:
// the program has the same name and prints it already.
func errorText(err error) string { return strings.TrimPrefix(err.Error(), "airsocket: ") }

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}
