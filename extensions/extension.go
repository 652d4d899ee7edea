package extensions

import "github.com/airsocket/airsocket/wire"

// An Extension is an extension that an endpoint supports (RFC 6455, section 9.1). It
// holds no state of connections; each [Session] holds its own. The methods of an
// Extension must be safe for concurrent use.
type Extension interface {
	// Name returns the name of the extension in Sec-WebSocket-Extensions.
	Name() string

	// Offer is called on a client. It returns the sets of parameters to offer,
	// in order of preference; each becomes an element of the header field. If
	// there are none, the extension is not offered.
	Offer() []Params

	// Accept is called on a client. It checks the parameters of the server's
	// answer and returns the session. If the parameters do not belong to an
	// offer, it must return an error, which fails the connection.
	Accept(answer Params) (Session, error)

	// Answer is called on a server for each offer of a client. It returns the
	// parameters to answer with and the session, or false to decline the offer.
	Answer(offer Params) (Params, Session, bool)
}

// A Session is an extension in use on one connection. Exactly one of the fields is
// set.
//
// airsocket decodes what arrives on a connection outside of the turns of handlers. Only as
// many connections with the extensions of this package do so at a time as there are
// processors. One with another extension never waits for that: it may block, which holds up
// nobody else, and has to limit itself how much memory all its sessions take.
type Session struct {
	Wire   wire.Extension // transforms messages or frames
	Stream Stream         // transforms the byte stream below the frames
}

// A Stream encodes and decodes all bytes of a connection that follow the opening
// handshake, each direction independently. Append may be called at the same time as
// Feed and Read.
type Stream interface {
	// Feed gives the Stream received bytes, which it may use until Read returns
	// 0, nil. Feed is not called again before that.
	Feed(p []byte)

	// Read decodes bytes of the inner stream into dst. It returns 0, nil once
	// everything that was fed has been decoded. The caller thus limits how much
	// decompressed data is in memory at once.
	Read(dst []byte) (int, error)

	// Append encodes the bytes p of the inner stream and appends the result to
	// dst, flushed, so that the receiver can decode all of p at once.
	Append(dst, p []byte) ([]byte, error)

	// Close releases the Stream's resources. It is called once, after all other
	// methods.
	Close()
}

// Params are the parameters of an offer or an answer, in order.
type Params []Param

// A Param is one parameter. An empty Value means that the parameter has no value, as
// empty values cannot be sent.
type Param struct{ Name, Value string }

// An Offer is an element of Sec-WebSocket-Extensions, in a request or a response.
type Offer struct {
	Name   string
	Params Params
}
