package main

import (
	"errors"
	"net"
	"os"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
)

// The exit codes. Those of connect say how far it came.
const (
	exitOK       = 0 // the connection was closed in good order
	exitUsage    = 1 // a wrong flag, or input or output that does not work
	exitConnect  = 2 // no connection
	exitTLS      = 3 // no TLS on the connection
	exitRefused  = 4 // no WebSocket on it
	exitProtocol = 5 // the connection did not end in good order
	exitTimeout  = 6 // it took too long

	exitInterrupted = 130 // a second signal came before the first was dealt with
)

// exitForError is the code for what an error event says, before or after the
// connection was open.
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
	// An answer that is no WebSocket's, or none at all.
	return exitRefused
}

// exitForClose is the code for a close without an error. A status code that
// reports a fault (RFC 6455, section 7.4.1) is not good order, even when the
// closing handshake was done.
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

// errorText is what to print for err. The library's errors name the library,
// which is this program's name too and need not be said twice.
func errorText(err error) string { return strings.TrimPrefix(err.Error(), "airsocket: ") }

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}
