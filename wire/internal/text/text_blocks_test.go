package text

import (
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"
)

// places are the positions at which a kernel that reads blocks of 32 or 64 bytes is
// most likely to miss an error: the numbers of bytes before and after it.
var places = []struct{ before, after int }{
	{0, 40}, {28, 40}, {29, 40}, {30, 40}, {31, 40}, {32, 40}, {36, 0}, {37, 0}, {60, 1}, {61, 0}, {62, 0}, {63, 0}, {64, 0}, {65, 3}, {94, 33}, {95, 2},
	{66, 0}, {67, 0}, {124, 40}, {125, 40}, {126, 40}, {127, 40}, {128, 0}, {129, 1},
}

// among returns ASCII text with s at the i-th of places.
func among(buf []byte, i int, s []byte) []byte {
	at := places[i%len(places)]
	p := append(buf[:at.before], s...)
	return append(p, buf[len(p):len(p)+at.after]...)
}

// stride is how many sequences or runes a test goes on at a time: with -short, for a
// processor that is emulated, only some are tried.
func stride() int {
	if testing.Short() {
		return 101 // of the last byte, too, all values come up
	}
	return 1
}

// TestValidSequences checks sequences among ASCII: all sequences of two bytes, all of
// three bytes that begin with C0 or above, and all of four bytes that begin with F0 or
// above and whose last two bytes are at borders of Table 3-7.
func TestValidSequences(t *testing.T) { eachWidth(t, testValidSequences) }

func testValidSequences(t *testing.T) {
	buf := make([]byte, 200)
	check := func(i int, s []byte) {
		t.Helper()
		want := utf8.Valid(s)
		p := among(buf, i, s)
		if got := Valid(p); got != want {
			t.Fatalf("Valid(%q) = %t", p, got)
		}
		if got := Whole.walk(s) == Whole; got != want {
			t.Fatalf("walk(%q) is whole: %t", s, got)
		}
		clear(p)
	}
	for i := 0xC0 << 16; i < 1<<24; i += stride() {
		check(i>>8, []byte{byte(i >> 16), byte(i >> 8), byte(i)})
	}
	for i := range 1 << 16 {
		for at := range places {
			check(at, []byte{byte(i >> 8), byte(i)})
		}
	}
	borders := []byte{0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF}
	for i := range 1 << 12 {
		for j, c := range borders {
			for k, d := range borders {
				check(i+j+k, []byte{0xF0 | byte(i>>8), byte(i), c, d})
			}
		}
	}
}

// TestValidRunes checks every rune, complete and with its last bytes missing.
func TestValidRunes(t *testing.T) { eachWidth(t, testValidRunes) }

func testValidRunes(t *testing.T) {
	buf := make([]byte, 200)
	for r := rune(0); r <= utf8.MaxRune; r += rune(stride()) {
		if !utf8.ValidRune(r) {
			continue
		}
		s := utf8.AppendRune(nil, r)
		for n := 1; n <= len(s); n++ {
			i := int(r) + n
			p := among(buf, i, s[:n])
			missing, more := n < len(s), places[i%len(places)].after > 0
			state := Whole.After(p)
			if (state != Whole) != missing || (state == Invalid) != (missing && more) {
				t.Fatalf("state %d after %q", state, p)
			}
			clear(p)
		}
	}
}

// TestValidPlaces checks errors at all positions in texts of many lengths, including
// texts that continue in the middle of a rune.
func TestValidPlaces(t *testing.T) { eachWidth(t, testValidPlaces) }

func testValidPlaces(t *testing.T) {
	faults := []byte{0xFF, 0x80, 'a', 0xC0, 0xE0, 0xF4}
	lengths := []int{256, 319, 320, 321, 384, 577} // near the blocks of 128 and 256 bytes that are read at once
	for n := range 201 {
		lengths = append(lengths, n)
	}
	for _, text := range benchTexts {
		all := []byte(strings.Repeat(text.unit, 610/len(text.unit)+1))
		for from := range 4 {
			state := Whole.walk(all[:from])
			for _, n := range lengths {
				p := append([]byte{}, all[from:from+n]...)
				if got, want := state.After(p), state.walk(p); got != want || got == Invalid {
					t.Fatalf("state %d after %q from %d on, %d by walk", got, p, state, want)
				}
				most := 131
				if n > 200 {
					most = n
				}
				for at := range min(n, most) {
					was := p[at]
					p[at] = faults[(at+n)%len(faults)]
					if got, want := state.After(p), state.walk(p); got != want {
						t.Fatalf("state %d after %q from %d on, %d by walk", got, p, state, want)
					}
					if from == 0 && Valid(p) != utf8.Valid(p) {
						t.Fatalf("Valid(%q) = %t", p, Valid(p))
					}
					p[at] = was
				}
			}
		}
	}
}

// TestValidMutations checks texts of all kinds with bits flipped and bytes removed.
func TestValidMutations(t *testing.T) { eachWidth(t, testValidMutations) }

func testValidMutations(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	for range 20000 {
		var p []byte
		for len(p) < rnd.Intn(400) {
			unit := benchTexts[rnd.Intn(len(benchTexts))].unit
			p = append(p, strings.Repeat(unit, 1+rnd.Intn(3))...)
		}
		for range rnd.Intn(3) {
			if len(p) == 0 {
				break
			}
			if i := rnd.Intn(len(p)); rnd.Intn(2) == 0 {
				p[i] ^= 1 << rnd.Intn(8)
			} else {
				p = append(p[:i], p[i+1:]...)
			}
		}
		checkText(t, string(p), rnd)
	}
}

func TestValidAllocates(t *testing.T) {
	p := []byte(strings.Repeat("天地玄黄", 100))
	if n := testing.AllocsPerRun(100, func() { Valid(p[:len(p)-1]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
