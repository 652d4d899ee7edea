package airsocket

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/internal/proxyproto"
	"github.com/airsocket/airsocket/wire"
)

// Errors that calls return (AIR's ArgumentError, the browser's SyntaxError and
// InvalidAccessError). Compare them with errors.Is: a returned error may wrap one of
// them and say more.
var (
	// ErrInvalidState is returned when a call does not fit the state of the
	// socket, such as Send before the connection is open or a second Connect. The
	// error that wraps it names the call and the state.
	ErrInvalidState = errors.New("airsocket: the call does not fit the state of the socket")
	// ErrClosed is returned when the socket is closing or closed. It wraps
	// net.ErrClosed.
	ErrClosed = fmt.Errorf("airsocket: the socket is closed: %w", net.ErrClosed)
	// ErrBufferFull is returned when more than Options.MaxBuffered bytes would be
	// waiting to be sent. The message was not accepted; the drain event reports
	// when there is room again.
	ErrBufferFull = errors.New("airsocket: too much data is waiting to be sent")
	// ErrURL is returned for a URL that is not a ws or wss URL, or that has a
	// fragment (RFC 6455, section 3).
	ErrURL = dial.ErrURL
	// ErrProtocol is returned for a subprotocol that is not a token, or that is
	// given twice (RFC 6455, section 4.1).
	ErrProtocol = dial.ErrProtocol
	// ErrCode is returned for a status code that may not be sent. With Close, clients
	// may send 1000 and 3000 to 4999 (WHATWG), and servers all that RFC 6455, section
	// 7.4, allows.
	ErrCode = errors.New("airsocket: the status code may not be sent")
	// ErrReason is returned for a close reason that is longer than 123 bytes or is
	// not valid UTF-8.
	ErrReason = errors.New("airsocket: the reason is longer than 123 bytes or not valid UTF-8")
	// ErrArgument is returned for an argument that makes no sense, such as a nil
	// connection.
	ErrArgument = errors.New("airsocket: invalid argument")
)

// maxReason is the length of the longest reason that fits into a close frame.
const maxReason = 123

// A stateError wraps ErrInvalidState. It names the call that does not fit the state,
// and says why.
type stateError struct{ call, why string }

func (e *stateError) Error() string { return "airsocket: " + e.call + ": " + e.why }

func (*stateError) Unwrap() error { return ErrInvalidState }

// notStarted returns the error for a call that needs a connection.
func notStarted(call string) error {
	return &stateError{call, "the socket has not been started: call Connect, StartServer or Upgrade first"}
}

// notOpen returns the error for a message that cannot be sent while the socket is
// connecting.
func notOpen(kind wire.Kind, role wire.Role) error {
	why := "the socket is connecting: send in the handler of OnOpen"
	if role == wire.Client {
		why += ", or set Options.QueueBeforeOpen"
	}
	return &stateError{senders[kind], why}
}

// startedAlready returns the error for a call that is only allowed before the socket is
// started, or after it is closed.
func startedAlready(call string, st ReadyState) error {
	return &stateError{call, "the socket is " + stateNames[st] + ": wait for its close event, or make another one with NewSocket"}
}

// calledBy returns err. If err is a stateError, the result names the call that the
// program has made.
//
//go:noinline
func calledBy(call string, err error) error {
	if e, ok := err.(*stateError); ok {
		return &stateError{call, e.why}
	}
	return err
}

var stateNames = map[ReadyState]string{StateConnecting: "connecting", StateOpen: "open", StateClosing: "closing", StateClosed: "closed", StateInit: "new"}

var senders = map[wire.Kind]string{wire.Text: "Send", wire.Binary: "SendBytes", wire.Ping: "Ping", wire.Pong: "Pong"}

