package wire

import "encoding/binary"

// xor writes the bytes of src, masked or unmasked (RFC 6455, section 5.3), to
// dst, which is as long or shorter. The lowest byte of key is for the first
// byte. dst and src are the same memory or do not overlap.
func xor(dst, src []byte, key uint32) {
	if key == 0 {
		copy(dst, src)
		return
	}
	if n := len(dst) &^ 15; n >= xorBlocksMin {
		xorBlocks(dst[:n], src[:n], key)
		dst, src = dst[n:], src[n:] // n is a multiple of 4: the key stays as it is
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

// unmask is xor in place.
func unmask(p []byte, key uint32) {
	if n := len(p) &^ 15; n >= xorBlocksMin {
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

// appendXOR appends p, masked.
func appendXOR(dst, p []byte, key uint32) []byte {
	at := len(dst)
	dst = append(dst, p...)
	if key != 0 {
		xor(dst[at:], p, key)
	}
	return dst
}

// xorWords is xor for a multiple of 16 bytes.
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
