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
	if proxy == nil && a.cfg.Dial == nil && a.cfg.Queue != nil {
		conn, err := a.dialInTurn(ctx)
		return a.dialed(ctx, conn, err)
	}
	// Nobody here knows the address, so each name counts as another host (RFC 6455, section 4.1).
	if err := a.turn(ctx); err != nil {
		return nil, err
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
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, address)
	return a.dialed(ctx, conn, err)
}

// dialed watches conn.
func (a *Attempt) dialed(ctx context.Context, conn net.Conn, err error) (net.Conn, error) {
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
