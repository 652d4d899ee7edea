package extensions

import "math/bits"

// A decoding table is indexed by the next bits of the input, the earliest the
// lowest. Its first 1<<tableBits entries decide codes of at most tableBits
// bits; for longer codes they point to a second table behind them.
//
// An entry has the bits of its code in bits 0 to 4 (for a second table: those
// that are left), the number of extra bits (for a pointer: the bits that index
// the second table) in 5 to 8, its kind in 9 to 12 and in 16 to 31 the literal,
// the base of the length or distance, or the index of the second table.
type entry uint32

const (
	isLiteral entry = 1 << 9
	isPointer entry = 1 << 10
	isEnd     entry = 1 << 11
	isInvalid entry = 1 << 12
)

func (e entry) codeBits() uint  { return uint(e & 31) }
func (e entry) extraBits() uint { return uint(e >> 5 & 15) }
func (e entry) value() int      { return int(e >> 16) }

// The sizes of the tables. The second number of each is the most entries that
// any code of so many symbols with at most 15 bits can need (zlib's enough.c).
const (
	lengthTableBits   = 10
	lengthTableSize   = 1334 // 288 symbols
	distanceTableBits = 8
	distanceTableSize = 402 // 32 symbols
	codeTableBits     = 7
	codeTableSize     = 128 // 19 symbols of at most 7 bits
)

// The meaning of the symbols (RFC 1951, section 3.2.5).
var (
	lengthSymbols   [288]entry
	distanceSymbols [32]entry
	codeSymbols     [19]entry

	fixedLengths   [lengthTableSize]entry
	fixedDistances [distanceTableSize]entry
)

func init() {
	for i := range 256 {
		lengthSymbols[i] = isLiteral | entry(i)<<16
	}
	lengthSymbols[256] = isEnd
	for i, base := 257, 3; i < 285; i++ {
		extra := max(0, (i-261)/4)
		lengthSymbols[i] = entry(base)<<16 | entry(extra)<<5
		base += 1 << extra
	}
	lengthSymbols[285] = 258 << 16
	lengthSymbols[286], lengthSymbols[287] = isInvalid, isInvalid

	for i, base := 0, 1; i < 30; i++ {
		extra := max(0, i/2-1)
		distanceSymbols[i] = entry(base)<<16 | entry(extra)<<5
		base += 1 << extra
	}
	distanceSymbols[30], distanceSymbols[31] = isInvalid, isInvalid
	for i := range codeSymbols {
		codeSymbols[i] = entry(i) << 16
	}

	var lens [288]uint8
	var sorted [288]uint16
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	buildTable(fixedLengths[:], &sorted, lengthTableBits, lens[:], lengthSymbols[:])
	for i := range 32 {
		lens[i] = 5
	}
	buildTable(fixedDistances[:], &sorted, distanceTableBits, lens[:32], distanceSymbols[:])
}

// buildTable fills table for the canonical code with the given lengths (RFC
// 1951, section 3.2.2). It reports false if that is no code: too many
// codes, or too few. As in zlib a code may have no symbol at all or a single one
// of one bit; what is left of the table is invalid then. It sorts the symbols in sorted, which is lent so as not to be on
// the stack.
func buildTable(table []entry, sorted *[288]uint16, tableBits uint, lens []uint8, symbols []entry) bool {
	var count [16]int
	for _, l := range lens {
		count[l&15]++
	}
	count[0] = 0
	left, longest := 1, 0
	for l := 1; l < len(count); l++ {
		left = left<<1 - count[l]
		if left < 0 {
			return false
		}
		if count[l] != 0 {
			longest = l
		}
	}
	if left > 0 && longest > 1 {
		return false
	}

	var first [16]int
	for l := 1; l < 15; l++ {
		first[l+1] = first[l] + count[l]
	}
	for s, l := range lens {
		if l != 0 {
			sorted[first[l]] = uint16(s)
			first[l]++
		}
	}

	if left > 0 {
		for i := range table[:1<<tableBits] {
			table[i] = isInvalid | 1
			if i&1 == 0 && longest == 1 {
				table[i] = symbols[sorted[0]] | 1
			}
		}
		return true
	}
	fillTable(table, tableBits, sorted[:], &count, symbols)
	return true
}

// fillTable fills table for a complete code whose symbols are sorted by the
// length of their codes.
func fillTable(table []entry, tableBits uint, sorted []uint16, count *[16]int, symbols []entry) {
	code := uint(0) // reversed: its first bit is the lowest
	length := uint(1)
	for ; length <= tableBits; length++ {
		all := uint(1)<<length - 1
		copy(table[(all+1)/2:all+1], table)
		for range count[length] {
			table[code] = symbols[sorted[0]] | entry(length)
			sorted = sorted[1:]
			if code == all {
				for n := all + 1; n < 1<<tableBits; n *= 2 {
					copy(table[n:2*n], table)
				}
				return
			}
			code = nextCode(code, all)
		}
	}

	mask := uint(1)<<tableBits - 1
	prefix, start, end := ^uint(0), uint(0), mask+1
	for ; ; length++ {
		all := uint(1)<<length - 1
		for n := count[length]; n > 0; n-- {
			if code&mask != prefix {
				prefix, start = code&mask, end
				sub := length - tableBits
				for used := n; used < 1<<sub; {
					sub++
					used = used<<1 + count[tableBits+sub]
				}
				end = start + 1<<sub
				table[prefix] = isPointer | entry(start)<<16 | entry(sub)<<5 | entry(tableBits)
			}
			e := symbols[sorted[0]] | entry(length-tableBits)
			sorted = sorted[1:]
			for i := start + code>>tableBits; i < end; i += 1 << (length - tableBits) {
				table[i] = e
			}
			if code == all {
				return
			}
			code = nextCode(code, all)
		}
	}
}

// nextCode adds one to a reversed code that is not all ones.
func nextCode(code, all uint) uint {
	bit := uint(1) << (bits.Len(code^all) - 1)
	return code&(bit-1) | bit
}
