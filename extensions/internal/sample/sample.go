// Package sample generates the data that the tests of compression compress.
package sample

import (
	"fmt"
	"math/rand"
)

// JSON returns n bytes of JSON that is neither random nor repetitive. Different seeds
// give similar texts.
func JSON(seed uint32, n int) []byte {
	var b []byte
	for id := 0; len(b) < n; id++ {
		seed = seed*1664525 + 1013904223
		b = fmt.Appendf(b, `{"id":%d,"user":"user-%x","price":%d.%02d,"active":%t},`, id, seed, seed>>22, seed>>25%100, seed>>31 == 0)
	}
	return b[:n]
}

// Message returns a message of n bytes. Successive messages are similar, and some of
// them have a part that cannot be compressed.
func Message(r *rand.Rand, n int) []byte {
	text := JSON(1, n)
	for range n / 50 {
		text[r.Intn(n)] = byte(' ' + r.Intn(90))
	}
	if at := r.Intn(n); r.Intn(4) == 0 {
		r.Read(text[at:])
	}
	return text
}
