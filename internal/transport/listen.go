package transport

import (
	"context"
	"errors"
	"net"
	"strings"
)

// Listen listens on addr, which is host:port for TCP or unix:path. The connections have
// the keep-alive settings of package net. Where the system supports it, they inherit
// these from the listener, so that they need not be set for each connection.
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
