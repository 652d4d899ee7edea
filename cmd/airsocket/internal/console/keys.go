package console

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A key is a key that was pressed, or a run of characters.
type key struct {
	code keyCode
	text string // of keyText, keyPaste and keyAlt
}

type keyCode int

const (
	keyText  keyCode = iota // characters, none of which is a control character
	keyPaste                // a text that was pasted, with \n as line ends
	keyPasteTooLong
	keyAlt     // a character with Alt
	keyControl // a character with Ctrl, of which text is the letter
	keyEnter
	keyNewline // Alt or Shift with Enter
	keyTab
	keyBackspace
	keyDelete
	keyLeft
	keyRight
	keyWordLeft
	keyWordRight
	keyUp
	keyDown
	keyHome
	keyEnd
	keyUnknown
)

const (
	escapeByte = 0x1b
	pasteEnd   = "\x1b[201~"
	// maxSequence is the length of the longest escape sequence that is waited for.
	maxSequence = 64
)

// A decoder turns the bytes that a terminal sends into keys.
type decoder struct {
	limit   int    // the most bytes of a pasted text
	pending []byte // the beginning of a sequence
	pasting bool
	size    int    // of the paste until now
	paste   []byte // nil if it is too long
}

// feed takes bytes, and calls press with each key that is complete.
func (d *decoder) feed(p []byte, press func(key)) {
	d.pending = append(d.pending, p...)
	for len(d.pending) > 0 {
		if d.pasting {
			if !d.feedPaste(press) {
				return
			}
			continue
		}
		k, n := decode(d.pending)
		if n == 0 {
			return
		}
		d.pending = d.pending[n:]
		if k.code == keyPaste {
			d.pasting = true
			continue
		}
		press(k)
	}
	d.pending = nil
}

// escaped reports whether what was received last is the Esc key, which is also the beginning
// of other keys. forget makes it a key by itself.
func (d *decoder) escaped() bool { return len(d.pending) == 1 && d.pending[0] == escapeByte }
func (d *decoder) forget()       { d.pending = nil }

// drop drops the paste that has begun.
func (d *decoder) drop() { d.pending, d.pasting, d.size, d.paste = nil, false, 0, nil }

// feedPaste takes pending bytes into the paste, and reports whether it has ended.
func (d *decoder) feedPaste(press func(key)) bool {
	i := bytes.Index(d.pending, []byte(pasteEnd))
	n := i
	if i < 0 {
		// What may be the beginning of the end stays pending.
		n = len(d.pending)
		for keep := min(len(pasteEnd)-1, n); keep > 0; keep-- {
			if strings.HasPrefix(pasteEnd, string(d.pending[n-keep:])) {
				n -= keep
				break
			}
		}
	}
	if d.size += n; d.size > d.limit {
		d.paste = nil
	} else {
		d.paste = append(d.paste, d.pending[:n]...)
	}
	if d.pending = d.pending[n:]; i < 0 {
		return false
	}
	k := key{keyPaste, lineEnds.Replace(strings.ToValidUTF8(string(d.paste), "\ufffd"))}
	if d.size > d.limit {
		k = key{code: keyPasteTooLong}
	}
	d.pending = d.pending[len(pasteEnd):]
	d.pasting, d.size, d.paste = false, 0, nil
	press(k)
	return true
}

// lineEnds makes each line end \n. Terminals paste them as \r.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// decode returns the first key of p, and how many bytes it has, or 0 if it is not complete.
// A keyPaste is the beginning of a paste.
func decode(p []byte) (k key, n int) {
	switch c := p[0]; {
	case c == escapeByte:
		return decodeEscape(p)
	case c == '\r', c == '\n':
		return key{code: keyEnter}, 1
	case c == '\t':
		return key{code: keyTab}, 1
	case c == 0x7f, c == 0x08:
		return key{code: keyBackspace}, 1
	case c < 0x20:
		return key{keyControl, string(rune('a' + c - 1))}, 1
	}
	for n < len(p) && utf8.FullRune(p[n:]) {
		r, size := utf8.DecodeRune(p[n:])
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == utf8.RuneError && size == 1 {
			if n == 0 {
				return key{code: keyUnknown}, size
			}
			break
		}
		n += size
	}
	return key{keyText, string(p[:n])}, n
}

// decodeEscape decodes a sequence that begins with Esc.
func decodeEscape(p []byte) (k key, n int) {
	if len(p) == 1 {
		return k, 0
	}
	switch p[1] {
	case '[':
		return decodeCSI(p)
	case 'O':
		if len(p) < 3 {
			return k, 0
		}
		return final("", p[2]), 3
	case escapeByte:
		return key{code: keyUnknown}, 1
	case '\r', '\n':
		return key{code: keyNewline}, 2
	case 0x7f, 0x08:
		return key{keyAlt, string(p[1:2])}, 2
	}
	if !utf8.FullRune(p[1:]) {
		return k, 0
	}
	r, size := utf8.DecodeRune(p[1:])
	if r == utf8.RuneError && size == 1 {
		return key{code: keyUnknown}, 2
	}
	return key{keyAlt, string(p[1 : 1+size])}, 1 + size
}

// decodeCSI decodes a sequence that begins with Esc and a bracket.
func decodeCSI(p []byte) (k key, n int) {
	if len(p) > 2 && p[2] == '[' { // a function key of the Linux console
		if len(p) < 4 {
			return k, 0
		}
		return key{code: keyUnknown}, 4
	}
	for i := 2; i < len(p); i++ {
		switch c := p[i]; {
		case c < 0x20 || c > 0x7e || i == maxSequence: // not a sequence
			return key{code: keyUnknown}, i
		case c >= 0x40:
			return final(string(p[2:i]), c), i + 1
		}
	}
	return k, 0
}

// final returns the key of a sequence with parameters and a last byte.
func final(parameters string, last byte) key {
	number, modifiers, _ := strings.Cut(parameters, ";")
	const shift = "2"
	word := modifiers != "" && modifiers != shift
	code := keyUnknown
	switch last {
	case 'A':
		code = keyUp
	case 'B':
		code = keyDown
	case 'C':
		if code = keyRight; word {
			code = keyWordRight
		}
	case 'D':
		if code = keyLeft; word {
			code = keyWordLeft
		}
	case 'H':
		code = keyHome
	case 'F':
		code = keyEnd
	case 'M': // Enter of the digits
		code = keyEnter
	case 'u':
		if number == "13" {
			code = keyNewline
		}
	case '~':
		switch number {
		case "1", "7":
			code = keyHome
		case "4", "8":
			code = keyEnd
		case "3":
			code = keyDelete
		case "200":
			code = keyPaste
		}
	}
	return key{code: code}
}
