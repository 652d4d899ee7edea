// Package width says how many columns of a terminal a text takes.
//
// Which runes are shown as one character, and which of these take two columns, is said by
// tables of Unicode that change each year, and which neither the standard library nor
// golang.org/x/text has for emoji. They come from github.com/clipperhouse/displaywidth,
// which is small, follows Unicode, and is what other terminal programs in Go are built on.
package width

import (
	"iter"

	"github.com/clipperhouse/displaywidth"
)

// MaxCell is the most bytes of a cell: the length above which a character is cut into several. It leaves room
// for families of emoji; what is longer is a letter with marks without end.
const MaxCell = 64

// Text returns how many columns s takes. It has no control characters.
func Text(s string) int {
	n := 0
	for _, w := range Cells(s) {
		n += w
	}
	return n
}

// Cells yields the characters of s as a reader sees them, and how many columns each takes:
// 0, 1 or 2. None is longer than MaxCell, whatever s is.
func Cells(s string) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		g := displaywidth.StringGraphemes(s)
		for g.Next() {
			cell, w := g.Value(), g.Width()
			for len(cell) > MaxCell {
				cut := start(cell, MaxCell)
				if !yield(cell[:cut], w) {
					return
				}
				cell, w = cell[cut:], 0
			}
			if !yield(cell, w) {
				return
			}
		}
	}
}

// start returns the last index up to i at which a rune of s begins.
func start(s string, i int) int {
	for at := i; at > i-4; at-- {
		if s[at]&0xc0 != 0x80 {
			return at
		}
	}
	return i
}
