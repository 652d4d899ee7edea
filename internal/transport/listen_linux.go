package transport

import (
	"errors"
	"syscall"
)

// keepAlive sets on a listener the keep-alive settings that package net sets on each
// connection (see net.KeepAliveConfig), and that connections inherit: a probe after 15
// s of silence, then one every 15 s, and the end after 9 probes without an answer.
func keepAlive(_, _ string, c syscall.RawConn) error {
	var failed error
	if err := c.Control(func(fd uintptr) { failed = setKeepAlive(fd) }); err != nil {
		return err
	}
	return failed
}

func setKeepAlive(fd uintptr) error {
	for _, o := range []struct{ level, name, value int }{
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
