// Package mask masks and unmasks the payloads of frames (RFC 6455, section 5.3).
//
// A key is the four bytes of a frame's masking key, read as a little-endian number:
// its lowest byte masks the first byte of the payload.
package mask

import (
	"encoding/binary"
	"math/bits"
)

// XOR masks or unmasks the first len(dst) bytes of src into dst. src must be at least
// as long as dst. The two must be the same memory or not overlap.
func XOR(dst, src []byte, key uint32) {
	if key == 0 {
		copy(dst, src)
		return
	}
	if n := len(dst) &^ 15; n >= blocksMin {
		xorBlocks(dst[:n], src[:n], key)
		dst, src = dst[n:], src[n:] // n is a multiple of 4, so the key needs no rotation
	}
	k := uint64(key)<<32 | uint64(key)
	for len(dst) >= 8 && len(src) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^k)
		dst, src = dst[8:], src[8:]
	}
	if len(dst) >= 4 && len(src) >= 4 {
		binary.LittleEndian.PutUint32(dst, binary.LittleEndian.Uint32(src)^key)
		dst, src = dst[4:], src[4:]
	}
	for i := range min(len(dst), len(src)) {
		dst[i] = src[i] ^ byte(k)
		k >>= 8
	}
}

// InPlace masks or unmasks p. It does the same as XOR(p, p, key), with fewer checks of
// bounds.
func InPlace(p []byte, key uint32) {
	if n := len(p) &^ 15; n >= blocksMin {
		xorBlocks(p[:n], p[:n], key)
		p = p[n:]
	}
	k := uint64(key)<<32 | uint64(key)
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	if len(p) >= 4 {
		binary.LittleEndian.PutUint32(p, binary.LittleEndian.Uint32(p)^key)
		p = p[4:]
	}
	for i := range p {
		p[i] ^= byte(k)
		k >>= 8
	}
}

// Append appends p, masked, to dst.
func Append(dst, p []byte, key uint32) []byte {
	at := len(dst)
	dst = append(dst, p...)
	if key != 0 {
		XOR(dst[at:], p, key)
	}
	return dst
}

// xorWords is xorBlocks in pure Go.
func xorWords(dst, src []byte, key uint32) {
	k := uint64(key)<<32 | uint64(key)
	for len(dst) >= 32 && len(src) >= 32 {
		d, s := (*[32]byte)(dst), (*[32]byte)(src)
		binary.LittleEndian.PutUint64(d[0:], binary.LittleEndian.Uint64(s[0:])^k)
		binary.LittleEndian.PutUint64(d[8:], binary.LittleEndian.Uint64(s[8:])^k)
		binary.LittleEndian.PutUint64(d[16:], binary.LittleEndian.Uint64(s[16:])^k)
		binary.LittleEndian.PutUint64(d[24:], binary.LittleEndian.Uint64(s[24:])^k)
		dst, src = dst[32:], src[32:]
	}
	for len(dst) >= 8 && len(src) >= 8 {
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(src)^k)
		dst, src = dst[8:], src[8:]
	}
}

// Rotate returns the key for a payload that continues n bytes later.
func Rotate(key uint32, n int) uint32 {
	return bits.RotateLeft32(key, -8*(n&3))
}
