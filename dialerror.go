package airsocket

import (
	"fmt"
	"net/http"

	"github.com/airsocket/airsocket/internal/dial"
)

// ErrRedirect is wrapped in the error for a redirect of the opening handshake that
// is not followed although Options.MaxRedirects is set: it is one too many, leads
// from wss to ws or to a unix socket, or its location is missing or not a URL. The
// same error wraps the server's response, a [*handshake.Error].
var ErrRedirect = dial.ErrRedirect

// A ProxyError says why there is no connection through a proxy.
type ProxyError struct {
	// Proxy is the proxy's URL without the password, or empty if Options.Proxy
	// failed.
	Proxy string

	// Status, Header and Body are the response of an HTTP proxy that refused the
	// connection, such as 407 if it requires authentication (RFC 9110, section
	// 15.5.8). Body holds at most handshake.MaxErrorBody bytes. Otherwise Status
	// is 0.
	Status int
	Header http.Header
	Body   []byte

	// Err is what went wrong if no HTTP proxy has refused: an error of package
	// net if the proxy cannot be reached, a *TLSError from an https proxy, the
	// reply of a SOCKS proxy, or an error such as handshake.ErrHeadTooLarge for a
	// response that breaks a rule.
	Err error
}

// Error returns the proxy's URL and what went wrong.
func (e *ProxyError) Error() string {
	text := "airsocket: proxy"
	if e.Proxy != "" {
		text += " " + e.Proxy
	}
	if e.Status != 0 {
		return fmt.Sprintf("%s: refused: %d %s", text, e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("%s: %v", text, e.Err)
}

// Unwrap returns e.Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// A TLSError says why TLS could not be set up for a wss URL, or with an https
// proxy.
type TLSError struct{ Err error }

// Error returns the text of Err, with a prefix.
func (e *TLSError) Error() string { return "airsocket: TLS: " + e.Err.Error() }

// Unwrap returns the error of crypto/tls or crypto/x509.
func (e *TLSError) Unwrap() error { return e.Err }

// dialError turns the error of an attempt to connect into the one that this package
// exports for it.
func dialError(err error) error {
	switch e := err.(type) {
	case *dial.ProxyError:
		proxy := ProxyError(*e)
		proxy.Err = dialError(proxy.Err)
		return &proxy
	case *dial.TLSError:
		return &TLSError{e.Err}
	}
	if err == dial.ErrNoConn {
		return ErrArgument
	}
	return err
}
