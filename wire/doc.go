// Package wire implements the framing of the WebSocket protocol: it turns bytes into
// events and events into bytes. It does no I/O and uses no clock and no goroutines.
// It implements both roles of every version that was deployed: hixie-75, hixie-76,
// hybi-06, hybi-07, hybi-08 to 12, and RFC 6455.
//
// A [Decoder] is fed the bytes received, in pieces of any size, and returns events:
//
//	dec.Feed(buf[:n])
//	for ev := range dec.Events() {
//		if r, ok := wire.Reply(ev); ok { // pong, answer to a close, close for a violation
//			out, err = enc.Append(out, r)
//		}
//		handle(ev)
//	}
//
// An [Encoder] turns an event into bytes to send.
//
// # The states of a Decoder
//
//	            a header, held back until        the rules of sections
//	            all of it has arrived            5.1 to 5.5, the limits
//	          +----+                                |
//	          v    |                                v
//	      +------------+    header is valid    +-----------+
//	 ---> |  inHeader  | --------------------> | inPayload | <--+ a piece of
//	Init  +------------+                       +-----------+ ---+ the payload
//	        |   ^                                |       |
//	        |   +--------------------------------+       |
//	        |     the frame is complete: a message, a    |
//	        |     part of one, a ping, a pong, nothing   |
//	        |                                            |
//	        | Fail: a rule is broken                     | Close: the peer's close frame
//	        |                                            | Fail: a rule is broken
//	        v                                            v
//	      +------------------------------------------------+   FeedEOF   +-------+
//	      |        closed: the input is discarded          | ----------> | ended |
//	      +------------------------------------------------+     End     +-------+
//
// FeedEOF also leads from the other states to ended. The End then has an Err, unless
// the version allows a connection to end there without a closing handshake.
//
// # How data flows
//
//	Feed(p) -> input -+-> small whole frame: unmasked in place --------------> Event.Data
//	                  |                                                            ^
//	                  +-> part of a frame or of a message: unmasked on the         |
//	                  |   way into a Buffer, which grows with what arrives  -------+
//	                  |                       ^                                    |
//	Space, Filled ----(---- the reader -------+                                    |
//	                  |                                                            |
//	                  +-> encoded by extensions: the whole frame or message, ------+
//	                      decoded into a Buffer, last extension first
//
// Text is checked as it arrives, or once the extensions have decoded it. Buffers come
// from the [Memory] of the [Config] and are returned to it when Next is called again,
// so the Data of an event is valid only until then.
//
// # Versions
//
// An internal interface covers the differences between versions, and each version
// implements it in a separate file: how a header is parsed and written, which frames
// exist, which status codes a close may carry and what the end of the byte stream
// means. Everything about how frames work together (fragments, control frames,
// limits, UTF-8, extensions) is implemented once.
package wire
