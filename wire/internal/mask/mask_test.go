package mask

import (
	"bytes"
	"fmt"
	"testing"
)

// TestXOR compares all functions with masking byte by byte, at many lengths and
// alignments, in place and into other memory.
func TestXOR(t *testing.T) {
	const key = 0x3D21FA37
	plain := make([]byte, 1400)
	for i := range plain {
		plain[i] = byte(i * 7)
	}
	for from := range 9 {
		for n := range 1300 {
			if 300 < n && n < 1000 { // no kernel has a limit in this range
				continue
			}
			src := plain[from : from+n]
			want := bytes.Clone(src)
			for i := range want {
				want[i] ^= byte(uint32(key) >> (8 * (i & 3)))
			}
			dst := make([]byte, n+1)
			dst[n] = 0xEE
			if XOR(dst[:n], src, key); !bytes.Equal(dst[:n], want) || dst[n] != 0xEE {
				t.Fatalf("XOR of %d bytes from %d on", n, from)
			}
			place := bytes.Clone(plain)
			if InPlace(place[from:from+n], key); !bytes.Equal(place[from:from+n], want) || !bytes.Equal(place[from+n:], plain[from+n:]) {
				t.Fatalf("InPlace of %d bytes from %d on", n, from)
			}
			if got := Append([]byte("a"), src, key); !bytes.Equal(got[1:], want) || got[0] != 'a' {
				t.Fatalf("Append of %d bytes from %d on", n, from)
			}
			if m := n &^ 15; m > 0 {
				clear(dst)
				if xorWords(dst[:m], src[:m], key); !bytes.Equal(dst[:m], want[:m]) || dst[m] != 0 {
					t.Fatalf("xorWords of %d bytes from %d on", m, from)
				}
				clear(dst)
				if xorBlocks(dst[:m], src[:m], key); !bytes.Equal(dst[:m], want[:m]) || dst[m] != 0 {
					t.Fatalf("xorBlocks of %d bytes from %d on", m, from)
				}
			}
		}
	}
}

// A payload that arrives in pieces continues with the rotated key.
func TestRotate(t *testing.T) {
	want := make([]byte, 64)
	XOR(want, want, 0x3D21FA37)
	for cut := range want {
		got := make([]byte, 64)
		InPlace(got[:cut], 0x3D21FA37)
		InPlace(got[cut:], Rotate(0x3D21FA37, cut))
		if !bytes.Equal(got, want) {
			t.Errorf("cut at %d", cut)
		}
	}
}

func BenchmarkUnmask(b *testing.B) {
	for _, n := range []int{6, 16, 31, 125, 1 << 10, 16 << 10, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := make([]byte, n+6)[6:] // aligned like a payload after a short header
			b.SetBytes(int64(n))
			for b.Loop() {
				InPlace(p, 0x3D21FA37)
			}
		})
	}
}
