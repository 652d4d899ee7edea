package handshake

import (
	"errors"
	"io"
	"strings"
)

// An Error describes why a handshake failed.
//
// On a server, Status is the status to respond with, and Header holds additional
// fields for the response; see [Server.AppendReject]. On a client, Status is the
// status of the server's response (0 if there was none), Header holds its fields,
// and Body the start of its body, at most [MaxErrorBody] bytes.
type Error struct {
	Status int
	Reason string // the rule that was broken, in lower case
	Header Header
	Body   []byte
	Err    error // the rule, from this package or from the caller
}

// Error returns the Reason with the prefix "handshake: " or, if there is no Reason, the
// text of e.Err.
func (e *Error) Error() string {
	if e.Reason == "" && e.Err != nil {
		return e.Err.Error()
	}
	return "handshake: " + e.Reason
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// A rule is a rule of the handshake. A server responds with the status if a request
// breaks it.
type rule struct {
	status int
	reason string
}

func (r *rule) Error() string { return "handshake: " + r.reason }

// Rules that a request can break. A response can also break the rules up to
// ErrTooManyLines, except ErrHTTPVersion, and the rules ErrConnection, ErrDuplicate
// and ErrBadExtension.
var (
	ErrNotHTTP      error = &rule{400, "the received data is not HTTP"}
	ErrHTTPVersion  error = &rule{505, "the version of HTTP is not 1.1"}                              // RFC 6455, 4.2.1
	ErrLineEnd      error = &rule{400, "a line does not end in CR LF"}                                // RFC 9112, 2.2
	ErrControl      error = &rule{400, "the head contains a control character"}                       // RFC 9110, 5.5
	ErrFieldSyntax  error = &rule{400, "a header line is not a name, a colon and a value"}            // RFC 9112, 5
	ErrHeadTooLarge error = &rule{431, "the head is longer than this endpoint accepts"}               // RFC 6585, 5
	ErrTooManyLines error = &rule{431, "the head has more lines than this endpoint accepts"}          // RFC 6585, 5
	ErrNotUpgrade   error = &rule{426, "the request does not ask for a websocket"}                    // RFC 6455, 4.2.1
	ErrMethod       error = &rule{405, "the method is not GET"}                                       // RFC 6455, 4.1
	ErrTarget       error = &rule{400, "the request target is neither a path nor an http or ws URL"}  // RFC 6455, 4.2.1
	ErrHost         error = &rule{400, "the Host field is missing or invalid"}                        // RFC 6455, 4.2.1
	ErrConnection   error = &rule{400, "the Connection field does not contain upgrade"}               // RFC 6455, 4.1, 4.2.1
	ErrBody         error = &rule{400, "the request has a body"}                                      // RFC 9112, 6
	ErrDuplicate    error = &rule{400, "a header field that may occur only once is repeated"}         // RFC 6455, 11.3
	ErrVersion      error = &rule{426, "this version of the websocket protocol is not supported"}     // RFC 6455, 4.4
	ErrBadKey       error = &rule{400, "the key is not valid in this version of the protocol"}        // RFC 6455, 4.2.1; draft 76, 5.2
	ErrBadProtocol  error = &rule{400, "the subprotocols are not a list of distinct tokens"}          // RFC 6455, 4.1
	ErrBadExtension error = &rule{400, "the extensions are not a list of names and their parameters"} // RFC 6455, 9.1
)

// ErrFlashPolicyRequest is returned when the client has sent [FlashPolicyRequest].
// This is not a failure: respond with a [FlashPolicy] and close the connection.
var ErrFlashPolicyRequest error = &rule{400, "the client asks for a socket policy"}

// Rules that a response can break.
var (
	ErrStatus     error = &rule{0, "the server refused"}                                                    // RFC 6455, 4.1
	ErrUpgrade    error = &rule{0, "the response does not upgrade to websocket"}                            // RFC 6455, 4.1
	ErrBadAccept  error = &rule{0, "the server did not prove that it has read the key"}                     // RFC 6455, 4.1; draft 76, 4.1
	ErrOrigin     error = &rule{0, "the response names another origin"}                                     // drafts 75 and 76, 4.1
	ErrLocation   error = &rule{0, "the response names another location"}                                   // drafts 75 and 76, 4.1
	ErrNoProtocol error = &rule{0, "the server chose none of the subprotocols that the client asked for"}   // WHATWG WebSockets, 2.2
	ErrUnexpected error = unexpectedEnd{&rule{0, "the connection ended before the handshake was complete"}} // wraps io.ErrUnexpectedEOF
)

// Rules that the caller can break. A response can also break the first two.
var (
	ErrProtocolNotOffered  error = &rule{500, "the server chose a subprotocol that the client did not ask for"} // RFC 6455, 4.1, 4.2.2
	ErrExtensionNotOffered error = &rule{500, "the server chose an extension that the client did not offer"}    // RFC 6455, 4.1, 9.1
	ErrBadField            error = &rule{500, "a header field is invalid or reserved"}
	ErrNotDone             error = &rule{500, "the request is not complete yet"}
)

type unexpectedEnd struct{ *rule }

func (unexpectedEnd) Unwrap() error { return io.ErrUnexpectedEOF }

// refuse returns an Error for err, with the status of the rule that err wraps.
func refuse(err error) *Error {
	e := &Error{Err: err, Reason: strings.TrimPrefix(err.Error(), "handshake: ")}
	if r, ok := errors.AsType[*rule](err); ok {
		e.Status = r.status
	}
	return e
}
