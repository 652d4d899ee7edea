// Package handshake does the opening handshakes of every version of the
// protocol, for both roles, without doing any input or output itself: a
// [Server] and a [Client] are fed the bytes that came and append the bytes to
// be sent to a slice.
//
// The versions differ in their headers and proofs only, and each of these is a
// file here: hixie-75 and -76 (which is hybi-00), hybi-06, -07, -08 (drafts 08
// to 12) and -13 (RFC 6455). A server finds out by itself which of them a
// client speaks. It also knows the socket policy request that Flash clients
// send first, see [PolicyRequest].
//
// Nothing that comes from the wire is trusted. The heads of requests and
// responses are parsed as RFC 9112 has it, without its leniencies: lines end
// in CR LF, are never folded, and no space stands before a colon. A head has a
// bound on its bytes and its lines.
package handshake
