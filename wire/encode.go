package wire

// appendEncoded appends ev as the message extensions encode it. It is not inlined, so
// that a connection without extensions needs no stack for it.
//
//go:noinline
func (e *Encoder) appendEncoded(dst []byte, f framing, ev Event) ([]byte, error) {
	p, rsv, b, err := e.encodedByMessage(ev)
	if err != nil {
		return dst, err
	}
	dst, err = e.appendMessage(dst, f, ev, rsv, p)
	e.giveBack(b)
	return dst, err
}

// encodedByMessage returns the payload of ev, a message or a part, as the message
// extensions encode it, and the buffer in which it is, which may be nil.
func (e *Encoder) encodedByMessage(ev Event) (p []byte, rsv RSV, b *Buffer, err error) {
	p = ev.Data
	if ev.Unencoded {
		return p, 0, nil, nil
	}
	part := ev.Cont || ev.More
	for _, x := range e.cfg.Extensions {
		whole, isWhole := x.(MessageExtension)
		parts, isParts := x.(PartExtension)
		if !isWhole || part && !isParts {
			continue
		}
		call := func(to []byte) ([]byte, RSV, error) {
			if part {
				return parts.EncodePart(to, Frame{Kind: ev.Kind, Cont: ev.Cont, More: ev.More}, p)
			}
			return whole.EncodeMessage(to, ev.Kind, p)
		}
		bits, err := e.encode(&b, &p, call)
		if err != nil {
			e.giveBack(b)
			return nil, 0, nil, err
		}
		rsv |= bits & x.Claims()
	}
	return p, rsv, b, nil
}

// appendCoded appends a data frame of ev with the payload p as the frame extensions
// encode it.
func (e *Encoder) appendCoded(dst []byte, f framing, ev Event, head frame, p []byte) ([]byte, error) {
	what := Frame{Kind: ev.Kind, Cont: head.op == continuation, More: !head.fin}
	var b *Buffer
	for _, x := range e.cfg.Extensions {
		if ev.Unencoded {
			break
		}
		x, ok := x.(FrameExtension)
		if !ok {
			continue
		}
		bits, err := e.encode(&b, &p, func(to []byte) ([]byte, RSV, error) {
			return x.EncodeFrame(to, what, p)
		})
		if err != nil {
			e.giveBack(b)
			return dst, err
		}
		head.rsv |= bits & x.Claims()
	}
	head.left = uint64(len(p))
	dst = e.appendFrame(dst, f, head, p)
	e.giveBack(b)
	return dst, nil
}

// encode calls an extension with *p, which is in *b or in the caller's memory, and
// stores the result in *p and its buffer in *b.
func (e *Encoder) encode(b **Buffer, p *[]byte, call func(dst []byte) ([]byte, RSV, error)) (RSV, error) {
	to := borrow(e.cfg.Memory, len(*p))
	out, rsv, err := call(to.B)
	if err != nil || isIn(out, *p) {
		giveBack(e.cfg.Memory, to)
		if err == nil {
			*p = out
		}
		return rsv, err
	}
	*p = to.take(out)
	e.giveBack(*b)
	*b = to
	return rsv, nil
}

func (e *Encoder) giveBack(b *Buffer) {
	if b != nil {
		giveBack(e.cfg.Memory, b)
	}
}
