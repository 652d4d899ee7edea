//go:build !linux

package transport

import "net"

// canSkip reports whether conn may be waited for after a short read without looking
// whether it has ended.
func canSkip(net.Conn) bool { return false }

func (c *Conn) willWait() {}
