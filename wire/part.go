package wire

import "github.com/airsocket/airsocket/wire/internal/text"

// Append appends the frame or frames that say ev, to dst. On an error, which is one
// of ErrCloseSent, ErrUnsupported, ErrTooBig, ErrBadCode, ErrBadText, ErrPartOrder or
// an extension's, dst is returned as it was. dst and ev.Data may not overlap.
//
// An ev with More is one frame of a message whose other parts follow, and one with
// Cont such a part (RFC 6455, section 5.4). Until the part without More nothing but
// parts of the same message and control frames can be appended. Parts are not split
// by Config.FragmentSize, and no MessageExtension works on them: with one that has
// to see every message, as it claims no reserved bits, and in hixie, there are none.
//
// A Close with StatusNoStatusReceived has an empty payload. A status code that
// the version does not have is replaced by the nearest one that it has, unless
// ev is the [Reply] to a Close.
func (e *Encoder) Append(dst []byte, ev Event) ([]byte, error) {
	switch {
	case ev.Cont || ev.More:
		return e.appendPart(dst, ev)
	case ev.Kind == Text || ev.Kind == Binary:
		return e.AppendMessage(dst, ev.Kind, ev.Data)
	}
	return e.appendLong(dst, ev)
}

// Unfinished returns the kind of the message of which a part has been appended and
// the last one has not, or None.
func (e *Encoder) Unfinished() Kind { return e.unfinished }

func (e *Encoder) appendPart(dst []byte, ev Event) ([]byte, error) {
	f := framingOf(e.cfg.Version)
	switch {
	case e.closeSent:
		return dst, ErrCloseSent
	case ev.Kind != Text && ev.Kind != Binary, !f.has(ev.Kind), !f.has(continuation), e.needsWhole():
		return dst, ErrUnsupported
	case ev.Cont && ev.Kind != e.unfinished, !ev.Cont && e.unfinished != None:
		return dst, ErrPartOrder
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
	out, err := e.appendCoded(dst, f, ev.Kind, head, ev.Data)
	if err != nil {
		return dst, err
	}
	e.text, e.unfinished = state, None
	if ev.More {
		e.unfinished = ev.Kind
		e.quick = -1
	} else {
		e.quick = quickLimit(e.cfg, f, e.cfg.FragmentSize)
	}
	return out, nil
}

// needsWhole reports whether an extension has to see every message as a whole.
func (e *Encoder) needsWhole() bool {
	for _, x := range e.cfg.Extensions {
		if m, ok := x.(MessageExtension); ok && m.Claims() == 0 {
			return true
		}
	}
	return false
}
