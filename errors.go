package airsocket

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/airsocket/airsocket/internal/dial"
	"github.com/airsocket/airsocket/wire"
)

// What is wrong with a call, returned by it (AIR's ArgumentError, the
// browser's SyntaxError and InvalidAccessError).
var (
	// ErrInvalidState: the call does not fit the socket's state, such as a
	// Send before the connection is open or a second Connect. What is returned
	// is an error that names the call and the state; compare with errors.Is.
	ErrInvalidState = errors.New("airsocket: not possible in this state of the socket")
	// ErrClosed: the socket is closing or closed. It is a net.ErrClosed.
	ErrClosed = fmt.Errorf("airsocket: the socket is closed: %w", net.ErrClosed)
	// ErrBufferFull: more than Options.MaxBuffered bytes would be waiting to be
	// sent. The message was not taken; the drain event tells when to go on.
	ErrBufferFull = errors.New("airsocket: too much is waiting to be sent")
	// ErrURL: not a ws or wss URL, or one with a fragment (RFC 6455, section 3).
	ErrURL = dial.ErrURL
	// ErrProtocol: a subprotocol that is no token, or is there twice (RFC 6455,
	// section 4.1).
	ErrProtocol = dial.ErrProtocol
	// ErrCode: a status code that may not be sent. Clients send 1000 and 3000
	// to 4999 (WHATWG), servers all that RFC 6455, section 7.4, allows.
	ErrCode = errors.New("airsocket: the status code may not be sent")
	// ErrReason: the reason of a close is longer than 123 bytes or not UTF-8.
	ErrReason = errors.New("airsocket: the reason is longer than 123 bytes or not UTF-8")
	// ErrArgument: an argument that makes no sense, such as a nil connection.
	ErrArgument = errors.New("airsocket: bad argument")
)

// stateError is an ErrInvalidState that says which call does not fit, and why.
type stateError struct{ call, why string }

func (e *stateError) Error() string { return "airsocket: " + e.call + ": " + e.why }

func (*stateError) Unwrap() error { return ErrInvalidState }

// notStarted is for a call that needs a connection.
func notStarted(call string) error {
	return &stateError{call, "the socket has not been started: call Connect, StartServer or Upgrade first"}
}

// notOpen is for a message that cannot be sent while the socket is connecting.
func notOpen(kind wire.Kind, role wire.Role) error {
	why := "the socket is connecting: send in the handler of OnOpen"
	if role == wire.Client {
		why += ", or set Options.QueueBeforeOpen"
	}
	return &stateError{senders[kind], why}
}

// started is for a call that must come before the start, or begin another
// connection.
func (s *Socket) started(call string) error {
	return &stateError{call, "the socket is " + stateNames[s.ReadyState()] + ": wait for its close event, or take another one from NewSocket"}
}

// calledBy has a stateError name the call that the program has made.
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

// Why a connection failed, in an ErrorEvent. Those that are times that ran
// out are an os.ErrDeadlineExceeded.
var (
	ErrHandshakeTimeout = fmt.Errorf("airsocket: the opening handshake took too long: %w", os.ErrDeadlineExceeded)
	ErrCloseTimeout     = fmt.Errorf("airsocket: the closing handshake took too long: %w", os.ErrDeadlineExceeded)
	ErrPongTimeout      = fmt.Errorf("airsocket: a ping was not answered: %w", os.ErrDeadlineExceeded)
	// ErrUnsent is wrapped in the error of a connection that has ended before all
	// that Send accepted was written; the text says how many bytes were left,
	// headers of frames included.
	ErrUnsent = errors.New("airsocket: accepted messages were not sent")
	// ErrAborted: Close was called before the connection was open.
	ErrAborted = errors.New("airsocket: closed before the connection was open")
)

// A PanicError is the panic of a handler where Options.Recover is set.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // as debug.Stack formats it
}

// Error has the value, not the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("airsocket: a handler panicked: %v", e.Value) }

// Unwrap is the value, where it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// unsentError is an ErrUnsent that says how much, and why.
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
