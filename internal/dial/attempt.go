// Package dial opens the connections of clients: it takes a URL and returns a
// connection whose opening handshake is complete. It handles cookies, redirects,
// proxies and TLS, and does not depend on how the connection is used afterwards.
package dial

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
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

	MaxRedirects          int
	MaxHead, MaxHeadLines int // limits for a response; 0 means the default of package handshake, negative no limit
}

// An Attempt opens a connection, and another one for each redirect that it follows.
// Create it with New. The exported fields may be set before Open is called.
type Attempt struct {
	// Conn, if not nil, is used instead of dialing the server or a proxy.
	Conn net.Conn

	// Connected, if not nil, is called with each connection before the opening
	// handshake on it begins.
	Connected func(net.Conn)

	// BadCertificates, if not nil, is called before each TLS handshake with the
	// server, unless Config.TLS disables verification. It returns the function that
	// decides on bad certificates, or nil to reject them. Both functions run in the
	// goroutine of Open.
	BadCertificates func() Judge

	cfg       Config
	to        endpoint
	protocols []string
	header    handshake.Header // Config.Header, without credentials after a redirect to another host
	client    handshake.Client
	request   []byte
	unwatch   func() bool // see watch
}

// A Result is a connection whose opening handshake is complete.
type Result struct {
	Conn     net.Conn
	Answer   handshake.Result
	Sessions []extensions.Session // one for each extension that the server chose
	Rest     []byte               // bytes received after the handshake
}

// New returns an Attempt to connect to rawURL, asking for one of the protocols. The
// error wraps ErrURL, ErrProtocol, or, if the request cannot be sent, an error of
// package handshake.
func New(cfg Config, rawURL string, protocols []string) (*Attempt, error) {
	to, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	for i, p := range protocols {
		if !validToken(p) || slices.Contains(protocols[:i], p) {
			return nil, fmt.Errorf("%w: %q", ErrProtocol, p)
		}
	}
	a := &Attempt{cfg: cfg, to: to, protocols: protocols, header: cfg.Header}
	switch err := a.prepare(); {
	case errors.Is(err, handshake.ErrBadProtocol): // hixie allows only one
		return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
	case err != nil:
		return nil, err
	}
	return a, nil
}

// prepare prepares the request for a.to.
func (a *Attempt) prepare() (err error) {
	a.client = handshake.Client{
		Version:   a.cfg.Version,
		Secure:    a.to.Scheme == "wss",
		Host:      a.to.hostField(),
		Target:    a.to.RequestURI(),
		Origin:    a.cfg.Origin,
		Protocols: a.protocols,
		Offers:    extensions.Offers(a.cfg.Extensions),
		Header:    withCookies(a.header, a.cfg.Jar, a.to),
		MaxHead:   a.cfg.MaxHead,
		MaxLines:  a.cfg.MaxHeadLines,
	}
	if user := a.to.User; user != nil && !a.client.Header.Has("Authorization") {
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

// Open connects, and connects again for each redirect that it follows. It may be
// called only once. When it fails, it closes Conn and every connection that it has
// opened.
//
// If ctx is done before Open returns, the error is the cause of ctx, unless the
// server or a proxy has already refused. Otherwise the error wraps a *ProxyError, a
// *TLSError, ErrRedirect, ErrNoConn, a *handshake.Error if the server refuses or
// breaks a rule, an error of package extensions, or an error of the connection.
func (a *Attempt) Open(ctx context.Context) (*Result, error) {
	for redirects := 0; ; redirects++ {
		conn, err := a.connect(ctx)
		if err != nil {
			return nil, reason(ctx, err)
		}
		if a.Connected != nil {
			a.Connected(conn)
		}
		res, err := a.negotiate(ctx, conn)
		if err == nil {
			return res, nil
		}
		conn.Close()
		if a.isRedirect(err) {
			if err = a.redirect(err, redirects); err == nil {
				continue
			}
		}
		return nil, reason(ctx, err)
	}
}

// negotiate performs the opening handshake on conn.
func (a *Attempt) negotiate(ctx context.Context, conn net.Conn) (*Result, error) {
	rest, err := a.exchange(conn)
	res := &Result{Conn: conn, Answer: a.client.Result(), Rest: rest}
	keepCookies(a.cfg.Jar, a.to, res.Answer.Header)
	if err == nil {
		res.Sessions, err = extensions.Accept(a.cfg.Extensions, res.Answer.Extensions)
	}
	if stopped := !a.unwatch(); err == nil && stopped {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	return res, nil
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
