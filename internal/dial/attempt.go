// Package dial opens the connections of clients: it takes a URL and returns a
// connection whose opening handshake is complete. It handles cookies, redirects,
// proxies and TLS, and does not depend on how the connection is used afterwards.
package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// A Config holds the settings for a connection. Fields without a comment, and their
// zero values, are described in airsocket.Options under the same names.
type Config struct {
	Version    wire.Version // version to speak; 0 means wire.Hybi13
	Extensions []extensions.Extension

	Origin string
	Header handshake.Header // additional fields of the request
	Jar    http.CookieJar

	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	TLS  *tls.Config

	Proxy       func(*http.Request) (*url.URL, error)
	ProxyHeader http.Header
	ProxyTLS    *tls.Config

	StandardURL   bool   // the URL is read as in the browser; see parseStandardURL
	NeedsProtocol bool   // see handshake.Client
	FetchFields   bool   // the request has the fields of a browser's, which are no-cache and no user of the URL (WHATWG Fetch, section 4.6)
	HeadSuffices  bool   // see handshake.Client
	Queue         *Queue // if not nil, one connection at a time is opened to an address

	system *system // what names and addresses lead to; nil for the real one

	MaxRedirects          int
	MaxHead, MaxHeadLines int // limits for a response; 0 means the default of package handshake, negative no limit
}

// An Attempt opens a connection, and another one for each redirect that it follows.
// Create it with New. The exported fields may be set before Request is called. Reading
// the response is left to the caller, who need not wait for it in a goroutine.
type Attempt struct {
	// Conn, if not nil, is used instead of dialing the server or a proxy.
	Conn net.Conn

	// Connected, if not nil, is called with each connection before the opening
	// handshake on it begins.
	Connected func(net.Conn)

	// BadCertificates, if not nil, is called before each TLS handshake with the
	// server, unless Config.TLS disables verification. It returns the function that
	// decides on bad certificates, or nil to reject them. Both functions run in the
	// goroutine of Request.
	BadCertificates func() Judge

	cfg       Config
	to        endpoint
	url       string
	host      *waiter // in Config.Queue, for the host and port of the URL; see Join
	address   *waiter // in Config.Queue, for the IP address and port of the connection
	protocols []string
	header    handshake.Header // Config.Header, without credentials after a redirect to another host
	client    handshake.Client
	request   []byte
	redirects int                // that were followed
	unwatch   func() bool        // see watch
	agreed    []extensions.Offer // by the browser, without a Session of ours
}

// A Judge decides whether to accept a chain of certificates that crypto/tls would
// reject with err.
type Judge func(chain []*x509.Certificate, err error) (accept bool)

// A Result is the outcome of an opening handshake.
type Result struct {
	Answer   handshake.Result
	Sessions []extensions.Session // one for each extension that the server chose, but none in the browser
	Rest     []byte               // bytes received after the handshake
}

// New returns an Attempt to connect to rawURL, asking for one of the protocols. The
// error wraps ErrURL, ErrProtocol, or, if the request cannot be sent, an error of
// package handshake.
func New(cfg Config, rawURL string, protocols []string) (*Attempt, error) {
	to, rawURL, err := cfg.parse(rawURL)
	if err != nil {
		return nil, err
	}
	for i, p := range protocols {
		if !validToken(p) || slices.Contains(protocols[:i], p) {
			return nil, fmt.Errorf("%w: %q", ErrProtocol, p)
		}
	}
	a := &Attempt{cfg: cfg, to: to, url: rawURL, protocols: protocols, header: cfg.Header}
	switch err := a.prepare(); {
	case errors.Is(err, handshake.ErrBadProtocol): // hixie allows only one
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	case err != nil:
		return nil, err
	}
	return a, nil
}

// parse returns the endpoint at rawURL, and what URL returns.
func (cfg *Config) parse(rawURL string) (to endpoint, url string, err error) {
	if cfg.StandardURL {
		return parseStandardURL(rawURL)
	}
	to, err = parseURL(rawURL)
	return to, rawURL, err
}

// URL returns the URL that was passed to New, with Config.StandardURL as it is serialized.
func (a *Attempt) URL() string { return a.url }

// Port returns the port of the server.
func (a *Attempt) Port() string { return portOf(a.to.URL) }

