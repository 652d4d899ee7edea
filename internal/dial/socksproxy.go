//go:build !js

package dial

import (
	"context"
	"net"
	"net/url"

	"golang.org/x/net/proxy"
)

// tunnelSOCKS asks a SOCKS5 proxy for a connection to a.to (RFC 1928). The proxy
// resolves the name.
func (a *Attempt) tunnelSOCKS(ctx context.Context, conn net.Conn, u *url.URL) (net.Conn, error) {
	var auth *proxy.Auth
	if u.User != nil {
		password, _ := u.User.Password()
		auth = &proxy.Auth{User: u.User.Username(), Password: password}
	}
	socks, err := proxy.SOCKS5("tcp", addressOf(u), auth, opened{conn})
	if err != nil {
		return nil, err
	}
	if _, err := socks.(proxy.ContextDialer).DialContext(ctx, "tcp", a.to.tunnelAddress()); err != nil {
		return nil, err
	}
	// The proxy package reads nothing ahead, so the connection is returned
	// without its wrapper, and can be read as a raw connection.
	return conn, nil
}

// opened is a proxy.Dialer that returns an open connection.
type opened struct{ conn net.Conn }

// Dial returns the connection.
func (o opened) Dial(network, address string) (net.Conn, error) { return o.conn, nil }

// DialContext returns the connection.
func (o opened) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return o.conn, nil
}
