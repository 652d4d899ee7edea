package recorded

import (
	"bytes"

	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// messages joins the fragments of messages, with the key of the first fragment.
// whole reports whether there were no fragments, and no frames that a Socket
// never sends.
func messages(frames []frame) (all []frame, whole bool) {
	whole = true
	var open frame
	for _, f := range frames {
		switch {
		case f.discarded:
			whole = false
		case f.kind != wire.Text && f.kind != wire.Binary || f.first && f.final:
			all = append(all, f)
		default:
			whole = false
			if f.first {
				open = f
			} else {
				open.data = append(bytes.Clone(open.data), f.data...)
			}
			if open.final = f.final; f.final {
				open.size, open.sum = len(open.data), sumOf(open.data)
				all = append(all, open)
			}
		}
	}
	return all, whole
}

// payload returns the payload of f, which for a close is the code and the
// reason.
func (f frame) payload() []byte {
	if f.kind == wire.Close && f.code != int(wire.StatusNoStatusReceived) {
		return []byte(wstest.ClosePayload(f.code, string(f.data)))
	}
	return f.data
}

// appendFrame appends f as an endpoint of version v sends it.
func (f frame) appendFrame(dst []byte, v wire.Version, client bool) []byte {
	payload := f.payload()
	switch {
	case f.kind == wire.Close && v == wire.Hixie75:
		return dst // hixie-75 has no close frame
	case f.kind == wire.Close && v == wire.Hixie76:
		return append(dst, 0xFF, 0)
	case v <= wire.Hixie76:
		return append(append(append(dst, 0), payload...), 0xFF)
	}
	if v > wire.Hybi06 {
		b := wstest.Frame(false, 0x80|byte(f.kind), string(payload))
		if client {
			head := len(b) - len(payload)
			b[1] |= 0x80
			b = append(append(b[:head:head], f.key[:]...), masked(payload, f.key)...)
		}
		return append(dst, b...)
	}
	first := map[wire.Kind]byte{wire.Close: 0x81, wire.Ping: 0x82, wire.Pong: 0x83, wire.Text: 0x84, wire.Binary: 0x85}[f.kind]
	b := wstest.Frame(false, first, string(payload))
	if !client {
		return append(dst, b...)
	}
	return append(append(dst, f.key[:]...), masked(b, f.key)...)
}

// keyIn returns the masking key in b, which is a frame of the same length as f,
// from a client of version v.
func (f frame) keyIn(b []byte, v wire.Version) (key [4]byte) {
	switch {
	case v > wire.Hybi06:
		b = b[len(b)-len(f.payload())-len(key):]
	case v < wire.Hybi06:
		return key // the hixie versions have none
	}
	copy(key[:], b)
	return key
}

func masked(p []byte, key [4]byte) []byte {
	p = bytes.Clone(p)
	for i := range p {
		p[i] ^= key[i%4]
	}
	return p
}
