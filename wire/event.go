package wire

import "io"

// A Kind is the kind of an [Event]. The kinds that are frames have the same values as
// the opcodes of RFC 6455, section 11.8, and as the constants of AIR's WebSocket
// class (fmtTEXT, fmtBINARY, fmtCLOSE, fmtPING, fmtPONG).
type Kind uint8

const (
	None   Kind = 0  // no event: the Decoder needs more bytes
	Text   Kind = 1  // a text message, valid UTF-8
	Binary Kind = 2  // a binary message
	Close  Kind = 8  // the closing handshake, with Code and the reason in Data
	Ping   Kind = 9  // a ping with its payload in Data
	Pong   Kind = 10 // a pong with its payload in Data

	// Fail and End are never on the wire.
	Fail Kind = 16 // the peer broke a rule: Err is or wraps a *ProtocolError, and Code is its Code
	End  Kind = 17 // the byte stream has ended: Code is 1006 unless the end was expected
)

// An Event is a message, a part of a message, a control frame, a violation of the
// protocol, or the end of the byte stream. A [Decoder] turns received bytes into
// events, and an [Encoder] turns events into bytes to send.
type Event struct {
	Kind Kind

	// Cont means that the event continues a message, and More that more parts
	// of the message follow (RFC 6455, section 5.4). Both are false for a
	// whole message. In a message of several parts, Cont is set on all but the
	// first and More on all but the last.
	Cont, More bool

	// Unencoded makes an Encoder send a message or a part without letting extensions
	// encode it. It is the same for all parts of a message. A Decoder does not set it.
	Unencoded bool

	echo bool // a Close whose Code is the peer's and is sent back unchanged

	// Code is the status code of a Close, Fail or End. For a close frame
	// without one it is StatusNoStatusReceived.
	Code StatusCode

	// Data is the payload. In an event from a Decoder it points into the
	// Decoder's memory or into the bytes that were fed, and is valid until the
	// next call of Next. An Encoder does not retain it.
	Data []byte

	// Err is the rule that the peer broke in a Fail, and ErrUnexpectedEnd in an
	// End that was not expected.
	Err error
}

// Reply returns the event that an endpoint must send in answer to ev, and whether
// there is one: for a ping a pong with the same payload (RFC 6455, section 5.5.2),
// for a close a close with the same status code (5.5.1), and for a Fail a close
// that names the rule (7.1.7). The reply to a ping or a close shares ev's Data.
func Reply(ev Event) (Event, bool) {
	switch ev.Kind {
	case Ping:
		return Event{Kind: Pong, Data: ev.Data}, true
	case Close:
		return Event{Kind: Close, Code: ev.Code, Data: ev.Data, echo: true}, true
	case Fail:
		return Event{Kind: Close, Code: ev.Code, Data: []byte(reason(ev.Err))}, true
	}
	return Event{}, false
}

// ErrUnexpectedEnd is the Err of an End that came before the closing handshake was
// complete (RFC 6455, section 7.1.5: status code 1006). It wraps
// io.ErrUnexpectedEOF.
var ErrUnexpectedEnd = unexpectedEnd{}

type unexpectedEnd struct{}

func (unexpectedEnd) Error() string { return "wire: the connection ended without a closing handshake" }
func (unexpectedEnd) Unwrap() error { return io.ErrUnexpectedEOF }
