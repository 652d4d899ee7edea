package extensions

import (
	"fmt"

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
	return Session{Stream: &deflateStream{
		encoding: e,
		sent:     *e.window(),
		received: window{size: 1 << 15},
	}}
}

// deflateStream is deflate-stream on one connection. The two directions share
// nothing that changes.
type deflateStream struct {
	encoding *encoding
	sent     window

	received window
	inflater *inflater // only while a block is unfinished
	in       []byte    // lent, if there is no inflater
	bits     uint8     // read, but not yet used, if there is no inflater
	nbits    uint8
	corrupt  bool
}

func (s *deflateStream) Append(dst, p []byte) ([]byte, error) {
	dst = s.encoding.append(dst, &s.sent, p)
	s.sent.add(p)
	return dst, nil
}

func (s *deflateStream) Feed(p []byte) {
	if s.inflater != nil {
		s.inflater.in = p
	} else {
		s.in = p
	}
}

func (s *deflateStream) Read(dst []byte) (int, error) {
	if s.corrupt {
		return 0, wire.ErrStreamData
	}
	if s.inflater == nil {
		if len(s.in) == 0 {
			return 0, nil
		}
		s.resume()
	}
	n, st := s.inflater.run(dst, 0)
	s.received.add(dst[:n])
	switch {
	case st == corrupt:
		s.corrupt = true
		s.Close()
		if n == 0 {
			return 0, wire.ErrStreamData
		}
	case st == dry && s.inflater.step == atBlock:
		s.pause()
	}
	return n, nil
}

// resume borrows an inflater, and pause gives it back between two blocks. A
// peer that has flushed is there, so that an idle connection has none.
func (s *deflateStream) resume() {
	z := getInflater(s.received.size, &s.received)
	z.in, z.bits, z.nbits = s.in, uint64(s.bits), uint(s.nbits)
	s.inflater, s.in = z, nil
}

func (s *deflateStream) pause() {
	z := s.inflater
	s.nbits = uint8(z.nbits)
	s.bits = uint8(z.take(z.nbits))
	s.Close()
}

func (s *deflateStream) Close() {
	if s.inflater != nil {
		s.inflater.free()
		s.inflater = nil
	}
}
