package extensions

import (
	"encoding/binary"
	"sync"
)

// inflater decodes DEFLATE (RFC 1951) from slice to slice. It stops wherever
// the input ends or the output is full and goes on from there, so that it needs
// no buffer of its own and makes nothing that was not asked for. It is written
// for this package because a WebSocket gives it small messages that stand in
// memory whole, and because an io.Reader could not say where it stopped.
//
// Between blocks all that it must remember is in bits and nbits, so that a
// connection can give it back then.
type inflater struct {
	in []byte // lent, and not yet used up

	bits  uint64 // the next bits of the input, the earliest lowest; those above nbits are not valid
	nbits uint

	step   step
	final  bool
	size   int     // of the window: no distance is longer
	past   *window // what came before this output; may be nil
	copied int     // bytes still to copy of a match or a stored block
	dist   int     // of that match

	lengths   []entry // of the block
	distances []entry

	nlength, ndistance, ncode, have int // of the code lengths of a dynamic block
	lens                            [286 + 30]uint8
	sorted                          [288]uint16
	codes                           [codeTableSize]entry
	ownLengths                      [lengthTableSize]entry
	ownDistances                    [distanceTableSize]entry
}

// step is what an inflater is to do next.
type step uint8

const (
	atBlock   step = iota // the header of a block
	atStored              // the length of a stored block
	inStored              // its bytes
	atDynamic             // the numbers of code lengths
	inCodes               // the lengths of the code for the code lengths
	inLens                // the code lengths
	inSymbols             // literals and matches
	inMatch               // the rest of a match
)

// status is why an inflater stopped.
type status uint8

const (
	going   status = iota
	dry            // the input is used up
	full           // there is more, but no room for it
	corrupt        // what was read is not DEFLATE
)

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// getInflater takes an inflater that is at the start of a block.
func getInflater(size int, past *window) *inflater {
	z := inflaters.Get().(*inflater)
	z.in, z.bits, z.nbits, z.step = nil, 0, 0, atBlock
	z.size, z.past = size, past
	return z
}

func (z *inflater) free() {
	z.in, z.past = nil, nil
	inflaters.Put(z)
}

// run decodes into out from index o on, and returns where it stopped. Matches
// refer back to what is in out from base on, and before that to the past.
func (z *inflater) run(out []byte, base, o int) (int, status) {
	for {
		st := going
		switch z.step {
		case atBlock:
			st = z.block()
		case atStored:
			st = z.storedLength()
		case inStored:
			o, st = z.stored(out, o)
		case atDynamic:
			st = z.dynamic()
		case inCodes:
			st = z.codeLengths()
		case inLens:
			st = z.codeTables()
		case inSymbols:
			if o, st = z.symbolsFast(out, base, o); st == going && z.step == inSymbols {
				o, st = z.symbols(out, base, o)
			}
		case inMatch:
			if o = z.match(out, base, o); z.copied > 0 {
				return o, full
			}
			z.step = inSymbols
		}
		if st != going {
			return o, st
		}
	}
}

// atRest reports whether a message may end here, given that its sender removed
// 00 00 FF FF from the end (RFC 7692, section 7.2.1): the header of a stored
// block was read and nothing of its length, or no block was begun.
func (z *inflater) atRest() bool {
	return z.nbits == 0 && z.step == atStored || z.step == atBlock
}

// need makes n bits available, n <= 32.
func (z *inflater) need(n uint) bool {
	if z.nbits < n {
		z.fill()
	}
	return z.nbits >= n
}

func (z *inflater) fill() {
	z.bits &= 1<<z.nbits - 1
	for z.nbits < 56 && len(z.in) > 0 {
		z.bits |= uint64(z.in[0]) << z.nbits
		z.in = z.in[1:]
		z.nbits += 8
	}
}

func (z *inflater) take(n uint) int {
	v := z.bits & (1<<n - 1)
	z.bits >>= n
	z.nbits -= n
	return int(v)
}

// block reads the header of a block (RFC 1951, section 3.2.3).
func (z *inflater) block() status {
	if !z.need(3) {
		return dry
	}
	z.final = z.take(1) == 1
	switch z.take(2) {
	case 0:
		z.take(z.nbits & 7)
		z.step = atStored
	case 1:
		z.lengths, z.distances = fixedLengths[:], fixedDistances[:]
		z.step = inSymbols
	case 2:
		z.step = atDynamic
	default:
		return corrupt
	}
	return going
}

