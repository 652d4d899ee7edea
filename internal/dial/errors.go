package dial

import (
	"errors"
	"fmt"
	"net/http"
)

// Errors of an Attempt. The root package exports the first three under the same
// names, and their texts begin with its name for that reason.
var (
	// ErrURL is returned for what is not a ws or wss URL, or has a fragment (RFC
	// 6455, section 3).
	ErrURL = errors.New("airsocket: bad URL")
	// ErrProtocol is returned for a subprotocol that is not a token, or is there
	// twice (RFC 6455, section 4.1).
	ErrProtocol = errors.New("airsocket: bad subprotocol")
	// ErrRedirect is returned for a redirect that is not followed although
	// Config.MaxRedirects allows some. It comes with the server's answer.
	ErrRedirect = errors.New("airsocket: the redirect is not followed")
	// ErrNoConn is returned when Config.Dial has returned neither a connection nor
	// an error.
	ErrNoConn = errors.New("dial: Dial returned no connection")
)

// A ProxyError says why there is no connection through a proxy.
type ProxyError struct {
	Proxy  string // its URL without the password; empty if none could be chosen
	Status int    // the answer of an HTTP proxy that has refused, or 0
	Header http.Header
	Body   []byte
	Err    error // what went wrong if no HTTP proxy has refused
}

// Error names the proxy and what went wrong.
func (e *ProxyError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("dial: proxy %s: status %d", e.Proxy, e.Status)
	}
	return fmt.Sprintf("dial: proxy %s: %v", e.Proxy, e.Err)
}

// Unwrap returns e.Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// A TLSError says why TLS could not be set up, with the server or with a proxy.
type TLSError struct{ Err error }

// Error returns what crypto/tls says.
func (e *TLSError) Error() string { return "dial: TLS: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *TLSError) Unwrap() error { return e.Err }
