package transport

import (
	"errors"
	"syscall"
)

// inherited sets on a listener what package net sets on each connection, and connections
// inherit: that small writes are not delayed, and for keep-alive (see
// net.KeepAliveConfig) a probe after 15 s of silence, then one every 15 s, and the end
// after 9 probes without an answer. Set later, it would not concern the connections that
// are there already.
func inherited(_, _ string, c syscall.RawConn) error {
	var failed error
	if err := c.Control(func(fd uintptr) { failed = setInherited(fd) }); err != nil {
		return err
	}
	return failed
}

func setInherited(fd uintptr) error {
	for _, o := range []struct{ level, name, value int }{
		{syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1},
		{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 15},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 15},
		{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 9},
	} {
		if syscall.SetsockoptInt(int(fd), o.level, o.name, o.value) != nil {
			return errors.ErrUnsupported
		}
	}
	return nil
}
