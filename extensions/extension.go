package extensions

import "github.com/airsocket/airsocket/wire"

// An Extension is an extension that an endpoint supports (RFC 6455, section 9.1). It
// has no state of a connection; that is in the [Session] it returns. Its methods must
// be safe for concurrent use.
type Extension interface {
	// Name returns the name of the extension in Sec-WebSocket-Extensions.
	Name() string

	// Offer returns what a client offers: sets of parameters in order of
	// preference, each of which is an element of the header field. If there are
	// none, the extension is not offered.
	Offer() []Params

	// Accept checks the parameters of a server's answer, on the client. It
	// must return an error, which fails the connection, if they do not belong
	// to an offer.
	Accept(answer Params) (Session, error)

	// Answer answers one offer of a client, on the server. It returns the
	// parameters to answer with and the session, or false to decline the offer.
	Answer(offer Params) (Params, Session, bool)
}

// A Session is an extension in use on one connection. Exactly one of the fields is set.
type Session struct {
	Wire   wire.Extension // changes messages or frames
	Stream Stream         // changes the byte stream below the frames
}

// A Stream encodes and decodes all bytes of a connection that follow the opening
// handshake, each direction independently. Append may be called at the same time as
// Feed and Read.
type Stream interface {
	// Feed gives the Stream received bytes, which it may use until Read returns
	// 0, nil. It is not called again before that.
	Feed(p []byte)

	// Read decodes bytes of the inner stream into dst. It returns 0, nil once
	// everything that was fed is decoded. So no more than dst is ever held of
	// what a peer compressed.
	Read(dst []byte) (int, error)

	// Append encodes the bytes p of the inner stream and appends the result to
	// dst, flushed, so that the receiver can decode all of p at once.
	Append(dst, p []byte) ([]byte, error)

	// Close releases the Stream's resources. It is called once, after all other
	// methods.
	Close()
}

// Params are the parameters of an offer or an answer, in their order.
type Params []Param

// A Param is one parameter. An empty Value means that the parameter has none, as an
// empty value cannot be sent.
type Param struct{ Name, Value string }

// An Offer is an element of Sec-WebSocket-Extensions, in a request or a response.
type Offer struct {
	Name   string
	Params Params
}
