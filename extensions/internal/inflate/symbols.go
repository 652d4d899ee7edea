package inflate

import "encoding/binary"

// symbols decodes symbols with all checks, near the end of the input or of the
// output. It consumes a symbol as a whole or not at all.
func (z *inflater) symbols(out []byte, o int) (int, status) {
	for {
		if len(z.in) >= fastInput && len(out)-o >= fastOutput {
			return o, going
		}
		z.fill()
		e := z.lengths.entries[z.bits&z.lengths.mask]
		used := uint(0)
		if e&isPointer != 0 {
			used = e.bits()
			e = z.lengths.entries[e.second(z.bits)]
		}
		rest := z.bits >> used
		used += e.bits()
		if used > z.nbits {
			return o, dry
		}
		switch {
		case e&isLiteral != 0:
			if o == len(out) {
				return o, full
			}
			z.take(used)
			out[o] = byte(e.value())
			o++
			continue
		case e&isEnd != 0:
			z.take(used)
			z.endBlock()
			return o, going
		case e&isInvalid != 0:
			return o, corrupt
		}
		length := e.value() + e.extra(rest)

		rest = z.bits >> used
		e = z.distances.entries[rest&z.distances.mask]
		if e&isPointer != 0 {
			used += e.bits()
			e = z.distances.entries[e.second(rest)]
			rest = z.bits >> used
		}
		dist := e.value() + e.extra(rest)
		used += e.bits()
		if used > z.nbits {
			return o, dry
		}
		if e&isInvalid != 0 || !z.reaches(dist, o) {
			return o, corrupt
		}
		z.take(used)
		z.dist, z.copied = dist, length
		if o = z.match(out, o); z.copied > 0 {
			z.step = inMatch
			return o, full
		}
	}
}

// reaches reports whether a match may have the distance dist: it is within the
// window, and there is output that far back.
func (z *inflater) reaches(dist, made int) bool {
	return dist <= z.size && (dist <= made || z.past != nil && dist-made <= len(z.past.buf))
}

// With at least this many bytes of input and output left, symbolsFast decodes one
// symbol without checking for their ends.
const (
	fastInput  = 16
	fastOutput = 3 + 258 + 8
)

// symbolsFast decodes symbols until the end of the input or of the output is near.
func (z *inflater) symbolsFast(out []byte, o int) (int, status) {
	lengths, lengthMask := &z.lengths.entries, z.lengths.mask
	distances, distanceMask := &z.distances.entries, z.distances.mask
	in, i, b, n := z.in, 0, z.bits&(1<<z.nbits-1), z.nbits
	lastIn, lastOut := len(in)-fastInput, len(out)-fastOutput
	st := going
	for i <= lastIn && o <= lastOut {
		b |= binary.LittleEndian.Uint64(in[i:]) << (n & 63)
		i += int((63 - n) >> 3)
		n |= 56
		e := lengths[b&lengthMask]
		if e&isLiteral != 0 {
			b >>= e.bits()
			n -= e.bits()
			out[o] = byte(e >> 16)
			o++
			e = lengths[b&lengthMask]
			if e&isLiteral != 0 {
				b >>= e.bits()
				n -= e.bits()
				out[o] = byte(e >> 16)
				o++
				e = lengths[b&lengthMask]
				if e&isLiteral != 0 {
					b >>= e.bits()
					n -= e.bits()
					out[o] = byte(e >> 16)
					o++
					e = lengths[b&lengthMask]
				}
			}
		}
		if e&isPointer != 0 {
			to := e.second(b)
			b >>= e.bits()
			n -= e.bits()
			e = lengths[to]
		}
		length := e.value() + e.extra(b)
		b >>= e.bits()
		n -= e.bits()
		if e&(isLiteral|isEnd|isInvalid) != 0 {
			if e&isLiteral != 0 {
				out[o] = byte(e >> 16)
				o++
				continue
			}
			if st = corrupt; e&isEnd != 0 {
				st = going
				z.step = atBlock
			}
			break
		}
		if n < 28 {
			b |= binary.LittleEndian.Uint64(in[i:]) << (n & 63)
			i += int((63 - n) >> 3)
			n |= 56
		}
		e = distances[b&distanceMask]
		if e&isPointer != 0 {
			to := e.second(b)
			b >>= e.bits()
			n -= e.bits()
			e = distances[to]
		}
		dist := e.value() + e.extra(b)
		b >>= e.bits()
		n -= e.bits()
		if e&isInvalid != 0 || dist > z.size {
			st = corrupt
			break
		}
		if from := o - dist; from >= 0 {
			end := o + length
			if dist < 8 {
				if length > 4 {
					o = z.overlapping(out, o, dist, length)
					continue
				}
				// A wide load would wait for the stores just made.
				for ; o < end; o++ {
					out[o] = out[o-dist]
				}
				continue
			}
			if length > 32 {
				o = z.repeat(out[:end], o, dist)
				continue
			}
			for ; o < end; o, from = o+8, from+8 {
				binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[from:]))
			}
			o = end
			continue
		}
		if !z.reaches(dist, o) {
			st = corrupt
			break
		}
		z.dist, z.copied = dist, length
		o = z.match(out, o)
	}
	z.in, z.bits, z.nbits = in[i:], b, n
	if st == going && z.step == atBlock {
		z.endBlock()
	}
	return o, st
}
