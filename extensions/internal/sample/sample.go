// Package sample makes what the tests of compression compress.
package sample

import (
	"fmt"
	"math/rand"
)

// JSON returns n bytes of JSON that is neither random nor the same over and over.
// Different seeds give texts that resemble each other.
func JSON(seed uint32, n int) []byte {
	var b []byte
	for id := 0; len(b) < n; id++ {
		seed = seed*1664525 + 1013904223
		b = fmt.Appendf(b, `{"id":%d,"user":"user-%x","price":%d.%02d,"active":%t},`, id, seed, seed>>22, seed>>25%100, seed>>31 == 0)
	}
	return b[:n]
}

// Message returns one message of n bytes of a series that resemble each other,
// some of which cannot be compressed as a whole.
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
