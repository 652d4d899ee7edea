//go:build !linux

package transport

import (
	"errors"
	"syscall"
)

// keepAlive is for systems where connections are not known to take over what
// the listener has.
func keepAlive(string, string, syscall.RawConn) error { return errors.ErrUnsupported }
