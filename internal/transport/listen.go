package transport

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"
)

// Listen listens on addr, which is host:port for TCP or unix:path. The connections have
// the settings of package net for keep-alive and small writes. Where the system supports
// it, they inherit these from the listener, so that they need not be set for each
// connection.
func Listen(addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return net.Listen("unix", path)
	}
	config := net.ListenConfig{KeepAlive: -1, Control: inherited}
	l, err := config.Listen(context.Background(), "tcp", addr)
	if errors.Is(err, errors.ErrUnsupported) {
		return net.Listen("tcp", addr)
	}
	if err != nil {
		return nil, err
	}
	return newListener(l), nil
}

// AcceptAll is like Serve, but the connections are served by goroutines of their own.
func AcceptAll(l net.Listener, serve func(net.Conn), retry func(error) time.Duration) error {
	for {
		conn, err := l.Accept()
		if err == nil {
			serve(conn)
			continue
		}
		wait := retry(err)
		if wait < 0 {
			return err
		}
		time.Sleep(wait)
	}
}