// endBlock goes on to the next block. After the last one a sender may begin a
// new stream with the next byte (RFC 7692, section 7.2.3.4).
func (z *inflater) endBlock() {
	if z.final {
		z.take(z.nbits & 7)
	}
	z.step = atBlock
}

// storedLength: RFC 1951, section 3.2.4.
func (z *inflater) storedLength() status {
	if !z.need(32) {
		return dry
	}
	n := z.take(16)
	if z.take(16) != n^0xffff {
		return corrupt
	}
	z.copied, z.step = n, inStored
	return going
}

func (z *inflater) stored(out []byte, o int) (int, status) {
	for ; z.copied > 0 && z.nbits > 0; z.copied-- {
		if o == len(out) {
			return o, full
		}
		out[o] = byte(z.take(8))
		o++
	}
	if z.copied > 0 {
		z.bits = 0
		n := copy(out[o:], z.in[:min(z.copied, len(z.in))])
		z.in = z.in[n:]
		o += n
		if z.copied -= n; z.copied > 0 {
			if len(z.in) > 0 {
				return o, full
			}
			return o, dry
		}
	}
	z.endBlock()
	return o, going
}

// dynamic: RFC 1951, section 3.2.7, as are the next two.
func (z *inflater) dynamic() status {
	if !z.need(14) {
		return dry
	}
	z.nlength, z.ndistance, z.ncode = 257+z.take(5), 1+z.take(5), 4+z.take(4)
	if z.nlength > 286 || z.ndistance > 30 {
		return corrupt
	}
	z.have, z.step = 0, inCodes
	clear(z.lens[:19])
	return going
}

var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (z *inflater) codeLengths() status {
	for ; z.have < z.ncode; z.have++ {
		if !z.need(3) {
			return dry
		}
		z.lens[codeOrder[z.have]] = uint8(z.take(3))
	}
	if !buildTable(z.codes[:], &z.sorted, codeTableBits, z.lens[:19], codeSymbols[:]) {
		return corrupt
	}
	z.have, z.step = 0, inLens
	return going
}

func (z *inflater) codeTables() status {
	for total := z.nlength + z.ndistance; z.have < total; {
		if z.nbits < 14 {
			z.fill()
		}
		e := z.codes[z.bits&(1<<codeTableBits-1)]
		s := e.value()
		extra := uint(0)
		if s >= 16 {
			extra = [3]uint{2, 3, 7}[s-16]
		}
		if e.codeBits()+extra > z.nbits {
			return dry
		}
		if e&isInvalid != 0 {
			return corrupt
		}
		z.take(e.codeBits())
		if s < 16 {
			z.lens[z.have] = uint8(s)
			z.have++
			continue
		}
		n, l := z.take(extra)+3, uint8(0)
		if s == 16 {
			if z.have == 0 {
				return corrupt
			}
			l = z.lens[z.have-1]
		} else if s == 18 {
			n += 8
		}
		if n > total-z.have {
			return corrupt
		}
		for range n {
			z.lens[z.have] = l
			z.have++
		}
	}
	if z.lens[256] == 0 || // there is no end, as in zlib
		!buildTable(z.ownLengths[:], &z.sorted, lengthTableBits, z.lens[:z.nlength], lengthSymbols[:]) ||
		!buildTable(z.ownDistances[:], &z.sorted, distanceTableBits, z.lens[z.nlength:z.nlength+z.ndistance], distanceSymbols[:]) {
		return corrupt
	}
	z.lengths, z.distances = z.ownLengths[:], z.ownDistances[:]
	z.step = inSymbols
	return going
}

// symbols decodes one symbol after the other, with every check, and is right at
// both ends. A symbol is used up as a whole or not at all.
func (z *inflater) symbols(out []byte, base, o int) (int, status) {
	for {
		if len(z.in) >= fastInput && len(out)-o >= fastOutput {
			return o, going
		}
		z.fill()
		e := z.lengths[z.bits&(1<<lengthTableBits-1)]
		used := e.codeBits()
		if e&isPointer != 0 {
			e = z.lengths[uint64(e.value())+z.bits>>lengthTableBits&(1<<e.extraBits()-1)]
			used += e.codeBits()
		}
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
		length := e.value() + int(z.bits>>used&(1<<e.extraBits()-1))
		used += e.extraBits()

		e = z.distances[z.bits>>used&(1<<distanceTableBits-1)]
		if e&isPointer != 0 {
			used += distanceTableBits
			e = z.distances[uint64(e.value())+z.bits>>used&(1<<e.extraBits()-1)]
		}
		used += e.codeBits()
		dist := e.value() + int(z.bits>>used&(1<<e.extraBits()-1))
		used += e.extraBits()
		if used > z.nbits {
			return o, dry
		}
		if e&isInvalid != 0 || !z.reaches(dist, o-base) {
			return o, corrupt
		}
		z.take(used)
		z.dist, z.copied = dist, length
		if o = z.match(out, base, o); z.copied > 0 {
			z.step = inMatch
			return o, full
		}
	}
}

