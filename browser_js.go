package airsocket

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/airsocket/airsocket/internal/browser"
	"github.com/airsocket/airsocket/wire"
)

// In the browser, Connect uses the browser's WebSocket, which can do less than this package.
// What it cannot do is refused here, with errors that wrap errors.ErrUnsupported.

// unconnectable returns an error for what Connect cannot do here: the first of the options
// that are set and have no counterpart in the browser, or something in rawURL. header takes
// the place of Options.Header.
func (st *settings) unconnectable(rawURL string, header http.Header) error {
	scheme, _, _ := strings.Cut(rawURL, ":")
	u, err := url.Parse(rawURL)
	hasUser := err == nil && u.User != nil && st.Rules != RulesBrowser // which do not send it
	for _, o := range []struct {
		what  string
		isSet bool
	}{
		{"the scheme " + scheme, strings.HasSuffix(scheme, "+unix")},
		{"a user in the URL", hasUser},
		{"Options.Version", st.clientVersion != wire.Hybi13},
		{"Options.Header", len(header) > 0},
		{"Options.Origin", st.Origin != ""},
		{"Options.TLS", st.TLS != nil},
		{"Options.Dial", st.Dial != nil},
		{"Options.Proxy", st.Proxy != nil},
		{"Options.ProxyHeader", len(st.ProxyHeader) > 0},
		{"Options.ProxyTLS", st.ProxyTLS != nil},
		{"Options.Jar", st.Jar != nil},
		{"Options.MaxRedirects", st.MaxRedirects > 0},
		{"Options.PingInterval", st.pingInterval > 0},
		{"Options.Extensions", len(st.Extensions) > 0},
	} {
		if o.isSet {
			return &browserError{what: o.what}
		}
	}
	return nil
}

// unlistenable returns an error, because nobody can connect to a browser. The network that
// package net has there is only in memory.
func unlistenable() error { return &browserError{what: "Listen"} }

// unsendable returns an error for what the connection of s cannot carry. Before there is one,
// that is assumed to be the browser's.
func (s *Socket) unsendable(ev wire.Event) error {
	if ev.Kind < wire.Close && !ev.Unencoded {
		return nil
	}
	conn := s.sender.connection()
	ours, ok := conn.(*browser.Conn)
	switch {
	case !ok && conn != nil:
	case ev.Kind > wire.Close:
		return &browserError{senders[ev.Kind], wire.ErrUnsupported}
	case ok && ours.Extensions() != "":
		return &browserError{"SendUncompressed on a connection with an extension", wire.ErrUnsupported}
	}
	return nil
}

// A browserError says what the browser's WebSocket cannot do. It wraps errors.ErrUnsupported.
type browserError struct {
	what string
	as   error // the error of other connections that cannot do it; may be nil
}

func (e *browserError) Error() string {
	return fmt.Sprintf("airsocket: %s: the browser's WebSocket cannot do that", e.what)
}

func (e *browserError) Unwrap() []error { return []error{errors.ErrUnsupported, e.as} }
