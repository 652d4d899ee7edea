package dial

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/airsocket/airsocket/internal/browser"
)

// Errors of an Attempt. The root package exports the first four under the same
// names, which is why their texts begin with its name.
var (
	// ErrURL is returned for a URL that cannot be parsed, has no host, has an
	// unsupported scheme, or has a fragment (RFC 6455, section 3).
	ErrURL = errors.New("airsocket: bad URL")
	// ErrProtocol is returned for a subprotocol that is not a token or is repeated
	// (RFC 6455, section 4.1).
	ErrProtocol = errors.New("airsocket: bad subprotocol")
	// ErrRedirect is returned for a redirect that is not followed although
	// Config.MaxRedirects is positive. The error also wraps the server's response,
	// a *handshake.Error.
	ErrRedirect = errors.New("airsocket: the redirect is not followed")
	// ErrBrowser is wrapped in the errors of the browser's WebSocket.
	ErrBrowser = browser.ErrFailed
	// ErrNoConn is returned when Config.Dial has returned neither a connection nor
	// an error.
	ErrNoConn = errors.New("dial: Dial returned no connection")
)

// A ProxyError reports why a connection through a proxy failed.
type ProxyError struct {
	Proxy  string // URL of the proxy without the password; empty if choosing a proxy failed
	Status int    // status of the response if an HTTP proxy refused, otherwise 0
	Header http.Header
	Body   []byte // start of the body of that response
	Err    error  // the cause if Status is 0
}

// Error returns the proxy and the status or the cause.
func (e *ProxyError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("dial: proxy %s: status %d", e.Proxy, e.Status)
	}
	return fmt.Sprintf("dial: proxy %s: %v", e.Proxy, e.Err)
}

// Unwrap returns e.Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// A TLSError reports why a TLS handshake with the server or with a proxy failed.
type TLSError struct{ Err error }

// Error returns the text of e.Err with the prefix "dial: TLS: ".
func (e *TLSError) Error() string { return "dial: TLS: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *TLSError) Unwrap() error { return e.Err }
