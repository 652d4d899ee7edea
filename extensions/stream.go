package extensions

import (
	"fmt"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
	"github.com/airsocket/airsocket/wire"
)

// DeflateStream is the extension deflate-stream (drafts 06 to 10 of the hybi
// protocol, section 9.2.1; AS3WebSocket's enableDeflateStream) for both roles. In
// each direction all bytes after the handshake are one raw DEFLATE stream.
//
// Received data may refer back 32 KiB and may be flushed in any way. A connection
// keeps a window of the received data, which grows with the traffic, and one of the
// sent data: at most 33 KiB in all by default.
type DeflateStream struct {
	// WindowBits limits how far sent data may refer back to 1<<WindowBits bytes.
	// It is 8 to 15. Zero means 8, the only size that all peers of that time
	// support: AS3WebSocket and some revisions of libwebsockets keep 256 bytes.
	WindowBits int
}

// Name returns "deflate-stream".
func (DeflateStream) Name() string { return "deflate-stream" }

// Offer returns one offer without parameters.
func (DeflateStream) Offer() []Params { return []Params{nil} }

// Accept accepts an answer without parameters. The error wraps [ErrParams].
func (x DeflateStream) Accept(answer Params) (Session, error) {
	if len(answer) > 0 {
		return Session{}, fmt.Errorf("%w: deflate-stream has no parameters", ErrParams)
	}
	return x.session(), nil
}

// Answer accepts an offer without parameters.
func (x DeflateStream) Answer(offer Params) (Params, Session, bool) {
	if len(offer) > 0 {
		return nil, Session{}, false
	}
	return nil, x.session(), true
}

func (x DeflateStream) session() Session {
	e := encoding{level: DefaultLevel, bits: uint8(min(max(x.WindowBits, 8), 15))}.shared()
	d := &deflateStream{encoding: e, sent: *e.window()}
	d.received.Init(inflate.MaxWindow)
	return Session{Stream: d}
}

// A deflateStream is deflate-stream on one connection. Its two directions share no
// mutable state.
type deflateStream struct {
	encoding *encoding
	sent     inflate.Window
	received inflate.Stream
}

func (s *deflateStream) Append(dst, p []byte) ([]byte, error) {
	dst = s.encoding.append(dst, &s.sent, p)
	s.sent.Add(p)
	return dst, nil
}

func (s *deflateStream) Feed(p []byte) { s.received.Feed(p) }

func (s *deflateStream) Read(dst []byte) (int, error) {
	n, err := s.received.Read(dst)
	if err != nil {
		return n, wire.ErrStreamData
	}
	return n, nil
}

func (s *deflateStream) Close() { s.received.Close() }
