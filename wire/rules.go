package wire

// admit checks a header against the rules that all versions share (RFC 6455,
// sections 5.2, 5.4, 5.5 and 10.4) and begins its frame. piece reports whether the
// header only continues a delimited payload.
func (d *Decoder) admit(piece bool) *ProtocolError {
	f := &d.frame
	d.frameCoded = false
	switch {
	case f.delim:
		return d.admitDelimited(piece)
	case f.op == discarded:
		if over(f.left, d.cfg.MaxFrame) {
			return ErrFrameTooBig
		}
		return nil
	case f.op >= Close:
		return admitControl(f)
	case f.op != continuation:
		if d.kind != None {
			return ErrMessageUnfinished
		}
		if f.rsv&^d.claims != 0 {
			return ErrReservedBits
		}
		d.begin()
	default:
		if d.kind == None {
			return ErrNothingToContinue
		}
		if f.rsv&^d.claimsLater != 0 {
			return ErrReservedBits
		}
	}
	if over(f.left, d.cfg.MaxFrame) {
		return ErrFrameTooBig
	}
	if d.size += f.left; over(d.size, d.cfg.MaxMessage) {
		return ErrMessageTooBig
	}
	if len(d.cfg.Extensions) > 0 {
		d.selectExtensions()
	}
	return nil
}

// over reports whether n exceeds the limit. Zero or less means no limit.
func over(n uint64, limit int) bool { return limit > 0 && n > uint64(limit) }

// begin starts a message with the current frame.
func (d *Decoder) begin() {
	d.kind, d.rsv, d.size = d.frame.op, d.frame.rsv, 0
	d.cont, d.coded = false, false
}

// admitControl checks the header of a control frame (RFC 6455, section 5.5).
func admitControl(f *frame) *ProtocolError {
	switch {
	case f.rsv != 0:
		return ErrReservedBits
	case !f.fin:
		return ErrControlFragmented
	case f.left > maxControl:
		return ErrControlTooLong
	}
	return nil
}

// maxControl is the longest payload of a control frame (RFC 6455, section 5.5).
const maxControl = 125

// admitDelimited counts the bytes of a delimited payload. It checks only the lower
// limit, so that the error does not depend on the pieces in which the payload arrives.
func (d *Decoder) admitDelimited(piece bool) *ProtocolError {
	if !piece {
		if d.begin(); d.kind == discarded {
			d.kind = None
		}
	}
	d.size += d.frame.left
	frame, message := d.cfg.MaxFrame, d.cfg.MaxMessage
	if message > 0 && (frame <= 0 || message < frame) && d.frame.op == Text {
		if over(d.size, message) {
			return ErrMessageTooBig
		}
	} else if over(d.size, frame) {
		return ErrFrameTooBig
	}
	return nil
}
