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
// FeedEOF leads from the other states to ended, too. The End has an Err then, unless
// connections of the version may end without a closing handshake.
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
// Text is checked as it arrives, or after the extensions have decoded it. Buffers
// come from the [Memory] of the [Config] and go back to it when the next event is
// asked for, which ends the life of an event's Data.
//
// # Versions
//
// One internal interface covers what differs between versions, with a type and a file
// for each: how a header is parsed and written, which frames exist, which status
// codes a close may carry and what the end of the byte stream means. Everything
// about how frames work together (fragments, control frames, limits, UTF-8,
// extensions) exists once.
package wire
