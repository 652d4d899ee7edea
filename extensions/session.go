package extensions

import (
	"github.com/airsocket/airsocket/extensions/internal/inflate"
	"github.com/airsocket/airsocket/wire"
)

// A direction holds the parameters that were negotiated for the messages of one
// endpoint.
type direction struct {
	bits     uint8
	takeover bool
}

// A deflateSession is permessage-deflate on one connection. Its two directions are
// used concurrently and share no mutable state.
type deflateSession struct {
	encoding *encoding
	sent     *inflate.Window // nil without context takeover, but for a message in parts
	received *inflate.Window // nil without context takeover
	bits     uint8           // window of the received messages
	takeover bool            // sent outlives a message in parts
}

func (x PermessageDeflate) session(send, receive direction) Session {
	e := encoding{level: min(x.Level, 9), bits: send.bits, threshold: max(x.Threshold, 0)}
	if e.level < 1 {
		e.level = DefaultLevel
	}
	if x.Threshold == 0 {
		e.threshold = DefaultThreshold
	}
	s := &deflateSession{encoding: e.shared(), bits: receive.bits, takeover: send.takeover}
	if send.takeover {
		s.sent = s.encoding.window()
	}
	if receive.takeover {
		s.received = inflate.NewWindow(1 << receive.bits)
	}
	return Session{Wire: s}
}

func (s *deflateSession) Claims() wire.RSV { return wire.RSV1 }

func (s *deflateSession) EncodeMessage(dst []byte, _ wire.Kind, p []byte) ([]byte, wire.RSV, error) {
	out, rsv := s.encoding.message(dst, s.sent, p)
	s.Prepared(p, rsv)
	return out, rsv, nil
}

// EncodePart compresses the parts of a message as one DEFLATE stream, which is flushed
// after each of them (RFC 7692, section 7.2.1). Between the parts it keeps a window, but
// no compressor. A message in parts is compressed whatever the threshold, because nobody
// knows its length at its beginning.
func (s *deflateSession) EncodePart(dst []byte, f wire.Frame, p []byte) ([]byte, wire.RSV, error) {
	if s.sent == nil {
		s.sent = s.encoding.window()
	}
	if len(p) > 0 || !f.More {
		dst = s.encoding.append(dst, s.sent, p)
		s.sent.Add(p)
	}
	if !f.More {
		dst = dst[:len(dst)-len(flushed)]
		if !s.takeover {
			s.sent = nil
		}
	}
	return dst, wire.RSV1, nil
}

// flushed is how data ends after a sync flush, and what is left out at the end of a
// message.
const flushed = "\x00\x00\xff\xff"

func (s *deflateSession) PrepareKey() any { return s.encoding }

func (s *deflateSession) PrepareMessage(dst []byte, _ wire.Kind, p []byte) ([]byte, wire.RSV, error) {
	out, rsv := s.encoding.message(dst, nil, p)
	return out, rsv, nil
}

func (s *deflateSession) Prepared(p []byte, rsv wire.RSV) {
	if rsv != 0 && s.sent != nil {
		s.sent.Add(p)
	}
}

// message appends p, compressed as RFC 7692, section 7.2.1 requires, or returns p
// itself if it is shorter than the threshold or compression does not make it
// shorter.
func (e *encoding) message(dst []byte, past *inflate.Window, p []byte) ([]byte, wire.RSV) {
	if len(p) < e.threshold {
		return p, 0
	}
	out := e.append(dst, past, p)
	out = out[:len(out)-len(flushed)]
	if len(out)-len(dst) >= len(p) && len(p) > 0 {
		return p, 0
	}
	return out, wire.RSV1
}

func (s *deflateSession) DecodeMessage(dst []byte, _ wire.Kind, _ wire.RSV, p []byte, limit int) ([]byte, error) {
	out, err := inflate.Append(dst, p, 1<<s.bits, s.received, limit)
	switch err {
	case nil:
		return out, nil
	case inflate.ErrTooLong:
		return nil, wire.ErrMessageTooBig
	}
	return nil, wire.ErrExtensionData
}
