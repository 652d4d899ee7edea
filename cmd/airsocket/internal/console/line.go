package console

import (
	"strings"
	"unicode"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

// A line is a text that is being edited; it may have several lines. The cursor is never
// within a character.
type line struct {
	text string
	at   int // of the cursor, in bytes
	// pasted says that the text began with a paste.
	pasted bool
}

func (l *line) set(text string) { l.text, l.at, l.pasted = text, len(text), false }

func (l *line) insert(s string, pasted bool) {
	if l.at == 0 {
		l.pasted = pasted
	}
	l.text = l.text[:l.at] + s + l.text[l.at:]
	l.at += len(s)
}

func (l *line) remove(begin, end int) {
	l.text = l.text[:begin] + l.text[end:]
	l.at = begin
}

// row returns where the line of the text begins and ends that the cursor is in.
func (l *line) row() (begin, end int) {
	begin = strings.LastIndexByte(l.text[:l.at], '\n') + 1
	if end = strings.IndexByte(l.text[l.at:], '\n'); end < 0 {
		return begin, len(l.text)
	}
	return begin, l.at + end
}

// left returns the index of the character before the cursor.
func (l *line) left() int {
	begin, _ := l.row()
	if begin == l.at {
		return max(begin-1, 0)
	}
	last := begin
	for cell := range width.Cells(l.text[begin:l.at]) {
		last, begin = begin, begin+len(cell)
	}
	return last
}

// right returns the index after the character at the cursor.
func (l *line) right() int {
	for cell := range width.Cells(l.text[l.at:]) {
		return l.at + len(cell)
	}
	return l.at
}

// wordLeft returns where the word before the cursor begins.
func (l *line) wordLeft() int {
	at := len(strings.TrimRightFunc(l.text[:l.at], isNoWord))
	return len(strings.TrimRightFunc(l.text[:at], isWord))
}

// wordRight returns where the word after the cursor ends.
func (l *line) wordRight() int {
	rest := strings.TrimLeftFunc(l.text[l.at:], isNoWord)
	return len(l.text) - len(strings.TrimLeftFunc(rest, isWord))
}

// blankLeft returns where the text before the cursor begins that has no spaces.
func (l *line) blankLeft() int {
	at := len(strings.TrimRightFunc(l.text[:l.at], unicode.IsSpace))
	return len(strings.TrimRightFunc(l.text[:at], func(r rune) bool { return !unicode.IsSpace(r) }))
}

func isWord(r rune) bool   { return !isNoWord(r) }
func isNoWord(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) }

// up moves the cursor to the line above, and reports whether there is one.
func (l *line) up() bool {
	begin, _ := l.row()
	if begin == 0 {
		return false
	}
	column := shownWidth(l.text[begin:l.at])
	l.at = begin - 1
	l.toColumn(column)
	return true
}

// down moves the cursor to the line below, and reports whether there is one.
func (l *line) down() bool {
	begin, end := l.row()
	if end == len(l.text) {
		return false
	}
	column := shownWidth(l.text[begin:l.at])
	l.at = end + 1
	l.toColumn(column)
	return true
}

// toColumn moves the cursor within its line to the character that begins at a column, or
// before it.
func (l *line) toColumn(column int) {
	begin, end := l.row()
	l.at = begin
	for cell := range width.Cells(l.text[begin:end]) {
		if column -= shownWidth(cell); column < 0 {
			return
		}
		l.at += len(cell)
	}
}

// shownWidth returns how many columns a text takes while it is edited.
func shownWidth(s string) int { return width.Text(escape.Text(s)) }
