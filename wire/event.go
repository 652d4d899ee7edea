package wire

import "io"

// Kind says what an [Event] is. The kinds that exist as frames have the
// opcodes of RFC 6455, section 11.8, which are also the constants of AIR's
// WebSocket class (fmtTEXT, fmtBINARY, fmtCLOSE, fmtPING, fmtPONG).
type Kind uint8

const (
	None   Kind = 0  // no event: the decoder needs more bytes
	Text   Kind = 1  // a text message, valid UTF-8
	Binary Kind = 2  // a binary message
	Close  Kind = 8  // the closing handshake: Code, and the reason in Data
	Ping   Kind = 9  // a ping with its payload in Data
	Pong   Kind = 10 // a pong with its payload in Data

	// Fail and End are never on the wire.
	Fail Kind = 16 // the peer broke a rule: Err is or wraps a *ProtocolError, Code is its code
	End  Kind = 17 // the byte stream has ended: Code is 1006 unless that was to be expected
)

// An Event is one thing that a connection says, in either direction: what a
// [Decoder] found in the bytes, or what an [Encoder] shall make bytes of.
type Event struct {
	Kind Kind

	// Cont and More are both false for a whole message. A decoder that
	// delivers the parts of messages sets More on all parts but the last, and
	// Cont on all but the first (RFC 6455, section 5.4), and an encoder makes
	// them of what has these set.
	Cont, More bool

	echo bool // of a Close: Code is the peer's, which is sent back as it came

	// Code is the status code of a Close, Fail or End. A Close frame without
	// one has StatusNoStatusReceived.
	Code StatusCode

	// Data is a view of the decoder's memory or of what was fed, and valid
	// until the next event is asked for. An encoder copies what it needs of it.
	Data []byte

	// Err is the rule that a Fail broke, or why an End was not expected.
	Err error
}

// Reply is the event that an endpoint owes its peer for ev, if it owes one: a
// pong with the payload of the ping (RFC 6455, section 5.5.2), a close with the
// status code of the close (5.5.1), and for a violation a close that says so
// (7.1.7). It shares ev's Data.
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

// ErrUnexpectedEnd is the Err of an End that came before the closing handshake
// was done (RFC 6455, section 7.1.5: status code 1006).
var ErrUnexpectedEnd = unexpectedEnd{}

type unexpectedEnd struct{}

func (unexpectedEnd) Error() string { return "wire: the connection ended without a closing handshake" }
func (unexpectedEnd) Unwrap() error { return io.ErrUnexpectedEOF }
