// Package wire is the framing of WebSocket connections: bytes in, events out,
// and back. It does no I/O and knows no clock and no goroutines. It has both
// roles of every version that was deployed: hixie-75, hixie-76, hybi-06,
// hybi-07, hybi-08 to 12, and RFC 6455.
//
// A [Decoder] is fed what was received, in any pieces, and yields events:
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
//	            all of it has come               5.1 to 5.5, the limits
//	          +----+                                |
//	          v    |                                v
//	      +------------+   header read, fine   +-----------+
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
//	      |        closed: the input is dropped            | ----------> | ended |
//	      +------------------------------------------------+     End     +-------+
//
// FeedEOF leads from the other states to ended too; the End has an error then,
// unless the version is used to ends without a closing handshake.
//
// # The way of a piece of data
//
//	Feed(p) -> input -+-> small whole frame: unmasked where it is -----------> Event.Data
//	                  |                                                            ^
//	                  +-> part of a frame or of a message: unmasked on the         |
//	                  |   way into a Buffer, which grows with what arrives  -------+
//	                  |                       ^                                    |
//	Space, Filled ----(---- the reader -------+                                    |
//	                  |                                                            |
//	                  +-> an extension's: the whole frame or message, decoded -----+
//	                      into a Buffer, last extension first
//
// Text is checked as it arrives, or after the extensions. Buffers come from the
// [Memory] of the [Config] and go back when the next event is asked for: an
// event's data lives no longer than that.
//
// # Versions
//
// What versions say differently is behind one internal interface, with a type
// and a file for each: how a header is read and written, which frames there
// are, which status codes a close may have and what the end of the byte stream
// means. What frames mean together (fragments, control frames, limits, UTF-8,
// extensions) is written once.
package wire
