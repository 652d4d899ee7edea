package airsocket

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

// dial is a client's part of an opening handshake.
type dial struct {
	ctx    context.Context
	cancel context.CancelFunc
	url    *url.URL // its scheme is ws or wss
	hs     handshake.Client
	exts   []extensions.Extension
}

// newDial checks the arguments of Connect.
func newDial(ctx context.Context, s *Socket, rawURL string, protocols []string) (*dial, error) {
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	for i, p := range protocols {
		if !validToken(p) || slices.Contains(protocols[:i], p) {
			return nil, fmt.Errorf("%w: %q", ErrProtocol, p)
		}
	}
	d := &dial{url: u, exts: s.set.extensionsFor(s.set.clientVersion)}
	if t := s.set.handshakeTimeout; t > 0 {
		d.ctx, d.cancel = context.WithTimeoutCause(ctx, t, ErrHandshakeTimeout)
	} else {
		d.ctx, d.cancel = context.WithCancel(ctx)
	}
	d.hs = handshake.Client{
		Version:   s.set.clientVersion,
		Secure:    u.Scheme == "wss",
		Host:      hostField(u),
		Target:    u.RequestURI(),
		Origin:    s.set.Origin,
		Protocols: protocols,
		Offers:    extensions.Offers(d.exts),
		Header:    wireHeader(s.set.Header),
		MaxHead:   s.set.MaxHead,
		MaxLines:  s.set.MaxHeadLines,
	}
	if u.User != nil && !d.hs.Header.Has("Authorization") {
		password, _ := u.User.Password()
		d.hs.Header.Add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	return d, nil
}

// parseURL takes what the browser takes: ws and wss, and http and https for
// them, without a fragment (WHATWG; RFC 6455, section 3).
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return nil, fmt.Errorf("%w: the scheme is not ws or wss: %q", ErrURL, raw)
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("%w: it has no host: %q", ErrURL, raw)
	}
	if u.Fragment != "" || strings.Contains(raw, "#") {
		return nil, fmt.Errorf("%w: it has a fragment: %q", ErrURL, raw)
	}
	return u, nil
}

// hostField is the host with its port, unless that is the scheme's own.
func hostField(u *url.URL) string {
	if u.Port() == defaultPort(u.Scheme) {
		return strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return strings.TrimSuffix(u.Host, ":")
}

func defaultPort(scheme string) string {
	if scheme == "wss" {
		return "443"
	}
	return "80"
}

// validToken reports whether p can be the name of a subprotocol (RFC 6455,
// section 4.1).
func validToken(p string) bool {
	return p != "" && strings.IndexFunc(p, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	}) < 0
}

// connect runs in a goroutine of its own until the connection is open.
func (s *Socket) connect(d *dial) {
	defer d.cancel()
	rest, sessions, err := s.openClient(d)
	if err != nil {
		if d.ctx.Err() != nil {
			err = context.Cause(d.ctx)
		}
		s.failOpening(err)
		return
	}
	res := d.hs.Result()
	s.out.Lock()
	s.opening.protocol = res.Protocol
	s.opening.extensions = string(handshake.AppendExtensions(nil, res.Extensions))
	s.out.Unlock()
	s.opened(res.Version, sessions, rest)
}

// openClient opens the connection and has the handshake on it. It returns what
// was received behind it.
func (s *Socket) openClient(d *dial) (rest []byte, sessions []extensions.Session, err error) {
	req, err := d.hs.AppendRequest(nil)
	if err != nil {
		return nil, nil, err
	}
	conn, err := s.dialConn(d)
	if err != nil {
		return nil, nil, err
	}
	s.attach(conn)
	// The context ends reads and writes that wait.
	stop := context.AfterFunc(d.ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(req); err != nil {
		return nil, nil, err
	}
	if rest, err = readAnswer(conn, &d.hs); err != nil {
		return nil, nil, err
	}
	sessions, err = extensions.Accept(d.exts, d.hs.Result().Extensions)
	if err == nil && !stop() {
		err = context.Cause(d.ctx)
	}
	return rest, sessions, err
}

func readAnswer(conn net.Conn, hs *handshake.Client) (rest []byte, err error) {
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if rest, done, err := hs.Feed(buf[:n]); done || err != nil {
				return rest, err
			}
		}
		if err == io.EOF {
			return nil, hs.FeedEOF()
		}
		if err != nil {
			return nil, err
		}
	}
}

// dialConn opens the connection, with TLS where the URL says wss.
func (s *Socket) dialConn(d *dial) (net.Conn, error) {
	address := d.url.Host
	if d.url.Port() == "" {
		address = net.JoinHostPort(d.url.Hostname(), defaultPort(d.url.Scheme))
	}
	open := s.set.Dial
	if open == nil {
		open = new(net.Dialer).DialContext
	}
	conn, err := open(d.ctx, "tcp", address)
	if err != nil || d.url.Scheme != "wss" {
		return conn, err
	}
	config := s.set.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = d.url.Hostname()
	}
	if config.NextProtos == nil {
		config.NextProtos = []string{"http/1.1"}
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(d.ctx); err != nil {
		conn.Close()
		return nil, &TLSError{err}
	}
	return secure, nil
}

// A TLSError is why TLS could not be set up for a wss URL.
type TLSError struct{ Err error }

// Error has what crypto/tls says.
func (e *TLSError) Error() string { return "airsocket: TLS: " + e.Err.Error() }

// Unwrap is the error of crypto/tls or crypto/x509.
func (e *TLSError) Unwrap() error { return e.Err }

// wireHeader is h as the handshake package takes it, in a fixed order.
func wireHeader(h http.Header) handshake.Header {
	if len(h) == 0 {
		return nil
	}
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var fields handshake.Header
	for _, name := range names {
		for _, v := range h[name] {
			fields.Add(name, v)
		}
	}
	return fields
}

func httpHeader(fields handshake.Header) http.Header {
	h := make(http.Header, len(fields))
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	return h
}
