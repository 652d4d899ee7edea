package airsocket

import (
	"context"
	"errors"
	"net"
	"strings"
)

// Listen listens on addr, host:port for TCP or unix:path, for [Server.Serve]. The
// errors are those of net.Listen. The connections have package net's keep-alive settings; where the system lets
// them have them from the listener, accepting one costs four system calls less
// than with net.Listen.
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
