package dial

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// endpoint is the destination of a connection.
type endpoint struct {
	*url.URL        // the scheme is ws or wss, and the host is ASCII
	socket   string // the path of a unix socket, or ""; with a socket the host is localhost
	target   string // what is requested, or "" for what package url says
}

// parseURL parses a URL as browsers do: the scheme is ws or wss, or http or https
// instead, and there is no fragment (WHATWG; RFC 6455, section 3). As in the npm package
// ws, a scheme that ends in "+unix" is followed by the path of a unix socket, a colon
// and the path of the request. The error wraps ErrURL.
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
		err = errors.New("the host is missing")
	case strings.Contains(raw, "#"):
		err = errors.New("a fragment is not allowed")
	}
	if err != nil {
		return endpoint{}, badURL(raw, err)
	}
	return to, nil
}

// unixURL parses a URL such as ws+unix:///run/chat.sock:/room?id=1. A colon in the
// path of the socket must be escaped as %3A.
func unixURL(scheme string, u *url.URL) (endpoint, error) {
	file, target, _ := strings.Cut(u.EscapedPath(), ":")
	socket, err := url.PathUnescape(file)
	if err != nil {
		return endpoint{}, err
	}
	if u.Host != "" || socket == "" || target != "" && target[0] != '/' {
		return endpoint{}, errors.New("not the path of a socket, a colon and the path of a request")
	}
	inner, err := url.Parse(scheme + "://localhost" + target)
	if err != nil {
		return endpoint{}, err
	}
	inner.User, inner.RawQuery, inner.ForceQuery = u.User, u.RawQuery, u.ForceQuery
	return endpoint{URL: inner, socket: socket}, nil
}

// normalize converts the URL to the form in which it is sent.
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
		return errors.New("the port is invalid")
	}
	switch host := e.Hostname(); {
	case !strings.HasPrefix(e.Host, "[") && (strings.ContainsFunc(host, forbidden) || !utf8.ValidString(host)):
		return errors.New("the host has a character that no host may have")
	case strings.ContainsAny(host, "[]"): // in an IPv6 zone, which package url lets through
		return errors.New("the zone of the host has a bracket")
	case !isASCII(host):
		host, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return err
		}
		e.Host = host
		if port != "" {
			e.Host = net.JoinHostPort(host, port)
		}
	case !strings.Contains(host, "%"): // the name of an IPv6 zone is case-sensitive
		e.Host = strings.ToLower(e.Host)
	}
	e.RawQuery = escapeQuery(e.RawQuery)
	return nil
}

// forbidden reports whether r may not be in the name of a host (RFC 3986, section 3.2.2;
// WHATWG URL, forbidden domain code points). Package url lets some of them through.
func forbidden(r rune) bool { return r <= ' ' || strings.ContainsRune("#%/:<>?@[\\]^`|\x7f\"{}", r) }

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// escapeQuery escapes the characters that browsers escape in a query (WHATWG URL,
// special-query percent-encode set).
func escapeQuery(q string) string { return percentEncode(q, `"'<>`) }

// requestTarget returns the path and the query to request.
func (e endpoint) requestTarget() string { return cmp.Or(e.target, e.RequestURI()) }

// name returns the host without the zone of an IPv6 address, which is meaningful only
// on this machine (RFC 6874, section 4).
func (e endpoint) name() string {
	host, _, _ := strings.Cut(e.Hostname(), "%")
	return host
}

// hostField returns the value of the Host field: the host, with the port unless it is
// the default of the scheme.
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

// http returns the http or https URL of the endpoint, for cookies, proxies and
// redirects. It has no user information.
func (e endpoint) http() *url.URL {
	u := *e.URL
	u.Scheme, u.User = "http", nil
	if e.Scheme == "wss" {
		u.Scheme = "https"
	}
	return &u
}
