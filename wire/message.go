package wire

import (
	"encoding/binary"
	"math"

	"github.com/airsocket/airsocket/wire/internal/text"
)

// finish ends a frame whose payload is complete, and sets *ev if that completes an
// event. view is the payload, or nil if it is in a buffer.
func (d *Decoder) finish(ev *Event, view []byte) {
	f := &d.frame
	if f.op == discarded || f.open {
		return
	}
	if f.op >= Close {
		d.control(ev, view)
		return
	}
	var err error
	if d.frameCoded {
		if view, err = d.decodeFrame(view); err != nil {
			d.fail(ev, err)
			return
		}
	}
	if !f.fin && !d.inParts() {
		return
	}
	if view == nil && d.msg != nil {
		view = d.msg.B
		d.spent, d.msg = d.msg, nil
	} else if !d.checkText(view) {
		d.fail(ev, ErrInvalidUTF8)
		return
	}
	if f.fin && d.text != text.Whole {
		d.fail(ev, ErrInvalidUTF8)
		return
	}
	if d.coded || f.delim {
		if view, err = d.decodeMessage(view); err != nil {
			d.fail(ev, err)
			return
		}
	}
	ev.Kind, ev.Cont, ev.More, ev.Data = d.kind, d.cont, !f.fin, view
	if d.cont = true; f.fin {
		d.kind = None
	}
}

// control sets *ev to the event for a control frame (RFC 6455, section 5.5).
func (d *Decoder) control(ev *Event, p []byte) {
	if d.own != nil {
		p = d.own.B
		d.spent, d.own = d.own, nil
	}
	ev.Kind, ev.Data = d.frame.op, p
	if ev.Kind != Close {
		return
	}
	ev.Code = StatusNoStatusReceived
	switch {
	case len(p) == 1:
		d.fail(ev, ErrClosePayload)
		return
	case len(p) >= 2:
		code := StatusCode(binary.BigEndian.Uint16(p))
		if !d.framing().accepts(code) {
			if !d.framing().forgives() {
				d.fail(ev, ErrCloseCode)
				return
			}
			ev.Data = nil
			break
		}
		ev.Code, ev.Data = code, p[2:]
		if !text.Valid(ev.Data) {
			d.fail(ev, ErrCloseReason)
			return
		}
	}
	d.drop()
	d.stage = closed
}

// appliesTo reports whether an extension with these claims decodes a message or frame
// with the bits rsv.
func appliesTo(claims, rsv RSV) bool { return claims == 0 || claims&rsv != 0 }

// selectExtensions decides whether extensions decode the frame and, if it is the first
// of a message, the message. Like decodeFrame and decodeMessage it is not inlined, so
// that a connection without extensions needs no stack for it.
//
//go:noinline
func (d *Decoder) selectExtensions() {
	f := &d.frame
	for _, x := range d.cfg.Extensions {
		if _, ok := x.(MessageExtension); ok && f.op != continuation && appliesTo(x.Claims(), d.rsv) {
			d.coded = true
		}
		if _, ok := x.(FrameExtension); ok && appliesTo(x.Claims(), f.rsv) {
			d.frameCoded = true
		}
	}
}

// decodeFrame decodes p with the frame extensions. It returns the result, or appends
// it to d.msg if it has to be joined to other frames.
//
//go:noinline
func (d *Decoder) decodeFrame(p []byte) ([]byte, error) {
	f, b := &d.frame, d.own
	d.own = nil
	if b != nil {
		p = b.B
	}
	raw := uint64(len(p))
	what := Frame{Kind: d.kind, Cont: f.op == continuation, More: !f.fin}
	for i := len(d.cfg.Extensions) - 1; i >= 0; i-- {
		x, ok := d.cfg.Extensions[i].(FrameExtension)
		if !ok || !appliesTo(x.Claims(), f.rsv) {
			continue
		}
		var err error
		p, err = d.decode(&b, p, d.cfg.MaxFrame, func(dst []byte, limit int) ([]byte, error) {
			return x.DecodeFrame(dst, what, f.rsv, p, limit)
		})
		if err != nil {
			d.put(&b)
			return nil, err
		}
	}
	if n := uint64(len(p)); n > raw {
		d.size += n - raw
	}
	if over(d.size, d.cfg.MaxMessage) {
		d.put(&b)
		return nil, ErrMessageTooBig
	}
	if d.msg == nil && (f.fin || d.inParts()) {
		d.spent = b
		return p, nil
	}
	d.frameCoded = false // so that join appends to d.msg, not to d.own
	defer d.put(&b)
	return nil, d.join(p)
}

// join appends p, the decoded payload of a frame, to the message.
func (d *Decoder) join(p []byte) error {
	if !d.checkText(p) {
		return ErrInvalidUTF8
	}
	if len(p) > 0 {
		b := d.reserve(len(p))
		b.B = append(b.B, p...)
	}
	return nil
}

// decodeMessage decodes p with the message extensions, or repairs it if it is a text
// of hixie. Both p and the result are in d.spent or in the input.
//
//go:noinline
func (d *Decoder) decodeMessage(p []byte) ([]byte, error) {
	if d.frame.delim {
		return d.repair(p)
	}
	for i := len(d.cfg.Extensions) - 1; i >= 0; i-- {
		x, ok := d.cfg.Extensions[i].(MessageExtension)
		if !ok || !appliesTo(x.Claims(), d.rsv) {
			continue
		}
		var err error
		p, err = d.decode(&d.spent, p, d.cfg.MaxMessage, func(dst []byte, limit int) ([]byte, error) {
			return x.DecodeMessage(dst, d.kind, d.rsv, p, limit)
		})
		if err != nil {
			return nil, err
		}
	}
	if d.kind == Text && !text.Valid(p) {
		return nil, ErrInvalidUTF8
	}
	return p, nil
}

// decodedRatio is the size of the buffer that an extension decodes into, as a multiple
// of its input. Text is often compressed to a fifth.
const decodedRatio = 8

// decode calls an extension with p, which is in *b or in the input, and stores the
// buffer of the result in *b.
func (d *Decoder) decode(b **Buffer, p []byte, limit int, call func(dst []byte, limit int) ([]byte, error)) ([]byte, error) {
	size := decodedRatio * min(len(p), math.MaxInt/decodedRatio)
	if limit > 0 {
		size = min(size, limit)
	}
	to := d.get(size)
	out, err := call(to.B, max(limit, 0))
	if err == nil && over(uint64(len(out)), limit) {
		err = ErrMessageTooBig
	}
	if err != nil || isIn(out, p) {
		d.put(&to)
		return out, err
	}
	out = to.take(out)
	d.put(b)
	*b = to
	return out, nil
}

// repair replaces invalid UTF-8 with U+FFFD (draft 76, section 5.3).
func (d *Decoder) repair(p []byte) ([]byte, error) {
	if text.Valid(p) {
		return p, nil
	}
	n := text.RepairedLen(p) // at most three times as long, which need not be in memory to know
	if over(uint64(n), d.cfg.MaxMessage) {
		return nil, ErrMessageTooBig
	}
	to := d.get(n)
	to.B = text.AppendRepaired(to.B, p)
	d.put(&d.spent)
	d.spent = to
	return to.B, nil
}
