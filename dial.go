package airsocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// dialConn opens the connection, with TLS where the URL says wss.
func (s *Socket) dialConn(d *dial) (net.Conn, error) {
	conn, err := d.openConn()
	if err != nil || d.to.Scheme != "wss" {
		return conn, err
	}
	return s.secure(d, conn)
}

// openConn opens the connection below, through a proxy where there is one.
func (d *dial) openConn() (net.Conn, error) {
	if d.pipe != nil {
		d.watch(d.pipe)
		return d.pipe, nil
	}
	if d.to.socket != "" {
		return d.open("unix", d.to.socket)
	}
	proxy, err := d.proxy()
	if err != nil {
		return nil, &ProxyError{Err: unchosen(err)}
	}
	if proxy == nil {
		return d.open("tcp", d.to.address())
	}
	return d.openThrough(proxy)
}

// proxy is the proxy for where d leads, or nil.
func (d *dial) proxy() (*url.URL, error) {
	choose := d.set.Proxy
	if choose == nil {
		if d.set.Dial != nil {
			return nil, nil
		}
		choose = http.ProxyFromEnvironment
	}
	r := &http.Request{Method: http.MethodGet, URL: d.to.http(), Host: d.to.hostField(), Header: httpHeader(d.hs.Header)}
	return choose(r.WithContext(d.ctx))
}

// unchosen is why no proxy could be chosen, without the password of one.
func unchosen(err error) error {
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%w: %w: %q", ErrURL, parseError(bad.URL, err), redacted(bad.URL))
	}
	return err
}

// open opens a connection and has it closed when the attempt ends.
func (d *dial) open(network, address string) (net.Conn, error) {
	dial := d.set.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(d.ctx, network, address)
	if err != nil {
		return nil, err
	}
	if conn == nil {
		return nil, ErrArgument
	}
	conn.SetDeadline(time.Time{}) // Options.Dial may have left one
	d.watch(conn)
	return conn, nil
}

// watch has conn closed when the context ends.
func (d *dial) watch(conn net.Conn) {
	d.unwatch = context.AfterFunc(d.ctx, func() { conn.Close() })
}
