package extensions

import "github.com/airsocket/airsocket/wire"

// A Preparer is a MessageExtension that can encode a message once for many
// connections: for all sessions with the same PrepareKey, and without using their
// state.
//
// To send a message p to several connections, group their sessions by PrepareKey. For
// each group, call PrepareMessage on one session, send the result on all connections,
// and call Prepared on each session. Connections with more than one message extension
// cannot share the result.
type Preparer interface {
	wire.MessageExtension

	// PrepareKey returns a comparable value. Sessions with equal keys encode a
	// prepared message to the same bytes.
	PrepareKey() any

	// PrepareMessage is like EncodeMessage but neither uses nor changes the
	// state of the session. It is safe for concurrent use.
	PrepareMessage(dst []byte, kind wire.Kind, p []byte) ([]byte, wire.RSV, error)

	// Prepared tells the session that the message p is sent as PrepareMessage
	// encoded it, with the returned bits rsv. Calls must be in the order in
	// which messages are sent, and not concurrent with EncodeMessage.
	Prepared(p []byte, rsv wire.RSV)
}
