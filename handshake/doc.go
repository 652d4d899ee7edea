// Package handshake implements the opening handshake of every version of the
// WebSocket protocol, for both roles. It does no I/O: a [Server] and a [Client] are
// fed the bytes received and append the bytes to send to a slice.
//
// The versions differ only in their header fields and proofs: hixie-75, hixie-76
// (which is hybi-00), hybi-06, hybi-07, hybi-08 (drafts 08 to 12), and hybi-13 (RFC
// 6455). A server detects which of them a client speaks. It also recognizes the
// socket policy request that Flash clients send first; see [FlashPolicyRequest].
//
// Nothing from the wire is trusted. The heads of requests and responses are parsed
// strictly according to RFC 9112, without the leniency that it allows: lines end in
// CR LF and are never folded, and there is no space before a colon. The number of
// bytes and lines of a head is limited.
package handshake
