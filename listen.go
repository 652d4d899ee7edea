package airsocket

import (
	"context"
	"errors"
	"net"
	"strings"
)

// Listen listens on addr, which is host:port for TCP or unix:path, for
// [Server.Serve]. It returns the errors of net.Listen. The connections have the
// keep-alive settings of package net. On systems where connections inherit these
// from the listener, accepting a connection takes four system calls fewer than with
// net.Listen.
func Listen(addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return net.Listen("unix", path)
	}
	config := net.ListenConfig{KeepAlive: -1, Control: keepAlive}
	l, err := config.Listen(context.Background(), "tcp", addr)
	if errors.Is(err, errors.ErrUnsupported) {
		return net.Listen("tcp", addr)
	}
	return l, err
}
