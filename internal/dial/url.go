package dial

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// endpoint is what a URL leads to.
type endpoint struct {
	*url.URL        // its scheme is ws or wss, its host is ASCII
	socket   string // the path of a unix socket; the host is localhost then
}

// parseURL parses what the browser takes: ws and wss, and http and https for
// them, without a fragment (WHATWG; RFC 6455, section 3). After a scheme that ends
// in "+unix" come the path of a unix socket, a colon and the request's path, as in
// the npm package ws. The error is ErrURL.
func parseURL(raw string) (endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, badURL(raw, err)
	}
	to := endpoint{URL: u}
	if scheme, ok := strings.CutSuffix(u.Scheme, "+unix"); ok {
		to, err = unixURL(scheme, u)
	}
	if err == nil {
		err = to.normalize()
	}
	switch {
	case err != nil:
	case to.Hostname() == "":
		err = errors.New("it has no host")
	case strings.Contains(raw, "#"):
		err = errors.New("it has a fragment")
	}
	if err != nil {
		return endpoint{}, badURL(raw, err)
	}
	return to, nil
}

// unixURL parses a URL such as ws+unix:///run/chat.sock:/room?id=1. A colon in the
// path of the socket is written %3A.
func unixURL(scheme string, u *url.URL) (endpoint, error) {
	file, target, _ := strings.Cut(u.EscapedPath(), ":")
	socket, err := url.PathUnescape(file)
	if err != nil {
		return endpoint{}, err
	}
	if u.Host != "" || socket == "" || target != "" && target[0] != '/' {
		return endpoint{}, errors.New("it is not a path of a socket, a colon and a path of a request")
	}
	inner, err := url.Parse(scheme + "://localhost" + target)
	if err != nil {
		return endpoint{}, err
	}
	inner.User, inner.RawQuery, inner.ForceQuery = u.User, u.RawQuery, u.ForceQuery
	return endpoint{inner, socket}, nil
}

// normalize brings the URL into the form in which it is sent.
func (e endpoint) normalize() error {
	switch e.Scheme {
	case "ws", "wss":
	case "http":
		e.Scheme = "ws"
	case "https":
		e.Scheme = "wss"
	default:
		return errors.New("the scheme is not ws or wss")
	}
	port := e.Port()
	if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil {
		return errors.New("there is no such port")
	}
	switch host := e.Hostname(); {
	case !isASCII(host):
		host, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return err
		}
		e.Host = host
		if port != "" {
			e.Host = net.JoinHostPort(host, port)
		}
	case !strings.Contains(host, "%"): // the name of a zone may have upper case letters
		e.Host = strings.ToLower(e.Host)
	}
	e.RawQuery = escapeQuery(e.RawQuery)
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// escapeQuery escapes what the browser escapes in a query (WHATWG URL,
// special-query percent-encode set).
func escapeQuery(q string) string {
	var b strings.Builder
	for i := 0; i < len(q); i++ {
		if c := q[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"'<>`, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// name returns the host without the zone of an IPv6 address, which has a meaning
// on this machine only (RFC 6874, section 4).
func (e endpoint) name() string {
	host, _, _ := strings.Cut(e.Hostname(), "%")
	return host
}

// hostField returns the host with its port, unless that is the scheme's default.
func (e endpoint) hostField() string {
	host := e.name()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := portOf(e.URL); port != defaultPort(e.Scheme) {
		host += ":" + port
	}
	return host
}

// address returns the host and port to dial.
func (e endpoint) address() string { return addressOf(e.URL) }

func addressOf(u *url.URL) string { return net.JoinHostPort(u.Hostname(), portOf(u)) }

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return defaultPort(u.Scheme)
}

func defaultPort(scheme string) string {
	switch scheme {
	case "wss", "https":
		return "443"
	case "socks5", "socks5h":
		return "1080"
	}
	return "80"
}

// http returns the URL that cookies, proxies and redirects know the endpoint by. It
// has no user information.
func (e endpoint) http() *url.URL {
	u := *e.URL
	u.Scheme, u.User = "http", nil
	if e.Scheme == "wss" {
		u.Scheme = "https"
	}
	return &u
}