// Errors that an ErrorEvent reports. Those of timeouts wrap os.ErrDeadlineExceeded.
var (
	// ErrHandshakeTimeout is reported when the connection was not open within
	// Options.HandshakeTimeout.
	ErrHandshakeTimeout = fmt.Errorf("airsocket: the opening handshake took too long: %w", os.ErrDeadlineExceeded)
	// ErrCloseTimeout is reported when the closing handshake was not complete
	// within Options.CloseTimeout.
	ErrCloseTimeout = fmt.Errorf("airsocket: the closing handshake took too long: %w", os.ErrDeadlineExceeded)
	// ErrPongTimeout is reported when nothing was received within
	// Options.PongTimeout after a ping of Options.PingInterval that was sent while the
	// Socket was reading.
	ErrPongTimeout = fmt.Errorf("airsocket: a ping was not answered: %w", os.ErrDeadlineExceeded)
	// ErrWriteTimeout is reported when the peer has taken nothing of what waits to be
	// sent for Options.WriteTimeout.
	ErrWriteTimeout = fmt.Errorf("airsocket: the peer does not take what is sent to it: %w", os.ErrDeadlineExceeded)
	// ErrIdleTimeout is reported when nothing was received for Options.IdleTimeout.
	ErrIdleTimeout = fmt.Errorf("airsocket: nothing was received for too long: %w", os.ErrDeadlineExceeded)
	// ErrMessageTimeout is reported when a message was not complete within
	// Options.MessageTimeout.
	ErrMessageTimeout = fmt.Errorf("airsocket: a message took too long to arrive: %w", os.ErrDeadlineExceeded)
	// ErrUnsent is wrapped in the error of a connection that ended before everything
	// that Send accepted was written. The text says how many bytes were left, including
	// the headers of frames.
	ErrUnsent = errors.New("airsocket: accepted messages were not sent")
	// ErrAborted is reported when Close or Drop was called before the connection
	// was open.
	ErrAborted = errors.New("airsocket: closed before the connection was open")
)

// ErrProxyHeader is wrapped in the error of a connection from an address in
// Server.ProxyProtocol that does not begin with a valid header of the PROXY protocol.
// Let the proxy send one, or remove its address.
var ErrProxyHeader = proxyproto.ErrHeader

// ErrBrowser is wrapped in the errors of a connection of the browser (GOOS=js) that could not
// be opened, that could not take a message because it was too long, or on which more than
// 64 MiB were received while the program did not read: a browser cannot hold its peer up. On
// other systems it is not used.
var ErrBrowser = dial.ErrBrowser

// A PanicError reports the panic of a handler when Options.Recover is set.
type PanicError struct {
	Value any    // the argument of panic
	Stack []byte // as formatted by debug.Stack
}

// Error returns a text with the value, but not the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("airsocket: a handler panicked: %v", e.Value) }

// Unwrap returns the value if it is an error, and nil otherwise.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// An unsentError wraps ErrUnsent. It says how many bytes were not sent, and why.
type unsentError struct {
	bytes int
	cause error // may be nil
}

func (e *unsentError) Error() string {
	text := fmt.Sprintf("airsocket: %d bytes of accepted messages were not sent", e.bytes)
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *unsentError) Unwrap() []error { return []error{ErrUnsent, e.cause} }

// newPanicError returns the error for v, which recover has returned.
func newPanicError(v any) *PanicError { return &PanicError{Value: v, Stack: debug.Stack()} }

// ErrRedirect is wrapped in the error for a redirect of the opening handshake that
// is not followed although Options.MaxRedirects is set: it is one too many, leads
// from wss to ws or to a unix socket, or its location is missing or not a URL. The
// same error wraps the server's response, a [*handshake.Error].
var ErrRedirect = dial.ErrRedirect

// A ProxyError reports why no connection could be made through a proxy.
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

	// Err is what went wrong, unless an HTTP proxy has refused the connection: an error
	// of package net if the proxy cannot be reached, a *TLSError from an https proxy,
	// the reply of a SOCKS proxy, or an error such as handshake.ErrHeadTooLarge for a
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

// A TLSError reports why TLS could not be set up for a wss URL, or with an https proxy.
type TLSError struct{ Err error }

// Error returns the text of Err, with a prefix.
func (e *TLSError) Error() string { return "airsocket: TLS: " + e.Err.Error() }

// Unwrap returns the error of crypto/tls or crypto/x509.
func (e *TLSError) Unwrap() error { return e.Err }

// dialError replaces the error types of package dial by those that this package
// exports.
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