// reaches reports whether there is something dist bytes back.
func (z *inflater) reaches(dist, made int) bool {
	return dist <= z.size && (dist <= made || z.past != nil && dist-made <= len(z.past.buf))
}

// match copies what it can of the match that is due.
func (z *inflater) match(out []byte, base, o int) int {
	end := min(o+z.copied, len(out))
	z.copied -= end - o
	for o < end && z.dist > o-base {
		o += copy(out[o:end], z.past.since(z.dist-(o-base)))
	}
	for ; o < end; o++ {
		out[o] = out[o-z.dist]
	}
	return o
}

// symbolsFast needs so much input and output left that no symbol can come to an
// end of either.
const (
	fastInput  = 16
	fastOutput = 2 + 258 + 8
)

// symbolsFast decodes until an end comes near.
func (z *inflater) symbolsFast(out []byte, base, o int) (int, status) {
	lengths := (*[lengthTableSize]entry)(z.lengths)
	distances := (*[distanceTableSize]entry)(z.distances)
	in, b, n := z.in, z.bits&(1<<z.nbits-1), z.nbits
	st := going
	for len(in) >= fastInput && len(out)-o >= fastOutput {
		b |= binary.LittleEndian.Uint64(in) << (n & 63)
		in = in[(63-n)>>3:]
		n |= 56
		e := lengths[b&(1<<lengthTableBits-1)]
		if e&isLiteral != 0 {
			b >>= e & 31
			n -= uint(e & 31)
			out[o] = byte(e >> 16)
			o++
			e = lengths[b&(1<<lengthTableBits-1)]
			if e&isLiteral != 0 {
				b >>= e & 31
				n -= uint(e & 31)
				out[o] = byte(e >> 16)
				o++
				e = lengths[b&(1<<lengthTableBits-1)]
			}
		}
		if e&isPointer != 0 {
			b >>= lengthTableBits
			n -= lengthTableBits
			e = lengths[int(e>>16)+int(b&(1<<(e>>5&15)-1))]
		}
		b >>= e & 31
		n -= uint(e & 31)
		if e&isLiteral != 0 {
			out[o] = byte(e >> 16)
			o++
			continue
		}
		if e&(isEnd|isInvalid) != 0 {
			if st = corrupt; e&isEnd != 0 {
				st = going
				z.step = atBlock
			}
			break
		}
		length := int(e>>16) + int(b&(1<<(e>>5&15)-1))
		b >>= e >> 5 & 15
		n -= uint(e >> 5 & 15)
		if n < 28 {
			b |= binary.LittleEndian.Uint64(in) << (n & 63)
			in = in[(63-n)>>3:]
			n |= 56
		}
		e = distances[b&(1<<distanceTableBits-1)]
		if e&isPointer != 0 {
			b >>= distanceTableBits
			n -= distanceTableBits
			e = distances[int(e>>16)+int(b&(1<<(e>>5&15)-1))]
		}
		b >>= e & 31
		n -= uint(e & 31)
		dist := int(e>>16) + int(b&(1<<(e>>5&15)-1))
		b >>= e >> 5 & 15
		n -= uint(e >> 5 & 15)
		if e&isInvalid != 0 || dist > z.size {
			st = corrupt
			break
		}
		if from := o - dist; from >= base && dist >= 8 {
			end := o + length
			for ; o < end; o, from = o+8, from+8 {
				binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[from:]))
			}
			o = end
			continue
		}
		if !z.reaches(dist, o-base) {
			st = corrupt
			break
		}
		z.dist, z.copied = dist, length
		o = z.match(out, base, o)
	}
	z.in, z.bits, z.nbits = in, b, n
	if st == going && z.step == atBlock {
		z.endBlock()
	}
	return o, st
}
