// Package escape makes what a peer sends safe to print on a terminal.
package escape

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text makes s safe to print on a terminal. It escapes control characters
// (C0, including ESC and line ends, DEL and C1), characters that change how
// other text is shown (bidirectional and other format characters), and bytes
// that are not valid UTF-8. The result cannot be converted back, because
// backslashes are not escaped.
func Text(s string) string {
	if strings.IndexFunc(s, Hidden) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case Hidden(r):
			b.WriteString(escapedRune(r))
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func escapedRune(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// Hidden reports whether r is a control or format character that must be
// escaped. The zero-width joiner and non-joiner are not, because ordinary words
// and emoji contain them.
func Hidden(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = 0x200c, 0x200d
	if r < 0x7f {
		return r < 0x20
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) &&
		r != zeroWidthNonJoiner && r != zeroWidthJoiner
}

// JSON replaces the Hidden characters in a JSON text with JSON escapes.
// The value stays the same, and the text is safe to print on a terminal.
func JSON(p []byte) []byte {
	if !hasHidden(p) {
		return p
	}
	var b bytes.Buffer
	for _, r := range string(p) {
		switch {
		case !Hidden(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		}
	}
	return b.Bytes()
}

// hasHidden reports whether a text has Hidden characters. Most are long and have only ASCII.
func hasHidden(p []byte) bool {
	for i := 0; i < len(p); i++ {
		if p[i] < 0x20 || p[i] >= 0x7f {
			return bytes.ContainsFunc(p[i:], Hidden)
		}
	}
	return false
}
