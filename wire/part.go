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
// Config.FragmentSize and not encoded by a MessageExtension. They are unsupported in
// the hixie versions, and with a MessageExtension that claims no reserved bits, since
// such an extension has to encode every message.
//
// A Close with StatusNoStatusReceived has an empty payload. A status code that does
// not exist in the version is replaced by the nearest one that does, unless ev is
// the [Reply] to a Close.
func (e *Encoder) Append(dst []byte, ev Event) ([]byte, error) {
	switch {
	case ev.Cont || ev.More:
		return e.appendPart(dst, ev)
	case ev.Kind == Text || ev.Kind == Binary:
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
	case ev.Kind != Text && ev.Kind != Binary, !f.supports(ev.Kind), !f.supports(continuation), e.needsWhole():
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
		e.fastLimit = -1
	} else {
		e.fastLimit = fastPathLimit(e.cfg, f, e.cfg.FragmentSize)
	}
	return out, nil
}

// needsWhole reports whether an extension has to encode every message.
func (e *Encoder) needsWhole() bool {
	for _, x := range e.cfg.Extensions {
		if m, ok := x.(MessageExtension); ok && m.Claims() == 0 {
			return true
		}
	}
	return false
}
