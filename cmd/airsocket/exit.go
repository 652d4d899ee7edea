package main

import (
	"crypto/tls"
	"crypto/x509"
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
)

// exitForError is the code for what an error event says, before or after the
// connection was open.
func exitForError(err error, opened bool) int {
	switch {
	case isTimeout(err):
		return exitTimeout
	case opened:
		return exitProtocol
	case isTLS(err):
		return exitTLS
	}
	if _, ok := errors.AsType[*handshake.Error](err); ok {
		return exitRefused
	}
	return exitConnect
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

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

// isTLS reports whether err comes from crypto/tls or crypto/x509. Most of their
// errors have no type of their own, but all begin with the package's name.
func isTLS(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if s := err.Error(); strings.HasPrefix(s, "tls: ") || strings.HasPrefix(s, "x509: ") {
			return true
		}
	}
	return false
}
