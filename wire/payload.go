package wire

import (
	"math"
	"unsafe"

	"github.com/airsocket/airsocket/wire/internal/mask"
	"github.com/airsocket/airsocket/wire/internal/text"
)

// viewPayload consumes the frame's payload, for which canView has returned true. It
// unmasks it in place and returns it.
func (d *Decoder) viewPayload() []byte {
	f := &d.frame
	n := int(f.left)
	view := d.in[:n:n]
	d.in = d.in[n:]
	mask.XOR(view, view, f.key)
	f.left = 0
	return view
}

// canView reports whether the frame's payload can be delivered in place, because all of
// it has arrived and it is not joined to bytes before or after it.
func (d *Decoder) canView() bool {
	f := &d.frame
	switch {
	case f.left > uint64(len(d.in)):
		return false
	case f.op >= Close || d.frameCoded:
		return d.own == nil
	case f.open || d.msg != nil:
		return false
	}
	return f.fin || d.inParts()
}

// inParts reports whether the message is delivered in parts.
func (d *Decoder) inParts() bool { return d.cfg.Parts && !d.coded }

// buffer returns the variable of the buffer that collects the frame's payload.
func (d *Decoder) buffer() **Buffer {
	if d.frame.op >= Close || d.frameCoded {
		return &d.own
	}
	return &d.msg
}

// bufferPayload moves a piece of the payload from the input to its buffer. It is not
// inlined, because most payloads need neither it nor its stack.
//
//go:noinline
func (d *Decoder) bufferPayload() *ProtocolError {
	f := &d.frame
	n := int(min(f.left, uint64(len(d.in))))
	piece := d.in[:n]
	d.in = d.in[n:]
	if n > 0 && f.op != discarded {
		b := d.reserve(n)
		at := len(b.B)
		b.B = b.B[:at+n]
		mask.XOR(b.B[at:], piece, f.key)
		f.key = mask.Rotate(f.key, n)
		piece = b.B[at:]
	}
	f.left -= uint64(n)
	if f.op < Close && !d.frameCoded && !d.checkText(piece) {
		return ErrInvalidUTF8
	}
	return nil
}

// checkText checks p, the next bytes of the message, and reports whether the message
// can still be valid UTF-8. It does not check binary messages, nor text that will
// still be decoded by extensions or, in hixie, repaired.
func (d *Decoder) checkText(p []byte) bool {
	if d.kind != Text || d.coded || d.frame.delim {
		return true
	}
	d.text = d.text.After(p)
	return d.text != text.Invalid
}

// growth limits the capacity of a buffer to this multiple of the bytes that have
// arrived, header included, whatever length the peer claims.
const growth = 4

// reserve returns the frame's buffer with capacity for n more bytes, which have
// arrived.
func (d *Decoder) reserve(n int) *Buffer {
	b := d.buffer()
	have := 0
	if *b != nil {
		if have = len((*b).B); cap((*b).B)-have >= n {
			return *b
		}
	}
	return d.grow(b, d.capacity(have+n, uint64(n)))
}

// grow replaces *b by a buffer that holds size bytes.
func (d *Decoder) grow(b **Buffer, size int) *Buffer {
	bigger := d.get(size)
	if *b != nil {
		bigger.B = append(bigger.B, (*b).B...)
		d.put(b)
	}
	*b = bigger
	return bigger
}

// capacity returns the capacity of a buffer for the number of bytes that have arrived,
// the last n of which are not yet subtracted from frame.left. If the total is known,
// the buffer grows in steps that end exactly there, so that the last bytes of a long
// message do not cause a copy.
func (d *Decoder) capacity(arrived int, n uint64) int {
	f := &d.frame
	most := min(growth*(uint64(arrived)+maxHead), math.MaxInt)
	if f.fin && !f.open || f.op >= Close || d.frameCoded || d.inParts() {
		want := uint64(arrived) - n + f.left
		for want > most {
			want = (want + growth - 1) / growth
		}
		most = want
	} else if limit := d.cfg.MaxMessage; limit > 0 {
		most = min(most, uint64(limit))
	}
	return max(int(most), arrived)
}

// spaceMin is the smallest number of bytes that is worth a separate read.
const spaceMin = 4 << 10

// Space returns memory into which the next bytes of a long payload can be read, which
// saves copying them. Pass the number of bytes read to [Decoder.Filled]. Space never
// returns more than the rest of the payload, and it returns nil if the next bytes
// should be fed instead. Call it only after Next has returned None.
func (d *Decoder) Space() []byte {
	if d.stage != inPayload || d.frame.left < spaceMin || len(d.in) > 0 {
		return nil
	}
	f := &d.frame
	to := d.buffer()
	b := *to
	if b == nil {
		return nil
	}
	if cap(b.B)-len(b.B) < spaceMin {
		size := d.capacity(len(b.B), 0)
		if size-len(b.B) < spaceMin {
			return nil
		}
		b = d.grow(to, size)
	}
	free := b.B[len(b.B):cap(b.B)]
	return free[:min(uint64(len(free)), f.left)]
}

// Filled tells d that n bytes were read into the memory that Space returned. Use it in
// place of Feed, and call Next afterwards.
func (d *Decoder) Filled(n int) {
	space := d.Space()
	d.in = space[:max(0, min(n, len(space)))]
}

func (d *Decoder) get(n int) *Buffer { return borrow(d.cfg.Memory, n) }

// put returns *b to the Memory, if it is not nil, and sets it to nil.
func (d *Decoder) put(b **Buffer) {
	if *b != nil {
		giveBack(d.cfg.Memory, *b)
		*b = nil
	}
}

func borrow(m Memory, n int) *Buffer {
	if m == nil {
		return &Buffer{B: make([]byte, 0, n)}
	}
	return m.Get(n)
}

func giveBack(m Memory, b *Buffer) {
	if m != nil {
		m.Put(b)
	}
}

// isIn reports whether out, which an extension has returned for p, begins in the memory of
// p. An empty slice has memory too.
func isIn(out, p []byte) bool {
	if cap(out) == 0 {
		return false
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(out)))
	start := uintptr(unsafe.Pointer(unsafe.SliceData(p)))
	return at >= start && at-start < uintptr(cap(p))
}

// take stores in b what an extension has appended to it, and returns that. The memory of an
// empty result may be somebody else's, and is not needed.
func (b *Buffer) take(out []byte) []byte {
	if len(out) > 0 {
		b.B = out
	}
	return b.B
}
