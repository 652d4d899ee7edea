// Package frame writes and reads the few forms of frames that the benchmarks
// need. Do not use it with peers that are not trusted.
package frame

import (
	"fmt"
	"math/rand/v2"
	"unicode/utf8"
)

// A Charset selects the contents of a payload.
type Charset string

// The charsets. All but Binary are text.
const (
	Binary  Charset = "binary"
	ASCII   Charset = "ascii"
	Chinese Charset = "chinese" // three bytes for each character
	Russian Charset = "russian" // two bytes for each letter, with ASCII spaces between words
	JSON    Charset = "json"    // compresses about as well as the messages of real programs
)

// Valid reports whether c is one of the charsets.
func (c Charset) Valid() bool {
	switch c {
	case Binary, ASCII, Chinese, Russian, JSON:
		return true
	}
	return false
}

// Payload returns the nth payload of size bytes in a charset. It is the same
// each time.
func Payload(c Charset, size, n int) []byte {
	rnd := rand.New(rand.NewPCG(uint64(n), 2))
	b := make([]byte, 0, size+128)
	for id := 1000 * n; len(b) < size; id++ {
		b = appendPiece(b, c, id, rnd)
	}
	b = b[:size]
	if c == Chinese || c == Russian {
		padCut(b)
	}
	return b
}

func appendPiece(b []byte, c Charset, id int, rnd *rand.Rand) []byte {
	switch c {
	case ASCII:
		return append(b, ' '+byte(rnd.IntN(95)))
	case Chinese:
		return utf8.AppendRune(b, rune(0x4e00+rnd.IntN(0x51a5)))
	case Russian:
		if rnd.IntN(7) == 0 {
			return append(b, ' ')
		}
		return utf8.AppendRune(b, rune('а'+rnd.IntN(32)))
	case JSON:
		return fmt.Appendf(b, `{"id":%d,"user":"user-%x","price":%d.%02d,"side":"%s","active":%t},`,
			id, rnd.Uint32(), rnd.IntN(1000), rnd.IntN(100), []string{"buy", "sell"}[rnd.IntN(2)], rnd.IntN(2) == 0)
	}
	return append(b, byte(rnd.Uint32()))
}

// padCut replaces a character that is cut off by the end of b with spaces.
func padCut(b []byte) {
	for i := len(b) - 1; !utf8.Valid(b); i-- {
		b[i] = ' '
	}
}
