//go:build !js

package dial

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/airsocket/airsocket/handshake"
)

// tunnelHTTP asks an HTTP proxy for a connection to a.to (RFC 9110, section 9.3.6).
func (a *Attempt) tunnelHTTP(_ context.Context, conn net.Conn, u *url.URL) (net.Conn, error) {
	if _, err := conn.Write(a.connectRequest(u)); err != nil {
		return nil, err
	}
	answer := proxyAnswer{
		conn:  conn,
		bytes: cmp.Or(a.cfg.MaxHead, handshake.DefaultMaxHead),
		lines: cmp.Or(a.cfg.MaxHeadLines, handshake.DefaultMaxLines),
	}
	status, err := answer.read()
	switch {
	case err != nil:
		return nil, err
	case status/100 != 2:
		return nil, answer.refusal()
	case len(answer.rest()) > 0:
		return &PrefixConn{conn, answer.rest()}, nil
	}
	return conn, nil
}

// connectRequest returns the CONNECT request to the proxy at u.
func (a *Attempt) connectRequest(u *url.URL) []byte {
	var b bytes.Buffer
	address := a.to.tunnelAddress()
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", address, address)
	if user := u.User; user != nil && a.cfg.ProxyHeader.Get("Proxy-Authorization") == "" {
		password, _ := user.Password()
		fmt.Fprintf(&b, "Proxy-Authorization: %s\r\n", basicAuth(user.Username(), password))
	}
	a.cfg.ProxyHeader.WriteSubset(&b, map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true})
	b.WriteString("\r\n")
	return b.Bytes()
}
