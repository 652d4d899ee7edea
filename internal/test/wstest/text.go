package wstest

import "strings"

// TextOf returns a text of n bytes with characters of 1 to 4 bytes.
func TextOf(n int) string {
	const sample = "a\u00e9\u20ac\U0001d11e"
	s := strings.Repeat(sample, n/len(sample))
	return s + strings.Repeat("z", n-len(s))
}
