// Package handshake implements the opening handshakes of every version of the
// protocol, for both roles. It does no I/O: a [Server] and a [Client] are fed the
// bytes received and append the bytes to send to a slice.
//
// The versions differ only in their header fields and proofs, and each has a file
// here: hixie-75 and -76 (which is hybi-00), hybi-06, -07, -08 (drafts 08 to 12) and
// -13 (RFC 6455). A server detects which of them a client speaks. It also recognizes
// the socket policy request that Flash clients send first; see [FlashPolicyRequest].
//
// Nothing from the wire is trusted. The heads of requests and responses are parsed
// as RFC 9112 requires, without the leniencies that it allows: lines end in CR LF
// and are never folded, and no space comes before a colon. The bytes and the lines
// of a head are limited.
package handshake
