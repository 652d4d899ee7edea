package options

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// proxyFor returns the function for Options.Proxy from the value of -proxy. Nil leaves the
// choice to the environment.
func proxyFor(s string) (func(*http.Request) (*url.URL, error), error) {
	switch s {
	case "":
		return nil, nil
	case "none":
		return http.ProxyURL(nil), nil
	}
	if !withScheme.MatchString(s) {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		// The error would have the password in it.
		return nil, errors.New("-proxy is not a URL such as http://host:port or socks5://host:port")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return http.ProxyURL(u), nil
	}
	return nil, fmt.Errorf("-proxy: the scheme is %s; http, https and socks5 are possible", u.Scheme)
}

// dialOnly returns the function for Options.Dial from the value of -dial.
func dialOnly(to, proxy string) (func(context.Context, string, string) (net.Conn, error), error) {
	if proxy != "" && proxy != "none" {
		return nil, errors.New("-dial and -proxy are given; only one of them can be connected to")
	}
	if _, _, err := net.SplitHostPort(to); err != nil {
		return nil, fmt.Errorf("-dial %q is not HOST:PORT", to)
	}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", to)
	}, nil
}
