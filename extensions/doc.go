// Package extensions negotiates extensions of the WebSocket protocol (RFC 6455,
// section 9) and implements two of them: permessage-deflate (RFC 7692) and the older
// deflate-stream.
//
// An [Extension] negotiates, and one value serves all connections of an endpoint. For
// each connection it returns a [Session], which does the work and holds the state:
//
//	client: Offers(list) --> request -->  server: Answer(list, offers)
//	client: Accept(list, answer) <-- response <--  the answer, and its sessions
//
// There are three kinds of sessions. A [wire.MessageExtension] changes whole messages
// and a [wire.FrameExtension] single frames, within a wire.Encoder and wire.Decoder;
// they mark what they have changed with reserved bits that they claim. A [Stream]
// changes all bytes after the handshake, below the frames. The first extension in the
// answer is the first to encode what is sent and the last to decode what is received.
//
// Two extensions that claim the same reserved bit exclude each other, and so do two
// that change the byte stream: a server does not choose both, and a client rejects an
// answer with both.
//
// The examples show how to write a message extension and a frame extension.
package extensions
