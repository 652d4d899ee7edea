package inflate

import "encoding/binary"

// A match that is longer than its distance repeats itself. repeating copies it in
// pieces that double: each piece comes from as far back as the output already
// repeats. The next match of the same distance continues with the same piece length,
// which helps where many matches repeat the same bytes.
type repeating struct {
	dist int
	back int // how far back the output repeats, a multiple of dist
	end  int // index after the last match
}

// repeat fills out from index o on with the bytes dist bytes back.
func (r *repeating) repeat(out []byte, o, dist int) int {
	back := dist
	if dist == r.dist && o == r.end {
		back = r.back
	}
	for o < len(out) {
		n := copy(out[o:], out[o-back:o])
		o += n
		if n == back {
			back *= 2
		}
	}
	r.dist, r.back, r.end = dist, back, o
	return o
}

// strides holds, for distances below 8, their largest multiple up to 8.
var strides = [8]uint8{0, 8, 8, 6, 8, 5, 6, 7}

// copies holds, for distances below 8, the factor that repeats this number of bytes
// in a 64-bit number.
var copies = [8]uint64{
	1: 0x0101_0101_0101_0101,
	2: 0x0001_0001_0001_0001,
	3: 0x0001_0000_0100_0001,
	4: 0x0000_0001_0000_0001,
	5: 0x0000_0100_0000_0001,
	6: 0x0001_0000_0000_0001,
	7: 0x0100_0000_0000_0001,
}

// overlapping copies a match with a distance below 8. It may write beyond the match,
// but not more than fastOutput bytes.
func (r *repeating) overlapping(out []byte, o, dist, length int) int {
	end := o + length
	if dist == r.dist && o == r.end && length > 16 {
		return r.repeat(out[:end], o, dist)
	}
	v := binary.LittleEndian.Uint64(out[o-dist:])
	dist &= 7
	v = v & (1<<(8*dist) - 1) * copies[dist]
	stride, start := int(strides[dist]), o
	for first := min(end, o+32); o < first; o += stride {
		binary.LittleEndian.PutUint64(out[o:], v)
	}
	if o >= end {
		return end
	}
	r.dist, r.back, r.end = dist, o-start+dist, o
	return r.repeat(out[:end], o, dist)
}

// match copies the pending match, or as much of it as fits into out.
func (z *inflater) match(out []byte, o int) int {
	end := min(o+z.copied, len(out))
	z.copied -= end - o
	for o < end && z.dist > o {
		o += copy(out[o:end], z.past.since(z.dist-o))
	}
	return z.repeat(out[:end], o, z.dist)
}
