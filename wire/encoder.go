package wire

import (
	"encoding/binary"

	"github.com/airsocket/airsocket/wire/internal/mask"
	"github.com/airsocket/airsocket/wire/internal/text"
)

// An Encoder turns events into the bytes that an endpoint sends. Call [Encoder.Init]
// before using it. It is not safe for concurrent use.
type Encoder struct {
	cfg        *Config
	fastLimit  int32 // see fastPathLimit
	closeSent  bool
	unfinished Kind       // see Unfinished
	text       text.State // of an unfinished text
	unencoded  bool       // the unfinished message is
}

// Init prepares e for a new connection. It keeps cfg, which must not be changed
// while e is in use.
func (e *Encoder) Init(cfg *Config) {
	*e = Encoder{cfg: cfg, fastLimit: fastPathLimit(cfg, framingOf(cfg.Version), cfg.FragmentSize)}
}

// Config returns the Config that was passed to Init, or nil before Init.
func (e *Encoder) Config() *Config { return e.cfg }

// CloseSent reports whether a close has been appended.
func (e *Encoder) CloseSent() bool { return e.closeSent }

// Can reports whether an Encoder for version v supports events of kind k: text in all
// versions, close since hixie-76, and binary, ping and pong since hybi-06.
func (v Version) Can(k Kind) bool { return k != None && framingOf(v).supports(k) }

// appendSlow appends an event that does not take the fast path. It is not inlined so
// that AppendMessage needs less stack.
//
//go:noinline
func (e *Encoder) appendSlow(dst []byte, ev Event) ([]byte, error) {
	dst, rest, err := e.AppendHeader(dst, ev)
	return append(dst, rest...), err
}

// AppendHeader is like Append, but avoids copying a payload that is sent unchanged at
// the end of a single frame, as servers do from hybi-06 on unless an extension encodes
// it. In that case rest is ev.Data, to be sent after out; otherwise rest is nil. ev
// must not be a part of a message.
func (e *Encoder) AppendHeader(dst []byte, ev Event) (out, rest []byte, err error) {
	f := framingOf(e.cfg.Version)
	switch {
	case e.closeSent:
		return dst, nil, ErrCloseSent
	case ev.Kind == None || ev.Cont || ev.More || !f.supports(ev.Kind):
		return dst, nil, ErrUnsupported
	case ev.Kind < Close && e.unfinished != None:
		return dst, nil, ErrPartOrder
	case ev.Kind == Close:
		out, err = e.appendClose(dst, f, ev)
		return out, nil, err
	case ev.Kind == Text && !text.Valid(ev.Data):
		return dst, nil, ErrBadText
	case ev.Kind > Close && len(ev.Data) > maxControl:
		return dst, nil, ErrTooBig
	case ev.Kind < Close && ev.Unencoded && !e.encodable(ev):
		return dst, nil, ErrUnsupported
	case ev.Kind < Close && len(e.cfg.Extensions) > 0:
		out, err = e.appendEncoded(dst, f, ev)
		return out, nil, err
	}
	if ev.Kind < Close && e.splits(f, len(ev.Data)) {
		out, err = e.appendMessage(dst, f, ev, 0, ev.Data)
		return out, nil, err
	}
	head := frame{op: ev.Kind, fin: true, left: uint64(len(ev.Data))}
	if e.cfg.Role == Client {
		return e.appendFrame(dst, f, head, ev.Data), nil, nil
	}
	dst, _ = f.appendHeader(dst, Server, head)
	if trailer := f.trailer(ev.Kind); trailer != "" {
		return append(append(dst, ev.Data...), trailer...), nil, nil
	}
	return dst, ev.Data, nil
}

// AppendEncoded appends the frames of a text or binary message whose payload,
// ev.Data, the message extensions have encoded already, with the reserved bits that
// they returned. It does not check text. It returns the same errors as Append.
func (e *Encoder) AppendEncoded(dst []byte, ev Event, rsv RSV) ([]byte, error) {
	f := framingOf(e.cfg.Version)
	switch {
	case e.closeSent:
		return dst, ErrCloseSent
	case ev.Kind != Text && ev.Kind != Binary || ev.Cont || ev.More || !f.supports(ev.Kind):
		return dst, ErrUnsupported
	case e.unfinished != None:
		return dst, ErrPartOrder
	}
	return e.appendMessage(dst, f, ev, rsv, ev.Data)
}

// splits reports whether a payload of n bytes is sent in more than one frame.
func (e *Encoder) splits(f framing, n int) bool {
	return e.cfg.FragmentSize > 0 && n > e.cfg.FragmentSize && f.supports(continuation)
}

// appendMessage appends the frames of the message ev, which has the payload p after
// encoding (RFC 6455, section 5.4).
func (e *Encoder) appendMessage(dst []byte, f framing, ev Event, rsv RSV, p []byte) ([]byte, error) {
	start := len(dst)
	head := frame{op: ev.Kind, rsv: rsv}
	for {
		n := len(p)
		if e.splits(f, n) {
			n = e.cfg.FragmentSize
		}
		head.left, head.fin = uint64(n), n == len(p)
		var err error
		if dst, err = e.appendCoded(dst, f, ev, head, p[:n]); err != nil {
			return dst[:start], err
		}
		if head.fin {
			return dst, nil
		}
		p = p[n:]
		head.op, head.rsv = continuation, 0
	}
}

// appendFrame appends one frame without calling extensions.
func (e *Encoder) appendFrame(dst []byte, f framing, head frame, p []byte) []byte {
	if e.cfg.Role == Client {
		head.key = e.maskKey()
	}
	dst, key := f.appendHeader(dst, e.cfg.Role, head)
	return append(mask.Append(dst, p, key), f.trailer(head.op)...)
}

// appendClose appends a close frame (RFC 6455, section 5.5.1).
func (e *Encoder) appendClose(dst []byte, f framing, ev Event) ([]byte, error) {
	empty := ev.Code == StatusNoStatusReceived
	switch {
	case !empty && !ev.Code.Sendable() && !f.accepts(ev.Code), empty && len(ev.Data) > 0:
		return dst, ErrBadCode
	case len(ev.Data) > maxControl-2:
		return dst, ErrTooBig
	case !text.Valid(ev.Data):
		return dst, ErrBadText
	}
	head := frame{op: Close, fin: true}
	code := f.mapCode(ev.Code)
	if ev.echo && code != StatusNoStatusReceived {
		code = ev.Code // the peer sent this code, so it knows the meaning
	}
	if code != StatusNoStatusReceived {
		head.left = uint64(2 + len(ev.Data))
	}
	if e.cfg.Role == Client {
		head.key = e.maskKey()
	}
	dst, key := f.appendHeader(dst, e.cfg.Role, head)
	if head.left > 0 {
		b := [2]byte{}
		binary.BigEndian.PutUint16(b[:], uint16(code))
		dst = mask.Append(mask.Append(dst, b[:], key), ev.Data, mask.Rotate(key, 2))
	}
	e.closeSent = true
	return append(dst, f.trailer(Close)...), nil
}

// maskKey returns the key of the next frame (RFC 6455, section 5.3).
func (e *Encoder) maskKey() uint32 {
	if e.cfg.MaskKey == nil {
		return 0
	}
	key := e.cfg.MaskKey()
	return binary.LittleEndian.Uint32(key[:])
}
