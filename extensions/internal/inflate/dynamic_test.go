package inflate_test

import (
	"errors"
	"testing"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
)

// bitWriter writes numbers lowest bit first, and codes highest bit first (RFC
// 1951, section 3.1.1).
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) number(v, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

func (w *bitWriter) code(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.number(v>>i, 1)
	}
}

// dynamicBlock returns a block with these code lengths (symbols of RFC 1951, section
// 3.2.7, each with the value of its extra bits), whose data are the bits 0001. The
// code for the code lengths has 4 bits for 0 to 12 and 5 for the others.
func dynamicBlock(lengths, distances int, symbols [][2]int) []byte {
	var w bitWriter
	w.number(0, 1)
	w.number(2, 2)
	w.number(lengths-257, 5)
	w.number(distances-1, 5)
	w.number(19-4, 4)
	for _, s := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		if s <= 12 {
			w.number(4, 3)
		} else {
			w.number(5, 3)
		}
	}
	for _, s := range symbols {
		if s[0] <= 12 {
			w.code(s[0], 4)
		} else {
			w.code(26+s[0]-13, 5)
		}
		w.number(s[1], map[int]int{16: 2, 17: 3, 18: 7}[s[0]])
	}
	w.number(8, 4)
	w.number(0, 3)
	return w.b
}

// In the valid blocks the code is 0 for "a" and 1 for the end.
func TestDynamicBlocks(t *testing.T) {
	zeros := func(n int) [2]int { return [2]int{18, n - 11} }
	one, zero := [2]int{1, 0}, [2]int{0, 0}
	code := [][2]int{zeros(97), one, zeros(138), zeros(20), one}
	with := func(more ...[2]int) [][2]int { return append(append([][2]int(nil), code...), more...) }
	for _, tt := range []struct {
		name               string
		lengths, distances int
		symbols            [][2]int
		ok                 bool
	}{
		{"valid", 257, 1, with(zero), true},
		{"one distance of one bit", 257, 1, with(one), true},
		{"286 lengths and 30 distances", 286, 30, with(zeros(29 + 30)), true},
		{"287 lengths", 287, 1, with(zeros(31)), false},
		{"31 distances", 257, 31, with(zeros(31)), false},
		{"three codes of one bit", 258, 1, with(one, zero), false},
		{"distances over-subscribed", 257, 3, with(one, one, one), false},
		{"distances incomplete", 257, 3, with([2]int{2, 0}, [2]int{2, 0}, zero), false},
		{"a repetition beyond the end", 257, 1, with(zeros(138)), false},
		{"a repetition of nothing", 257, 1, append([][2]int{{16, 0}, zeros(94)}, with(zero)[1:]...), false},
	} {
		got, err := inflate.Append(nil, dynamicBlock(tt.lengths, tt.distances, tt.symbols), inflate.MaxWindow, nil, 0)
		if tt.ok && (err != nil || string(got) != "aaa") || !tt.ok && !errors.Is(err, inflate.ErrCorrupt) {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}
