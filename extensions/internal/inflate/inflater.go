package inflate

import (
	"encoding/binary"
	"sync"
)

// An inflater decodes DEFLATE (RFC 1951) from slice to slice. It stops wherever the
// input ends or the output is full, and continues there later, so that it needs no
// buffer and never decodes more than fits into the output. A decoder that reads from
// an io.Reader could not do that, as it reads ahead.
//
// Between blocks its whole state is bits and nbits, so that a Stream can return the
// inflater to the pool.
type inflater struct {
	in []byte // input that is not consumed yet; owned by the caller

	bits  uint64 // the next bits of the input, the first one lowest; bits above nbits are invalid
	nbits uint

	step   step
	final  bool
	size   int     // of the window, which limits distances
	past   *Window // output before the current slice; may be nil
	copied int     // bytes of a match or a stored block that are still to be copied
	dist   int     // distance of that match

	repeating

	lengths      *lengthTable // tables of the current block
	distances    *distanceTable
	header       header
	ownLengths   lengthTable
	ownDistances distanceTable
}

// A step is the part of the input that an inflater decodes next.
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

// A status is the reason why an inflater stopped.
type status uint8

const (
	going   status = iota
	dry            // it needs more input
	full           // it needs more space for output
	corrupt        // the input is not DEFLATE
)

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// getInflater borrows an inflater and puts it at the start of a block.
func getInflater(size int, past *Window) *inflater {
	z := inflaters.Get().(*inflater)
	z.in, z.bits, z.nbits, z.step = nil, 0, 0, atBlock
	z.size, z.past = size, past
	return z
}

func (z *inflater) free() {
	z.in, z.past = nil, nil
	inflaters.Put(z)
}

// run decodes into out from index o on, and returns the index after the output and
// why it stopped. Matches refer back to out[:o] and, further back, to past.
func (z *inflater) run(out []byte, o int) (int, status) {
	z.repeating.end = -1 // the last match may have been in other memory
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
			if o, st = z.symbolsFast(out, o); st == going && z.step == inSymbols {
				o, st = z.symbols(out, o)
			}
		case inMatch:
			if o = z.match(out, o); z.copied > 0 {
				return o, full
			}
			z.step = inSymbols
		}
		if st != going {
			return o, st
		}
	}
}

// atFlush reports whether a sender can have flushed here: either no block has begun,
// or only the header of a stored block has been read and not its length, as after a
// sync flush that lacks its last four bytes.
func (z *inflater) atFlush() bool {
	return z.nbits == 0 && z.step == atStored || z.step == atBlock
}

// need reads input until n bits are available, and reports whether they are. n is at
// most 32.
func (z *inflater) need(n uint) bool {
	if z.nbits < n {
		z.fill()
	}
	return z.nbits >= n
}

func (z *inflater) fill() {
	z.bits &= 1<<z.nbits - 1
	if len(z.in) >= 8 {
		z.bits |= binary.LittleEndian.Uint64(z.in) << (z.nbits & 63)
		z.in = z.in[(63-z.nbits)>>3:]
		z.nbits |= 56
		return
	}
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
	header := z.take(3)
	z.final = header&1 == 1
	switch header >> 1 {
	case 0:
		z.take(z.nbits & 7)
		z.step = atStored
	case 1:
		if z.nbits >= 7 && z.bits&(1<<7-1) == 0 { // an empty block, from a partial flush of zlib
			z.take(7)
			z.endBlock()
			return going
		}
		z.lengths, z.distances = &fixedLengths, &fixedDistances
		z.step = inSymbols
	case 2:
		z.step = atDynamic
	default:
		return corrupt
	}
	return going
}

// endBlock proceeds to the next block. After the final block of a stream, the sender
// may begin another stream with the next byte.
func (z *inflater) endBlock() {
	if z.final {
		z.take(z.nbits & 7)
	}
	z.step = atBlock
}

// storedLength reads the header of a stored block (RFC 1951, section 3.2.4).
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
