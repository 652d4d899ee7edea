package options

import (
	"errors"
	"fmt"
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
