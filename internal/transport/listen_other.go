//go:build !linux

package transport

import (
	"errors"
	"syscall"
)

// inherited returns errors.ErrUnsupported: on this system connections are not known to
// inherit the settings of their listener.
func inherited(string, string, syscall.RawConn) error { return errors.ErrUnsupported }
