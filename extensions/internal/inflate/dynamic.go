package inflate

// A header holds the parts of the header of a dynamic block (RFC 1951, section
// 3.2.7) that have been read. A hostile stream can consist of nothing but such
// headers, so the cost of a header is in proportion to its length: nothing is
// written or read for symbols without a code.
type header struct {
	nlength, ndistance, ncode int
	have                      int    // number of code lengths read, first those of the code for code lengths
	codeLens                  uint64 // lengths of the code for code lengths, 3 bits for each symbol
	codeMask                  uint64
	codes                     [codeTableSize]entry

	last  uint8 // previous code length
	ended bool  // the symbol for the end of the block has a code

	nruns, seam int // number of runs; those of distances begin at seam
	runs        [286 + 30]run
	counts      [2]lengthCounts // of literals and lengths, of distances
}

func (z *inflater) dynamic() status {
	if !z.need(14) {
		return dry
	}
	h := &z.header
	h.nlength, h.ndistance, h.ncode = 257+z.take(5), 1+z.take(5), 4+z.take(4)
	if h.nlength > 286 || h.ndistance > 30 {
		return corrupt
	}
	h.have, h.codeLens, z.step = 0, 0, inCodes
	return z.codeLengths()
}

var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (z *inflater) codeLengths() status {
	h := &z.header
	for h.have < h.ncode {
		if !z.need(3) {
			return dry
		}
		n := min(h.ncode-h.have, int(z.nbits/3))
		b, lens := z.bits, h.codeLens
		for _, s := range codeOrder[h.have : h.have+n] {
			lens |= b & 7 << (3 * s & 63)
			b >>= 3
		}
		z.bits, h.codeLens = b, lens
		z.nbits -= uint(3 * n)
		h.have += n
	}
	if !h.buildCodeTable(z.ownDistances.entries[:]) {
		return corrupt
	}
	h.have, h.last, h.ended, h.nruns, h.seam = 0, 0, false, 0, 0
	clear(h.counts[:])
	z.step = inLens
	return z.codeTables()
}

// buildCodeTable is buildTable for the code for code lengths, which has 19 symbols
// with code lengths up to 7, so that the counts fit into the bytes of one number. As
// in codeTables, the scratch memory sorted is another table that is not in use at
// the time.
func (h *header) buildCodeTable(sorted []entry) bool {
	var packed uint64
	for lens, i := h.codeLens, 0; i < len(codeSymbols); i++ {
		packed += 1 << (8 * (lens & 7))
		lens >>= 3
	}
	packed &^= 0xff
	var count lengthCounts
	left, longest, some := 1, uint(0), 0
	for l := uint(1); l <= 7; l++ {
		n := packed >> (8 * l) & 0xff
		count[l] = uint16(n)
		left = left<<1 - int(n)
		some += int(n)
		if n != 0 {
			longest = l
		}
	}
	if left != 0 {
		if longest > 1 || some > 1 {
			return false
		}
		var runs []run
		var one [1]run
		for s := range codeSymbols {
			if h.codeLens>>(3*s)&7 != 0 {
				one[0] = makeRun(s, 1, 1)
				runs = one[:]
			}
		}
		h.codeMask = emptyTable(h.codes[:], codeSymbols[:], runs)
		return true
	}
	// Each byte becomes the sum of the bytes below it: the index of the first
	// code of its length. Symbols without a code come after the others.
	at := packed * 0x0101_0101_0101_0101 << 8
	at |= uint64(some)
	for lens, i := h.codeLens, 0; i < len(codeSymbols); i++ {
		shift := 8 * (lens & 7)
		sorted[at>>shift&0xff] = codeSymbols[i]
		at += 1 << shift
		lens >>= 3
	}
	h.codeMask = fillTable(h.codes[:], codeTableBits, longest, sorted, &count)
	return true
}

// codeTables reads the code lengths as runs and builds the tables.
func (z *inflater) codeTables() status {
	h := &z.header
	total := h.nlength + h.ndistance
	b, n := z.bits, z.nbits
	for have := h.have; have < total; {
		if n < 14 {
			z.bits, z.nbits = b, n
			z.fill()
			b, n = z.bits, z.nbits
		}
		e := h.codes[b&h.codeMask&(codeTableSize-1)]
		if e.bits() > n {
			z.bits, z.nbits, h.have = b, n, have
			return dry
		}
		if e&isInvalid != 0 {
			return corrupt
		}
		repeat := int(e>>16&0xff) + e.extra(b)
		b >>= e.bits()
		n -= e.bits()
		length := uint8(e >> codeLengthShift)
		if length == isLastLength {
			if have == 0 {
				return corrupt
			}
			length = h.last
		}
		h.last = length
		if repeat > total-have {
			return corrupt
		}
		if length != 0 {
			switch before := h.nlength - have; {
			case before >= repeat:
				h.add(&h.counts[0], have, repeat, length)
				h.ended = h.ended || uint(256-have) < uint(repeat)
				h.seam = h.nruns
			case before <= 0:
				h.add(&h.counts[1], -before, repeat, length)
			default: // the run extends from the lengths into the distances
				h.add(&h.counts[0], have, before, length)
				h.ended = h.ended || have <= 256
				h.seam = h.nruns
				h.add(&h.counts[1], 0, repeat-before, length)
			}
		}
		have += repeat
	}
	z.bits, z.nbits = b, n
	var ok bool
	if !h.ended { // as in zlib
		return corrupt
	}
	z.ownLengths.mask, ok = buildTable(z.ownLengths.entries[:], lengthTableBits, lengthSymbols[:], h.runs[:h.seam], &h.counts[0], z.ownDistances.entries[:])
	if !ok {
		return corrupt
	}
	z.ownDistances.mask, ok = buildTable(z.ownDistances.entries[:], distanceTableBits, distanceSymbols[:], h.runs[h.seam:h.nruns], &h.counts[1], h.codes[:])
	if !ok {
		return corrupt
	}
	z.lengths, z.distances = &z.ownLengths, &z.ownDistances
	z.step = inSymbols
	return going
}

// add adds a run.
func (h *header) add(count *lengthCounts, symbol, n int, length uint8) {
	h.runs[h.nruns] = makeRun(symbol, n, length)
	h.nruns++
	count[length&15] += uint16(n)
}
