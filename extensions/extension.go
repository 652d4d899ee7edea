package extensions

import "github.com/airsocket/airsocket/wire"

// An Extension is one that an endpoint is ready to use (RFC 6455, section 9.1).
// It keeps nothing of a connection: what it negotiates for one is a [Session].
// Its methods are called from any goroutine.
type Extension interface {
	// Name is the token that names it in Sec-WebSocket-Extensions.
	Name() string

	// Offer is what a client offers: the sets of parameters in order of
	// preference, each an element of the header field. None: not offered.
	Offer() []Params

	// Accept takes the parameters of a server's answer, on the client. An
	// error fails the connection, as it must for an answer that does not
	// belong to what was offered.
	Accept(answer Params) (Session, error)

	// Answer takes one offer of a client, on the server, and returns the
	// parameters to answer with and the session. False declines the offer.
	Answer(offer Params) (Params, Session, bool)
}

// A Session is an extension at work on one connection. Exactly one of the two is set.
type Session struct {
	Wire   wire.Extension // works on messages or frames
	Stream Stream         // works on the byte stream below the frames
}

// A Stream works on all bytes of a connection that follow the opening
// handshake, each direction by itself. Feed and Read belong to the goroutine
// that reads, Append to the holder of the lock of what is sent; the two may
// happen at the same time.
type Stream interface {
	// Feed lends bytes that were received, until Read has returned 0, nil.
	Feed(p []byte)

	// Read fills dst with bytes of the inner stream. It returns 0, nil when
	// all that was fed is used up, so that a bomb is never held as a whole.
	Read(dst []byte) (int, error)

	// Append appends to dst what is to be sent for the bytes p of the inner
	// stream, so that the receiver can read all of them at once.
	Append(dst, p []byte) ([]byte, error)

	// Close frees what the Stream holds. It is called once, when nothing else
	// will be.
	Close()
}

// Params are the parameters of an offer or an answer, in their order.
type Params []Param

// Param is one parameter. A parameter without a value is not the same as one
// with an empty value; an empty value cannot be on the wire.
type Param struct{ Name, Value string }

// An Offer is an element of Sec-WebSocket-Extensions, in a request or a response.
type Offer struct {
	Name   string
	Params Params
}
