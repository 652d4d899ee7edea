package wire

import (
	"math"

	"github.com/airsocket/airsocket/wire/internal/mask"
	"github.com/airsocket/airsocket/wire/internal/text"
)

// payload takes from the input what belongs to the frame's payload. All of it,
// in one piece and not to be joined to anything, is returned as a view, without
// the mask. Otherwise it goes to a buffer.
func (d *Decoder) payload() (view []byte, err *ProtocolError) {
	f := &d.frame
	if f.left > uint64(len(d.in)) || !d.alone() {
		return nil, d.absorb()
	}
	n := int(f.left)
	view, d.in = d.in[:n:n], d.in[n:]
	mask.XOR(view, view, f.key)
	f.left = 0
	return view, nil
}

// alone reports whether the frame's payload, all of which is here, needs no
// joining to bytes before it or after it.
func (d *Decoder) alone() bool {
	f := &d.frame
	switch {
	case f.op >= Close || d.frameCoded:
		return d.own == nil
	case f.open || d.msg != nil:
		return false
	}
	return f.fin || d.inParts()
}

// inParts reports whether the message is delivered in parts.
func (d *Decoder) inParts() bool { return d.cfg.Parts && !d.coded }

// buffer is where the frame's payload is gathered.
func (d *Decoder) buffer() **Buffer {
	if d.frame.op >= Close || d.frameCoded {
		return &d.own
	}
	return &d.msg
}

// absorb moves a piece of the payload from the input to its buffer.
//
//go:noinline
func (d *Decoder) absorb() *ProtocolError {
	f := &d.frame
	n := int(min(f.left, uint64(len(d.in))))
	piece := d.in[:n]
	d.in = d.in[n:]
	if n > 0 && f.op != discarded {
		b := d.room(n)
		at := len(b.B)
		b.B = b.B[:at+n]
		mask.XOR(b.B[at:], piece, f.key)
		f.key = mask.Rotate(f.key, n)
		piece = b.B[at:]
	}
	f.left -= uint64(n)
	if f.op < Close && !d.frameCoded && !d.plausible(piece) {
		return ErrInvalidUTF8
	}
	return nil
}

// plausible reports whether the message can be valid after p, the next bytes of
// it: it may be no text that is certainly invalid. What extensions or hixie's
// repair will change is not looked at.
func (d *Decoder) plausible(p []byte) bool {
	if d.kind != Text || d.coded || d.frame.delim {
		return true
	}
	d.text = d.text.After(p)
	return d.text != text.Invalid
}

// growth is how many times the bytes that have arrived, header included, a
// buffer may hold. It is what a peer's claim of a great length is worth.
const growth = 4

// room makes room for n more bytes, which have arrived, in the frame's buffer.
func (d *Decoder) room(n int) *Buffer {
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

// capacity is what a buffer needs that will hold arrived bytes; the last n of
// them are not yet counted off frame.left. The steps towards a known total end
// at the total: the last bytes of a big message do not have it copied again.
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

// spaceMin is the least that is worth a read of its own.
const spaceMin = 4 << 10

// Space returns memory for the next bytes of a big payload that has begun to
// arrive, where they need no copying; how many were put there is said to
// [Decoder.Filled]. It is never longer than the payload is, and nil if the
// next bytes should be fed. It may be called when Next has returned None.
func (d *Decoder) Space() []byte {
	f := &d.frame
	if d.stage != inPayload || f.left < spaceMin || len(d.in) > 0 {
		return nil
	}
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

// Filled says that n bytes were put into what Space returned. It takes the
// place of Feed: Next goes on with them.
func (d *Decoder) Filled(n int) {
	space := d.Space()
	d.in = space[:max(0, min(n, len(space)))]
}

func (d *Decoder) get(n int) *Buffer { return borrow(d.cfg.Memory, n) }

// put gives *b back, if there is one.
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
