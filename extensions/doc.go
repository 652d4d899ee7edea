// Package extensions negotiates extensions of the WebSocket protocol (RFC 6455,
// section 9) and implements two of them: permessage-deflate (RFC 7692) and the older
// deflate-stream.
//
// An [Extension] negotiates for all connections of an endpoint. For each connection
// it returns a [Session], which encodes and decodes, and holds the connection's
// state:
//
//	client: Offers(list) --> request -->  server: Answer(list, offers)
//	client: Accept(list, answer) <-- response <--  the answer, and its sessions
//
// There are three kinds of sessions. A [wire.MessageExtension] transforms whole
// messages, one that is a [wire.PartExtension] also those that are sent in parts, and a
// [wire.FrameExtension] single frames. They are called by a
// wire.Encoder and a wire.Decoder, and mark what they have encoded with reserved
// bits. A [Stream] transforms all bytes after the handshake, below the frames. The
// first extension in the answer is the first to encode and the last to decode.
//
// Two extensions that claim the same reserved bit exclude each other, and so do two
// that transform the byte stream: a server never chooses both, and a client rejects
// an answer with both.
//
// The examples show how to write a message extension and a frame extension.
package extensions
