//go:build !js

package dial

import (
	"context"
	"net"
	"time"
)

// connect opens the connection for the opening handshake, with TLS for wss URLs.
func (a *Attempt) connect(ctx context.Context) (net.Conn, error) {
	conn, err := a.connectBelow(ctx)
	if err != nil || a.to.Scheme != "wss" {
		return conn, err
	}
	return a.secure(ctx, conn)
}

// connectBelow opens the connection below TLS, through a proxy if there is one.
func (a *Attempt) connectBelow(ctx context.Context) (net.Conn, error) {
	if a.Conn != nil {
		a.watch(ctx, a.Conn)
		return a.Conn, nil
	}
	if a.to.socket != "" {
		return a.open(ctx, "unix", a.to.socket)
	}
	proxy, err := a.chooseProxy(ctx)
	if err != nil {
		return nil, &ProxyError{Err: unchosen(err)}
	}
	if a.cfg.Queue != nil {
		a.place = a.cfg.Queue.place()
		a.place.early, a.early = a.early, nil
		if proxy != nil || a.cfg.Dial != nil {
			// Nobody here knows the address, so each name counts as another host (RFC 6455,
			// section 4.1).
			if err := a.place.take(ctx, "", a.to.address()); err != nil {
				return nil, err
			}
		}
	}
	if proxy == nil {
		return a.open(ctx, "tcp", a.to.address())
	}
	return a.openThrough(ctx, proxy)
}

// open opens a connection, and closes it when ctx is done; see watch.
func (a *Attempt) open(ctx context.Context, network, address string) (net.Conn, error) {
	dial := a.cfg.Dial
	if dial == nil {
		dial = a.place.dial
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if conn == nil {
		return nil, ErrNoConn
	}
	conn.SetDeadline(time.Time{}) // Config.Dial may have set one
	a.watch(ctx, conn)
	return conn, nil
}
