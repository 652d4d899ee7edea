package airsocket

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

// dial is a client's part of an opening handshake.
type dial struct {
	ctx       context.Context
	cancel    context.CancelFunc
	set       *settings
	to        endpoint
	protocols []string
	header    handshake.Header // the program's own fields
	exts      []extensions.Extension
	pipe      net.Conn // of Pipe, to be used instead of dialling

	hs      handshake.Client
	request []byte
	unwatch func() bool // see watch
}

// newDial checks the arguments of Connect.
func newDial(ctx context.Context, s *Socket, rawURL string, protocols []string) (*dial, error) {
	to, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	for i, p := range protocols {
		if !validToken(p) || slices.Contains(protocols[:i], p) {
			return nil, fmt.Errorf("%w: %q", ErrProtocol, p)
		}
	}
	d := &dial{
		set:       s.set,
		to:        to,
		protocols: protocols,
		header:    wireHeader(s.set.Header),
		exts:      s.set.extensionsFor(s.set.clientVersion),
	}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	if t := s.set.handshakeTimeout; t > 0 {
		d.ctx, d.cancel = context.WithTimeoutCause(ctx, t, ErrHandshakeTimeout)
	} else {
		d.ctx, d.cancel = context.WithCancel(ctx)
	}
	return d, nil
}

// prepare makes the request for where d leads now.
func (d *dial) prepare() (err error) {
	d.hs = handshake.Client{
		Version:   d.set.clientVersion,
		Secure:    d.to.Scheme == "wss",
		Host:      d.to.hostField(),
		Target:    d.to.RequestURI(),
		Origin:    d.set.Origin,
		Protocols: d.protocols,
		Offers:    extensions.Offers(d.exts),
		Header:    withCookies(d.header, d.set.Jar, d.to),
		MaxHead:   d.set.MaxHead,
		MaxLines:  d.set.MaxHeadLines,
	}
	if user := d.to.User; user != nil && !d.hs.Header.Has("Authorization") {
		password, _ := user.Password()
		d.hs.Header.Add("Authorization", basicAuth(user.Username(), password))
	}
	d.request, err = d.hs.AppendRequest(nil)
	return err
}

// basicAuth is the value of an Authorization field (RFC 7617, section 2).
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

// connect runs in a goroutine of its own until the connection is open.
func (s *Socket) connect(d *dial) {
	defer d.cancel()
	rest, sessions, err := s.openClient(d)
	if err != nil {
		s.failOpening(d.reason(err))
		return
	}
	res := d.hs.Result()
	if !s.opened(agreement{res.Version, sessions, &res}, rest) {
		go s.serve() // on a stack that has not grown
	}
}

// reason is why the attempt has failed with err. When the context has ended it,
// err is only what came of that, unless it is an answer.
func (d *dial) reason(err error) error {
	if d.ctx.Err() == nil {
		return err
	}
	if p, ok := errors.AsType[*ProxyError](err); ok && p.Status != 0 {
		return err
	}
	if h, ok := errors.AsType[*handshake.Error](err); ok && h.Status != 0 {
		return err
	}
	return context.Cause(d.ctx)
}

// openClient opens the connection and has the handshake on it, again for each
// redirect. It returns what was received behind it.
func (s *Socket) openClient(d *dial) (rest []byte, sessions []extensions.Session, err error) {
	for redirects := 0; ; redirects++ {
		conn, err := s.dialConn(d)
		if err != nil {
			return nil, nil, err
		}
		s.attach(conn)
		rest, err = d.exchange(conn)
		keepCookies(d.set.Jar, d.to, d.hs.Result().Header)
		if err == nil {
			sessions, err = extensions.Accept(d.exts, d.hs.Result().Extensions)
		}
		if stopped := !d.unwatch(); err == nil && stopped {
			err = context.Cause(d.ctx)
		}
		if err == nil || !d.isRedirect(err) {
			return rest, sessions, err
		}
		conn.Close()
		if err := d.redirect(err, redirects); err != nil {
			return nil, nil, err
		}
	}
}

// exchange sends the request and reads the answer.
func (d *dial) exchange(conn net.Conn) (rest []byte, err error) {
	if _, err := conn.Write(d.request); err != nil {
		return nil, err
	}
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if rest, done, err := d.hs.Feed(buf[:n]); done || err != nil {
				return rest, d.withHint(err, buf[:n])
			}
		}
		if err != nil {
			return nil, d.withHint(d.cutShort(err), nil)
		}
	}
}

// cutShort is the error where reading has ended with err. A refusal without the
// rest of its body is still a refusal.
func (d *dial) cutShort(err error) error {
	if end := d.hs.FeedEOF(); err == io.EOF || errors.Is(end, handshake.ErrStatus) {
		return end
	}
	return err
}

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
