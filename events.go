package airsocket

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/airsocket/airsocket/wire"
)

// The events of a connection come in this order: open, then messages, pings, pongs and
// drain events, then at most one error, then exactly one close, unless
// Options.SilentClose omits it, and nothing after it. A connection that could not be
// opened has only error and close events, and perhaps a certificate error before them.
// ReadyState changes before the event that reports the change. An event and the data it
// refers to are valid until the handler returns.

// An Event is the argument of a handler. User code may define its own events and
// dispatch them with [Socket.DispatchEvent].
type Event interface {
	// Type returns the name under which listeners are added.
	Type() string
}

// An EventType is the name of a type of event whose handlers take an E.
type EventType[E Event] string

// The types of the events of a Socket.
const (
	EventOpen    EventType[*OpenEvent]    = "open"
	EventMessage EventType[*MessageEvent] = "message"
	EventFrame   EventType[*FrameEvent]   = "frame"
	EventPing    EventType[*PingEvent]    = "ping"
	EventPong    EventType[*PongEvent]    = "pong"
	EventDrain   EventType[*DrainEvent]   = "drain"
	EventError   EventType[*ErrorEvent]   = "error"
	EventClose   EventType[*CloseEvent]   = "close"

	EventCertificateError EventType[*CertificateErrorEvent] = "certificateError"
)

// target is the part that all events share.
type target struct{ socket *Socket }

// Target returns the Socket that the event is about.
func (t target) Target() *Socket { return t.socket }

// An OpenEvent reports that the connection is open (WHATWG "open"; AIR
// Event.CONNECT).
type OpenEvent struct{ target }

// Type returns "open".
func (*OpenEvent) Type() string { return string(EventOpen) }

// A MessageEvent delivers a message (WHATWG "message"; AIR WebSocketEvent.DATA).
type MessageEvent struct {
	target
	kind wire.Kind
	data []byte
}

// Type returns "message".
func (*MessageEvent) Type() string { return string(EventMessage) }

// Kind returns wire.Text or wire.Binary (AIR's WebSocketEvent.format).
func (e *MessageEvent) Kind() wire.Kind { return e.kind }

// Binary reports whether the message is binary rather than text.
func (e *MessageEvent) Binary() bool { return e.kind == wire.Binary }

// Bytes returns the message without copying it. As with bufio.Scanner.Bytes, the
// memory is reused when the handler returns. Bytes never returns nil while the
// handler runs.
func (e *MessageEvent) Bytes() []byte { return e.data }

// notNil returns p, or an empty slice if p is nil.
func notNil(p []byte) []byte {
	if p == nil {
		return []byte{}
	}
	return p
}

// Text returns a copy of the message as a string (AIR's
// WebSocketEvent.stringData). For a text message the string is valid UTF-8.
func (e *MessageEvent) Text() string { return string(e.data) }

// Clone returns a copy of the message, which the caller may keep (AIR's
// WebSocketEvent.data).
func (e *MessageEvent) Clone() []byte { return append(make([]byte, 0, len(e.data)), e.data...) }

// A FrameEvent delivers one part of a message when Options.FrameEvents is set
// (AS3WebSocket's WebSocketEvent.FRAME). Each frame that the peer has sent is a part; a
// compressed message is a single part. Text may be split within a character.
type FrameEvent struct {
	target
	Kind wire.Kind // of the message: wire.Text or wire.Binary
	Data []byte    // valid until the handler returns
	Cont bool      // the frame continues a message; false for the first
	More bool      // more frames of the message follow; false for the last
}

// Type returns "frame".
func (*FrameEvent) Type() string { return string(EventFrame) }

// A PingEvent delivers a ping (AS3WebSocket's WebSocketEvent.PING). The Socket
// answers it with a pong that has the same payload, unless a handler calls
// PreventDefault.
type PingEvent struct {
	target
	Data      []byte // valid until the handler returns; at most 125 bytes
	prevented bool
}

// Type returns "ping".
func (*PingEvent) Type() string { return string(EventPing) }

// PreventDefault prevents the automatic pong. A handler may answer with
// [Socket.Pong].
func (e *PingEvent) PreventDefault() { e.prevented = true }

// DefaultPrevented reports whether PreventDefault was called (AS3's
// isDefaultPrevented).
func (e *PingEvent) DefaultPrevented() bool { return e.prevented }

// A PongEvent delivers a pong, solicited or not (AS3WebSocket's
// WebSocketEvent.PONG).
type PongEvent struct {
	target
	Data []byte // valid until the handler returns; at most 125 bytes
}

// Type returns "pong".
func (*PongEvent) Type() string { return string(EventPong) }

// A DrainEvent reports that the system has taken everything that was sent, after
// it could not take all of it at once (Node "drain"; AIR
// OutputProgressEvent.OUTPUT_PROGRESS).
type DrainEvent struct{ target }

