package wire

import (
	"errors"
	"fmt"
)

// A StatusCode is the reason for closing a connection (RFC 6455, section 7.4).
type StatusCode uint16

// The status codes of RFC 6455, section 7.4.1, and of the IANA registry.
const (
	StatusNormalClosure      StatusCode = 1000
	StatusGoingAway          StatusCode = 1001
	StatusProtocolError      StatusCode = 1002
	StatusUnsupportedData    StatusCode = 1003
	StatusFrameTooLarge      StatusCode = 1004 // drafts 06 and 07 only; reserved since
	StatusNoStatusReceived   StatusCode = 1005 // never on the wire
	StatusAbnormalClosure    StatusCode = 1006 // never on the wire
	StatusInvalidPayload     StatusCode = 1007
	StatusPolicyViolation    StatusCode = 1008
	StatusMessageTooBig      StatusCode = 1009
	StatusMandatoryExtension StatusCode = 1010
	StatusInternalError      StatusCode = 1011
	StatusServiceRestart     StatusCode = 1012
	StatusTryAgainLater      StatusCode = 1013
	StatusBadGateway         StatusCode = 1014
	StatusTLSHandshake       StatusCode = 1015 // never on the wire
)

// Sendable reports whether c may be in a close frame: 1000 to 1003, 1007 to 1014
// and 3000 to 4999 (RFC 6455, section 7.4, and the IANA registry).
func (c StatusCode) Sendable() bool {
	return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
}

// A ProtocolError is a rule of the protocol that the peer broke. Each rule has one
// value, to be compared with [errors.Is].
type ProtocolError struct {
	Code   StatusCode // status code to close the connection with
	Reason string     // description of the violation, sent in the close frame: at most 123 bytes
}

// Error returns the Reason with the prefix "wire: ".
func (e *ProtocolError) Error() string { return "wire: " + e.Reason }

// The rules that a peer can break, each with its section in RFC 6455.
var (
	ErrReservedBits      = &ProtocolError{StatusProtocolError, "a reserved bit is set that no extension claims"}        // 5.2
	ErrUnknownOpcode     = &ProtocolError{StatusProtocolError, "unknown opcode"}                                        // 5.2
	ErrNotMasked         = &ProtocolError{StatusProtocolError, "a frame from a client is not masked"}                   // 5.1
	ErrMasked            = &ProtocolError{StatusProtocolError, "a frame from a server is masked"}                       // 5.1
	ErrLengthNotMinimal  = &ProtocolError{StatusProtocolError, "a length is not in its shortest form"}                  // 5.2
	ErrLengthOverflow    = &ProtocolError{StatusProtocolError, "the highest bit of a 64-bit length is set"}             // 5.2
	ErrControlTooLong    = &ProtocolError{StatusProtocolError, "a control frame is longer than 125 bytes"}              // 5.5
	ErrControlFragmented = &ProtocolError{StatusProtocolError, "a control frame is fragmented"}                         // 5.5
	ErrNothingToContinue = &ProtocolError{StatusProtocolError, "a continuation frame without a message to continue"}    // 5.4
	ErrMessageUnfinished = &ProtocolError{StatusProtocolError, "a new message within a fragmented message"}             // 5.4
	ErrClosePayload      = &ProtocolError{StatusProtocolError, "the payload of a close frame is one byte long"}         // 5.5.1
	ErrCloseCode         = &ProtocolError{StatusProtocolError, "a close frame has a status code that may not be sent"}  // 7.4
	ErrCloseReason       = &ProtocolError{StatusInvalidPayload, "the reason of a close frame is not valid UTF-8"}       // 5.5.1
	ErrInvalidUTF8       = &ProtocolError{StatusInvalidPayload, "a text message is not valid UTF-8"}                    // 8.1
	ErrFrameTooBig       = &ProtocolError{StatusMessageTooBig, "a frame is longer than this endpoint accepts"}          // 10.4
	ErrMessageTooBig     = &ProtocolError{StatusMessageTooBig, "a message is longer than this endpoint accepts"}        // 10.4
	ErrExtensionData     = &ProtocolError{StatusInvalidPayload, "an extension cannot decode a message"}                 // RFC 7692, 7.2.2
	ErrHixieFrameType    = &ProtocolError{StatusProtocolError, "a frame of a type that does not exist in this version"} // draft 76, 5.3
	ErrStreamData        = &ProtocolError{StatusProtocolError, "an extension cannot decode the byte stream"}            // draft 06, 9.2.1
)

// Errors returned by an [Encoder], which then has appended nothing.
var (
	// ErrCloseSent is returned for every event after a close, as no frame may
	// follow a close frame (RFC 6455, section 5.5.1).
	ErrCloseSent = errors.New("wire: a close has already been sent")
	// ErrUnsupported is returned for an event that does not exist in this version
	// of the protocol, for a part of a message if an extension has to encode whole
	// messages, and for an Event with Unencoded if an extension has to encode all.
	ErrUnsupported = errors.New("wire: the version or an extension does not support this event")
	// ErrTooBig is returned for a ping or pong of more than 125 bytes, and for
	// a close with a reason of more than 123 (RFC 6455, section 5.5).
	ErrTooBig = errors.New("wire: the payload is too long for a control frame")
	// ErrBadCode is returned for a status code that may not be in a close frame
	// (RFC 6455, section 7.4).
	ErrBadCode = errors.New("wire: the status code may not be sent")
	// ErrBadText is returned for text that is not valid UTF-8 (RFC 6455,
	// section 8.1).
	ErrBadText = errors.New("wire: text is not valid UTF-8")
	// ErrPartOrder is returned for another message between the parts of a
	// message, for a part that continues no message (RFC 6455, section 5.4), and for
	// parts of one message that differ in Unencoded.
	ErrPartOrder = errors.New("wire: begin a message before continuing it, and end it before the next")
)

// errPartEncoding says which of the rules of ErrPartOrder was broken.
var errPartEncoding = fmt.Errorf("%w: extensions must encode all parts of a message or none", ErrPartOrder)

// reason returns the reason for a close frame that reports err to the peer.
func reason(err error) string {
	if p, ok := errors.AsType[*ProtocolError](err); ok {
		return p.Reason
	}
	return ""
}
