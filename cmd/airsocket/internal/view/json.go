package view

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/width"
)

const (
	maxJSON     = 1 << 20 // a longer text is not looked at
	maxInline   = 76      // columns of a value on one line: more are hard to read
	deepest     = 20      // from here on, lines are not indented further
	indentation = "  "
)

// isJSON reports whether p is an object or an array.
func isJSON(p []byte) bool {
	if len(p) > maxJSON || !utf8.Valid(p) {
		return false
	}
	text := bytes.TrimLeft(p, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(p)
}

// jsonLines yields the lines of a valid JSON text. A value that has room on a line is not
// broken. Nothing but the space between tokens is changed: numbers, names, their order and
// escapes stay as they are, except that hidden characters are escaped.
func jsonLines(p []byte, room int) iter.Seq[[]span] {
	return func(yield func([]span) bool) {
		j := jsonText{p: p}
		room := min(room, maxInline)
		var row []span
		depth := 0
		begin := func() { row = []span{{strings.Repeat(indentation, min(depth, deepest)), color.Plain}} }
		begin()
		for tok := j.next(); tok != ""; tok = j.next() {
			switch tok {
			case "{", "[":
				if spans, after, ok := j.inline(tok, room-columns(row)); ok {
					row, j = append(row, spans...), after
					continue
				}
				row = append(row, span{tok, color.Plain})
				if !yield(row) {
					return
				}
				depth++
				begin()
			case "}", "]":
				if len(row) > 1 && !yield(row) {
					return
				}
				depth--
				begin()
				row = append(row, span{tok, color.Plain})
			case ",":
				if !yield(append(row, span{tok, color.Plain})) {
					return
				}
				begin()
			default:
				row = append(row, j.scalar(tok))
			}
		}
		yield(row)
	}
}

func columns(row []span) int {
	n := 0
	for _, s := range row {
		n += width.Text(s.text)
	}
	return n
}

// A jsonText reads the tokens of a valid JSON text.
type jsonText struct {
	p  []byte
	at int
}

// next returns the next token, or "" at the end.
func (j *jsonText) next() string {
	for j.at < len(j.p) && strings.IndexByte(" \t\r\n", j.p[j.at]) >= 0 {
		j.at++
	}
	if j.at == len(j.p) {
		return ""
	}
	begin := j.at
	j.at++
	switch j.p[begin] {
	case '{', '}', '[', ']', ',', ':':
	case '"':
		for j.p[j.at] != '"' {
			if j.p[j.at] == '\\' {
				j.at++
			}
			j.at++
		}
		j.at++
	default:
		for j.at < len(j.p) && strings.IndexByte(" \t\r\n,:]}", j.p[j.at]) < 0 {
			j.at++
		}
	}
	return string(j.p[begin:j.at])
}

// inline returns the array or object whose first token was read last, if it takes no more
// than room columns on one line, and what follows it.
func (j jsonText) inline(first string, room int) (spans []span, after jsonText, ok bool) {
	depth := 0
	for tok := first; ; tok = j.next() {
		s := span{tok, color.Plain}
		switch tok {
		case "{", "[":
			depth++
		case "}", "]":
			depth--
		case ",":
			s.text = ", "
		default:
			if len(tok) > 8*maxInline { // it need not be measured
				return nil, j, false
			}
			s = j.scalar(tok)
		}
		if room -= width.Text(s.text); room < 0 {
			return nil, j, false
		}
		if spans = append(spans, s); depth == 0 {
			return spans, j, true
		}
	}
}

// scalar returns the span for a token that is no bracket and no comma.
func (j *jsonText) scalar(tok string) span {
	switch c := tok[0]; {
	case c == ':':
		return span{": ", color.Plain}
	case c == '"':
		text := string(escape.JSON([]byte(tok)))
		if ahead := *j; ahead.next() == ":" {
			return span{text, color.Key}
		}
		return span{text, color.String}
	case c == 't' || c == 'f' || c == 'n':
		return span{tok, color.Word}
	}
	return span{tok, color.Number}
}
