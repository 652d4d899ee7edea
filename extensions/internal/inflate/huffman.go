package inflate

import "math/bits"

// An entry is an element of a decoding table. A table is indexed by the next bits of
// the input, the first one lowest: as many bits as its longest code has, but at most
// tableBits. For longer codes the entry points to a second table, which follows the
// first.
//
// The bits of an entry:
//
//	 0 to 5    number of bits of the input to consume
//	 6 to 9    number of these bits that are the code, or the rest of it in a second
//	           table; the others are extra bits
//	10 to 13   kind
//	16 to 31   literal, or base of the length or distance
//
// An entry that points to a second table consumes tableBits bits. It has the number
// of bits that index the second table in bits 6 to 9, and the start of that table in
// bits 16 to 31.
type entry uint32

const (
	isLiteral entry = 1 << 10
	isPointer entry = 1 << 11
	isEnd     entry = 1 << 12
	isInvalid entry = 1 << 13

	perCodeBit entry = 1<<6 | 1 // makes the code one bit longer
)

func (e entry) bits() uint     { return uint(e & 63) }
func (e entry) codeBits() uint { return uint(e >> 6 & 15) }
func (e entry) value() int     { return int(e >> 16) }

// extra returns the value of the extra bits in b, which begins with the code.
func (e entry) extra(b uint64) int { return int(b & (1<<e.bits() - 1) >> e.codeBits()) }

// second returns the index of the entry for b in a second table.
func (e entry) second(b uint64) int { return int(e>>16) + int(b>>e.bits()&(1<<e.codeBits()-1)) }

// The sizes of the tables: the number of bits that index the first table, and the
// maximum number of entries, including second tables, that a code of the given
// number of symbols with at most 15 bits needs (computed by zlib's enough.c).
const (
	lengthTableBits   = 10
	lengthTableSize   = 1334 // 288 symbols
	distanceTableBits = 8
	distanceTableSize = 402 // 32 symbols
	codeTableBits     = 7
	codeTableSize     = 128 // 19 symbols of at most 7 bits
)

// lengthTable is the decoding table for literals and lengths. mask selects the index
// bits.
type lengthTable struct {
	mask    uint64
	entries [lengthTableSize]entry
}

// distanceTable is the decoding table for distances.
type distanceTable struct {
	mask    uint64
	entries [distanceTableSize]entry
}

// A run is a sequence of consecutive symbols whose codes have the same length. It
// holds the first symbol from bit 16 on, the number of symbols from bit 4 on, and
// the length. With runs, the cost of a header depends on its length, not on the
// number of symbols.
type run uint32

func makeRun(symbol, n int, length uint8) run {
	return run(symbol)<<16 | run(n)<<4 | run(length)
}

// lengthCounts counts the codes of each length.
type lengthCounts [16]uint16

// The meaning of the symbols (RFC 1951, sections 3.2.5 and 3.2.7).
var (
	lengthSymbols   [288]entry
	distanceSymbols [32]entry

	// A code length symbol stands for one or more equal code lengths: the symbol
	// itself, 0, or the previous code length. Its value is their number.
	codeSymbols [19]entry

	fixedLengths   lengthTable
	fixedDistances distanceTable
)

// The code length of a code length symbol is in the bits above its value.
// isLastLength means the previous code length.
const (
	codeLengthShift = 16 + 8
	isLastLength    = 16
)

