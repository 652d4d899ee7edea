package extensions

import "github.com/airsocket/airsocket/wire"

// A Preparer is a MessageExtension whose work on a message can be shared by
// many connections: it is done once, without what one connection remembers, and
// the result sent to all whose PrepareKey is the same.
//
// To send the message p: take the key k of each session, make the bytes for k
// once with PrepareMessage of any session that has it, put them on each
// connection, and tell each session so with Prepared. A connection that has
// more than one message extension encodes for itself.
type Preparer interface {
	wire.MessageExtension

	// PrepareKey is comparable. Sessions with equal keys make the same bytes.
	PrepareKey() any

	// PrepareMessage is EncodeMessage without regard to earlier messages, and
	// without this one becoming part of what a session remembers. It can be
	// called at any time from any goroutine.
	PrepareMessage(dst []byte, kind wire.Kind, p []byte) ([]byte, wire.RSV, error)

	// Prepared takes note, under the lock of what is sent, that the message p
	// goes out as PrepareMessage made it, with the bits that it returned.
	Prepared(p []byte, rsv wire.RSV)
}