// Type returns "drain".
func (*DrainEvent) Type() string { return string(EventDrain) }

// An ErrorEvent reports why the connection is about to be closed, or could not be
// opened (WHATWG "error"; AIR IOErrorEvent; AS3WebSocket's connectionFail and
// abnormalClose).
type ErrorEvent struct {
	target

	// Err is the cause; examine it with errors.Is and errors.As. It is a
	// *wire.ProtocolError if the peer broke a rule, a *handshake.Error if the opening
	// handshake failed, a *TLSError or *ProxyError if the connection could not be
	// opened with TLS or through a proxy, wire.ErrUnexpectedEnd if the connection ended
	// without a closing handshake, ErrHandshakeTimeout, ErrCloseTimeout,
	// ErrPongTimeout, ErrWriteTimeout, ErrIdleTimeout or ErrMessageTimeout if a timeout
	// passed, or an error of package net. It wraps ErrUnsent as well as its cause if
	// messages were left unsent.
	Err error

	// Status, Header and Body are the response of a server that refused the
	// opening handshake (WebSocket-Node's httpResponse event). Body holds at most
	// handshake.MaxErrorBody bytes. Otherwise Status is 0.
	Status int
	Header http.Header
	Body   []byte
}

// Type returns "error".
func (*ErrorEvent) Type() string { return string(EventError) }

// A CloseEvent is the last event of a connection (WHATWG "close"). With
// Options.Reconnect the Socket may open further connections, each of which ends
// with its own CloseEvent.
type CloseEvent struct {
	target

	// Code is the status code of the peer's close frame. It is 1005 if the frame had
	// none or, in versions 7 and 8, one that may not be sent, and 1006 if no close
	// frame came. In hixie-75, which has no close frames, it is 1005 if the peer ended
	// the connection between two messages. If this endpoint failed the connection, or
	// ended it with Drop, Code is the code that it sent to the peer, as in Faye and
	// WebSocket-Node.
	Code StatusCode

	// Reason is the reason that came with the code, or the rule that was broken.
	Reason string

	// WasClean reports whether the closing handshake was completed and everything that
	// Send accepted was written. If something was left, the error event says how much
	// (see ErrUnsent), unless there was an earlier error event or Drop was called.
	WasClean bool

	// WillReconnect reports whether the Socket is going to connect again because of
	// Options.Reconnect, and ReconnectIn is how long it will wait before that.
	WillReconnect bool
	ReconnectIn   time.Duration

	prevented bool
}

// PreventDefault prevents the Socket from connecting again.
func (e *CloseEvent) PreventDefault() { e.prevented = true }

// Type returns "close".
func (*CloseEvent) Type() string { return string(EventClose) }

// A CertificateErrorEvent reports that the certificate of a wss server could not be
// verified (AIR's certificateError). The connection fails with a [*TLSError] unless a
// handler calls PreventDefault. No request has been sent to the server yet.
//
// If the Socket has a handler or listener for this event, certificates are verified in
// the same way as by crypto/tls, but not by crypto/tls itself, so VerifiedChains in the
// tls.ConnectionState is empty.
type CertificateErrorEvent struct {
	target

	// Chain holds the certificates that the server sent, its own first.
	Chain []*x509.Certificate

	// Err says why verification failed: it is an x509.UnknownAuthorityError,
	// x509.HostnameError, x509.CertificateInvalidError and so on.
	Err error

	prevented bool
}

// Type returns "certificateError".
func (*CertificateErrorEvent) Type() string { return string(EventCertificateError) }

// PreventDefault accepts the certificate for this connection.
func (e *CertificateErrorEvent) PreventDefault() { e.prevented = true }

// DefaultPrevented reports whether PreventDefault was called.
func (e *CertificateErrorEvent) DefaultPrevented() bool { return e.prevented }

// A StatusCode says why a connection is closed (RFC 6455, section 7.4).
type StatusCode = wire.StatusCode

// Status codes of RFC 6455, section 7.4.1.
const (
	StatusNormalClosure      = wire.StatusNormalClosure
	StatusGoingAway          = wire.StatusGoingAway
	StatusProtocolError      = wire.StatusProtocolError
	StatusUnsupportedData    = wire.StatusUnsupportedData
	StatusNoStatusReceived   = wire.StatusNoStatusReceived
	StatusAbnormalClosure    = wire.StatusAbnormalClosure
	StatusInvalidPayload     = wire.StatusInvalidPayload
	StatusPolicyViolation    = wire.StatusPolicyViolation
	StatusMessageTooBig      = wire.StatusMessageTooBig
	StatusMandatoryExtension = wire.StatusMandatoryExtension
	StatusInternalError      = wire.StatusInternalError
)
