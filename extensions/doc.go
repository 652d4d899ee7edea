// Package extensions negotiates extensions of the WebSocket protocol (RFC 6455,
// section 9) and has two of them: permessage-deflate (RFC 7692) and the older
// deflate-stream.
//
// Negotiation and work are apart. An [Extension] is what an endpoint is ready
// to use; one value serves all its connections. For each connection it gives a
// [Session], which does the work and has what that connection remembers:
//
//	client: Offers(list) --> request -->  server: Answer(list, offers)
//	client: Accept(list, answer) <-- response <--  the answer, and its sessions
//
// A session works on one of three things. A [wire.MessageExtension] changes
// whole messages, and a [wire.FrameExtension] single frames, within a
// wire.Encoder and wire.Decoder; what they changed they mark by reserved bits
// that they claim. A [Stream] changes all bytes that follow the handshake,
// below the frames. The order of the answer is the order of the work: what is
// sent goes through the first extension first, what is received through the
// last one first.
//
// Two extensions that claim one reserved bit exclude each other, as do two that
// work on the byte stream: a server does not choose both, and a client refuses
// an answer that has both.
//
// The examples show a message extension and a frame extension of a user's own.
package extensions
