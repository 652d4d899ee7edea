package wire

import "github.com/airsocket/airsocket/wire/internal/text"

// Append appends the frame or frames for ev to dst and returns the result. On an
// error it returns dst unchanged; the error is ErrCloseSent, ErrUnsupported,
// ErrTooBig, ErrBadCode, ErrBadText, ErrPartOrder or one from an extension. dst and
// ev.Data must not overlap.
//
// If ev.Cont or ev.More is set, ev is a part of a message and becomes one frame (RFC
// 6455, section 5.4). Until a part without More has ended the message, only parts
// of the same message and control frames can be appended. Parts are not split by
// Config.FragmentSize. A PartExtension encodes them, other MessageExtensions do not.
// Parts are unsupported in the hixie versions, and with a MessageExtension that claims no
// reserved bits and is no PartExtension, since such an extension has to encode every
// message.
//
// If ev.Unencoded is set, no extension encodes the message or part. This is unsupported
// with an extension that claims no reserved bits, whose receiver could not tell.
//
// A Close with StatusNoStatusReceived has an empty payload. A status code that does
// not exist in the version is replaced by the nearest one that does, unless ev is
// the [Reply] to a Close.
func (e *Encoder) Append(dst []byte, ev Event) ([]byte, error) {
	switch {
	case ev.Cont || ev.More:
		return e.appendPart(dst, ev)
	case (ev.Kind == Text || ev.Kind == Binary) && !ev.Unencoded:
		return e.AppendMessage(dst, ev.Kind, ev.Data)
	}
	return e.appendSlow(dst, ev)
}

// Unfinished returns the kind of the message whose last part has not been appended
// yet, or None.
func (e *Encoder) Unfinished() Kind { return e.unfinished }

func (e *Encoder) appendPart(dst []byte, ev Event) ([]byte, error) {
	f := framingOf(e.cfg.Version)
	switch {
	case e.closeSent:
		return dst, ErrCloseSent
	case ev.Kind != Text && ev.Kind != Binary, !f.supports(ev.Kind), !f.supports(continuation), !e.encodable(ev):
		return dst, ErrUnsupported
	case ev.Cont && ev.Kind != e.unfinished, !ev.Cont && e.unfinished != None:
		return dst, ErrPartOrder
	case ev.Cont && ev.Unencoded != e.unencoded:
		return dst, errPartEncoding
	}
	head := frame{op: ev.Kind, fin: !ev.More}
	state := text.Whole
	if ev.Cont {
		head.op, state = continuation, e.text
	}
	if ev.Kind == Text {
		if state = state.After(ev.Data); state == text.Invalid || !ev.More && state != text.Whole {
			return dst, ErrBadText
		}
	}
	p, rsv, b, err := e.encodedByMessage(ev)
	if err != nil {
		return dst, err
	}
	if head.rsv = rsv; ev.Cont {
		head.rsv = 0
	}
	out, err := e.appendCoded(dst, f, ev, head, p)
	e.giveBack(b)
	if err != nil {
		return dst, err
	}
	e.text, e.unfinished, e.unencoded = state, None, ev.Unencoded
	if ev.More {
		e.unfinished = ev.Kind
		e.fastLimit = -1
	} else {
		e.fastLimit = fastPathLimit(e.cfg, f, e.cfg.FragmentSize)
	}
	return out, nil
}

// encodable reports whether the extensions can encode ev, or leave it unencoded as it says.
func (e *Encoder) encodable(ev Event) bool {
	for _, x := range e.cfg.Extensions {
		if x.Claims() != 0 {
			continue
		}
		_, whole := x.(MessageExtension)
		_, parts := x.(PartExtension)
		if ev.Unencoded || whole && !parts && (ev.Cont || ev.More) {
			return false
		}
	}
	return true
}
