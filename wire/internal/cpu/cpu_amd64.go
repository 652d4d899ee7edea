//go:build !purego

package cpu

func init() {
	const (
		bitAVX2    = 1 << 5
		bitsAVX512 = 1<<16 | 1<<30 // Foundation; Byte and Word

		ymm = 1<<1 | 1<<2
		zmm = ymm | 1<<5 | 1<<6 | 1<<7
	)
	leaf7, xcr0 := features()
	HasAVX2 = leaf7&bitAVX2 != 0 && xcr0&ymm == ymm
	HasAVX512 = leaf7&bitsAVX512 == bitsAVX512 && xcr0&zmm == zmm
}

// features returns EBX of CPUID's leaf 7 and the lower half of XCR0. Both are 0 if the
// processor or the operating system does not support AVX.
func features() (leaf7, xcr0 uint32)