func init() {
	for i := range 256 {
		lengthSymbols[i] = isLiteral | entry(i)<<16
	}
	lengthSymbols[256] = isEnd
	for i, base := 257, 3; i < 285; i++ {
		extra := max(0, (i-261)/4)
		lengthSymbols[i] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	lengthSymbols[285] = 258 << 16
	lengthSymbols[286], lengthSymbols[287] = isInvalid, isInvalid

	for i, base := 0, 1; i < 30; i++ {
		extra := max(0, i/2-1)
		distanceSymbols[i] = entry(base)<<16 | entry(extra)
		base += 1 << extra
	}
	distanceSymbols[30], distanceSymbols[31] = isInvalid, isInvalid
	for i := range 16 {
		codeSymbols[i] = entry(i)<<codeLengthShift | 1<<16
	}
	codeSymbols[16] = isLastLength<<codeLengthShift | 3<<16 | 2
	codeSymbols[17] = 3<<16 | 3
	codeSymbols[18] = 11<<16 | 7

	var sorted [288]entry
	fixedLengths.mask, _ = buildTable(fixedLengths.entries[:], lengthTableBits, lengthSymbols[:],
		[]run{makeRun(0, 144, 8), makeRun(144, 112, 9), makeRun(256, 24, 7), makeRun(280, 8, 8)},
		&lengthCounts{7: 24, 8: 152, 9: 112}, sorted[:])
	fixedDistances.mask, _ = buildTable(fixedDistances.entries[:], distanceTableBits, distanceSymbols[:],
		[]run{makeRun(0, 32, 5)}, &lengthCounts{5: 32}, sorted[:])
}

// buildTable fills table for the canonical code of the runs (RFC 1951, section
// 3.2.2), whose lengths are counted in count, and returns the mask for its index. It
// returns false if there are too many or too few codes. As in zlib, a code may also
// have no symbol at all, or a single one of one bit; the rest of the table is then
// invalid. sorted is scratch memory, which would be too large for the stack.
func buildTable(table []entry, tableBits uint, symbols []entry, runs []run, count *lengthCounts, sorted []entry) (mask uint64, ok bool) {
	var first [len(count)]uint16
	longest, complete := count.check(&first)
	if !complete {
		if longest > 1 || len(runs) > 1 {
			return 0, false
		}
		return emptyTable(table, symbols, runs), true
	}
	for _, r := range runs {
		at, n := int(first[r&15]), int(r>>4&0xfff)
		first[r&15] += uint16(n)
		for s := int(r >> 16); n > 0; n-- {
			sorted[at] = symbols[s]
			at, s = at+1, s+1
		}
	}
	return fillTable(table, tableBits, longest, sorted, count), true
}

// check stores the number of codes that are shorter than each length in first. It
// returns the longest length and whether the code is complete.
func (count *lengthCounts) check(first *[16]uint16) (longest uint, complete bool) {
	left, sum := 1, uint16(0)
	for l := 1; l < len(count); l++ {
		n := count[l]
		first[l] = sum
		sum += n
		left = left<<1 - int(n)
		if n != 0 {
			longest = uint(l)
		}
	}
	return longest, left == 0
}

// emptyTable fills table for a code with at most one symbol, of one bit.
func emptyTable(table, symbols []entry, runs []run) (mask uint64) {
	table[0] = isInvalid + perCodeBit
	if len(runs) == 0 {
		return 0
	}
	table[0], table[1] = symbols[runs[0]>>16]+perCodeBit, table[0]
	return 1
}

// fillTable fills table for a complete code, length by length: it doubles the table
// of the previous length and adds the codes of the next. The bits of codes are
// reversed, because the input has the first bit of a code lowest.
func fillTable(table []entry, tableBits, longest uint, sorted []entry, count *lengthCounts) (mask uint64) {
	code, next := uint16(0), 0
	length := uint(1)
	for ; length <= min(longest, tableBits); length++ {
		code <<= 1
		half := 1 << (length - 1)
		low, high := table[:half], table[half:2*half]
		if next > 0 {
			copy(high, low)
		}
		// The first code of a length is even, so that they come in pairs
		// that differ in the last bit, which is the highest of the index.
		n := int(count[length])
		of := sorted[next : next+n]
		for ; len(of) >= 2; of = of[2:] {
			i := bits.Reverse16(code) >> (16 - length)
			low[i] = of[0] + entry(length)*perCodeBit
			high[i] = of[1] + entry(length)*perCodeBit
			code += 2
		}
		if len(of) > 0 {
			low[bits.Reverse16(code)>>(16-length)] = of[0] + entry(length)*perCodeBit
			code++
		}
		next += n
	}
	mask = 1<<(length-1) - 1

	prefix, start, end := ^uint64(0), 0, int(mask)+1
	for ; length <= longest; length++ {
		code <<= 1
		n := int(count[length])
		for i, e := range sorted[next : next+n] {
			reversed := uint64(bits.Reverse16(code) >> (16 - length))
			code++
			if reversed&mask != prefix {
				prefix, start = reversed&mask, end
				sub := length - tableBits
				for used := n - i; used < 1<<sub; {
					sub++
					used = used<<1 + int(count[tableBits+sub])
				}
				end = start + 1<<sub
				table[prefix] = isPointer | entry(start)<<16 | entry(sub)<<6 | entry(tableBits)
			}
			e += entry(length-tableBits) * perCodeBit
			for j := start + int(reversed>>tableBits); j < end; j += 1 << (length - tableBits) {
				table[j] = e
			}
		}
		next += n
	}
	return mask
}
