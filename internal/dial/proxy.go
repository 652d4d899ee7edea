//go:build !js

package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// chooseProxy returns the URL of the proxy for a.to, or nil if there is none.
func (a *Attempt) chooseProxy(ctx context.Context) (*url.URL, error) {
	choose := a.cfg.Proxy
	if choose == nil {
		if a.cfg.Dial != nil {
			return nil, nil
		}
		choose = http.ProxyFromEnvironment
	}
	r := &http.Request{Method: http.MethodGet, URL: a.to.http(), Host: a.to.hostField(), Header: HTTPHeader(a.client.Header)}
	return choose(r.WithContext(ctx))
}

// unchosen returns the error to report if choosing a proxy failed with err. It
// removes passwords.
func unchosen(err error) error {
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%w: %w: %q", ErrURL, parseError(bad.URL, err), redacted(bad.URL))
	}
	return err
}

// openThrough opens a connection to a.to through the proxy at u. The error is a
// *ProxyError.
func (a *Attempt) openThrough(ctx context.Context, u *url.URL) (net.Conn, error) {
	conn, err := a.openVia(ctx, u)
	if err == nil {
		return conn, nil
	}
	refusal, ok := err.(*ProxyError)
	if !ok {
		refusal = &ProxyError{Err: err}
	}
	refusal.Proxy = redacted(u.String())
	return nil, refusal
}

func (a *Attempt) openVia(ctx context.Context, u *url.URL) (net.Conn, error) {
	var tunnel func(context.Context, net.Conn, *url.URL) (net.Conn, error)
	switch u.Scheme {
	case "http", "https":
		tunnel = a.tunnelHTTP
	case "socks5", "socks5h":
		tunnel = a.tunnelSOCKS
	default:
		return nil, errors.New("the scheme is not http, https, socks5 or socks5h")
	}
	if u.Hostname() == "" {
		return nil, errors.New("the host is missing")
	}
	conn, err := a.open(ctx, "tcp", addressOf(u))
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" {
		if conn, err = tlsClient(ctx, conn, tlsConfig(a.cfg.ProxyTLS, u.Hostname())); err != nil {
			a.unwatch()
			return nil, err
		}
	}
	through, err := tunnel(ctx, conn, u)
	if err != nil {
		a.unwatch()
		conn.Close()
	}
	return through, err
}

// tunnelAddress returns the host and port that a proxy is asked for, without a zone.
func (e endpoint) tunnelAddress() string { return net.JoinHostPort(e.name(), portOf(e.URL)) }
