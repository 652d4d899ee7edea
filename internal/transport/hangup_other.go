//go:build !linux

package transport

import "net"

// canSkip reports whether conn may wait after a short read without looking for the end.
func canSkip(net.Conn) bool { return false }

func (c *Conn) willWait() {}