// prepare prepares the request for a.to.
func (a *Attempt) prepare() (err error) {
	a.client = handshake.Client{
		Version:   a.cfg.Version,
		Secure:    a.to.Scheme == "wss",
		Host:      a.to.hostField(),
		Target:    a.to.requestTarget(),
		Origin:    a.cfg.Origin,
		Protocols: a.protocols,
		Offers:    extensions.Offers(a.cfg.Extensions),
		Header:    withCookies(a.header, a.cfg.Jar, a.to),
		MaxHead:   a.cfg.MaxHead,
		MaxLines:  a.cfg.MaxHeadLines,

		NeedsProtocol: a.cfg.NeedsProtocol,
		HeadSuffices:  a.cfg.HeadSuffices,
	}
	if a.cfg.FetchFields {
		for _, name := range []string{"Pragma", "Cache-Control"} {
			if !a.client.Header.Has(name) {
				a.client.Header.Add(name, "no-cache")
			}
		}
	} else if user := a.to.User; user != nil && !a.client.Header.Has("Authorization") {
		password, _ := user.Password()
		a.client.Header.Add("Authorization", basicAuth(user.Username(), password))
	}
	a.request, err = a.client.AppendRequest(nil)
	return err
}

// basicAuth returns the value of an Authorization field (RFC 7617, section 2).
func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// validToken reports whether p can be the name of a subprotocol (RFC 6455,
// section 4.1).
func validToken(p string) bool {
	return p != "" && strings.IndexFunc(p, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	}) < 0
}

// Request connects and sends the request. Pass what is read from the connection to Feed
// or Unread. When ctx is done the connection is closed; see Watch. Request may be called
// again only after Failed. When it fails, it closes Conn and what it has opened.
//
// If ctx is done, the error is the cause of ctx, unless a proxy has already refused.
// Otherwise the error wraps a *ProxyError, a *TLSError, ErrNoConn, or an error of the
// connection.
func (a *Attempt) Request(ctx context.Context) (net.Conn, error) {
	conn, err := a.connect(ctx)
	if err != nil {
		a.Release()
		return nil, reason(ctx, err)
	}
	if a.Connected != nil {
		a.Connected(conn)
	}
	if _, err := conn.Write(a.request); err != nil {
		a.Release()
		a.unwatch()
		conn.Close()
		return nil, reason(ctx, err)
	}
	return conn, nil
}

// Join takes the next place in the line of Config.Queue for the host and port, if there is a
// queue, so that attempts connect in the order of these calls and not in that of their
// goroutines. Request or Release must follow.
func (a *Attempt) Join() {
	if a.cfg.Queue != nil && a.host == nil && a.to.socket == "" {
		a.host = a.cfg.Queue.join(canonical(a.to.address()))
	}
}

// canonical returns address as netip.AddrPort has it if it is one of an IP, so that it is
// equal to one that a name server has returned.
func canonical(address string) string {
	ip, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	return netip.AddrPortFrom(ip.Addr().Unmap(), ip.Port()).String()
}

// turn waits until no attempt before this one opens a connection to the host and port.
func (a *Attempt) turn(ctx context.Context) error {
	if a.Join(); a.host == nil {
		return nil
	}
	return a.cfg.Queue.wait(ctx, a.host)
}

// Release lets the next connection to the address be opened, if Config.Queue is set. Feed
// and Failed call it, so only who calls neither has to.
func (a *Attempt) Release() {
	for _, w := range []**waiter{&a.address, &a.host} {
		if *w != nil {
			a.cfg.Queue.quit(*w)
			*w = nil
		}
	}
}

// Watch has end called when ctx is done, instead of the Close method of the connection that
// Request has returned.
func (a *Attempt) Watch(ctx context.Context, end func()) {
	a.unwatch()
	a.unwatch = context.AfterFunc(ctx, end)
}

// watch closes conn when ctx is done, unless a.unwatch is called first.
func (a *Attempt) watch(ctx context.Context, conn net.Conn) {
	a.unwatch = context.AfterFunc(ctx, func() { conn.Close() })
}

// reason returns the error to report for err. If ctx is done, err is a consequence of
// that, unless it is the refusal of a server or proxy.
func reason(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if p, ok := errors.AsType[*ProxyError](err); ok && p.Status != 0 {
		return err
	}
	if h, ok := errors.AsType[*handshake.Error](err); ok && h.Status != 0 {
		return err
	}
	return context.Cause(ctx)
}
