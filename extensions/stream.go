package extensions

import (
	"fmt"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
	"github.com/airsocket/airsocket/wire"
)

// DeflateStream is the extension deflate-stream (draft 06 to 10 of the hybi
// protocol, section 9.2.1; AS3WebSocket's enableDeflateStream) for either role:
// in each direction all bytes after the handshake are one raw DEFLATE stream.
//
// What is received may refer back 32 KiB and end its pieces with any flush. A
// connection keeps that window, which grows with what has arrived, and of what
// it sends 256 bytes: at most 33 KiB altogether.
type DeflateStream struct {
	// WindowBits is the window of what is sent, 8 to 15. Zero is 8, the only
	// size that all peers of that time can read: AS3WebSocket and some
	// revisions of libwebsockets keep 256 bytes.
	WindowBits int
}

// Name is "deflate-stream".
func (DeflateStream) Name() string { return "deflate-stream" }

// Offer is one offer without parameters.
func (DeflateStream) Offer() []Params { return []Params{nil} }

// Accept takes an answer without parameters. The error wraps [ErrParams].
func (x DeflateStream) Accept(answer Params) (Session, error) {
	if len(answer) > 0 {
		return Session{}, fmt.Errorf("%w: it has none", ErrParams)
	}
	return x.session(), nil
}

// Answer takes an offer without parameters.
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

// deflateStream is deflate-stream on one connection. The two directions share
// nothing that changes.
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
