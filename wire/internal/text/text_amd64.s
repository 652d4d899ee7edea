//go:build !purego

// Every text message is checked, and twice if it is echoed. Where a text is not ASCII,
// the table in Go reads it byte by byte; these kernels check 32 bytes (AVX2) or 64
// bytes (AVX-512) at a time, whatever the text. In GB/s on an AMD EPYC, as measured by
// BenchmarkWidths:
//
//	bytes         Go   unicode/utf8   AVX2   AVX-512
//	125   ASCII    8              9     19
//	1024  ASCII   22             27     85        95
//	16384 ASCII   26             48    166       251
//	125   Chinese  2              1     13
//	1024  Chinese  2              1     20        36
//	16384 Chinese  2              1     22        43
//
// Texts of less than 40 bytes are checked in Go, which saves the call, and texts of
// less than 256 bytes without AVX-512, which is not faster for short ASCII. Without
// AVX2 all texts are checked in Go.

#include "textflag.h"

DATA bytes<>+0(SB)/4, $0x0F0F0F0F
DATA bytes<>+4(SB)/4, $0x60606060
DATA bytes<>+8(SB)/4, $0x70707070
DATA bytes<>+12(SB)/4, $0x80808080
GLOBL bytes<>(SB), RODATA|NOPTR, $16

#define HIGH   Y8  // the three rows of pairRules
#define LOW    Y9
#define NEXT   Y10
#define NIBBLE Y11 // 0x0F in all bytes
#define LEAD3  Y12 // 0x60: a byte of 0xE0 or more, less this, has its top bit set
#define LEAD4  Y13 // 0x70: a byte of 0xF0 or more, less this, has its top bit set
#define TOP    Y14 // 0x80
#define BROKEN Y15 // not 0 where a rule was broken

// LOAD loads the 32 bytes at p into Y0, and the 32 bytes one, two and three bytes
// earlier into Y1, Y2 and Y3: loads cost less than shuffles here.
#define LOAD(p) \
	VMOVDQU (p), Y0   \
	VMOVDQU -1(p), Y1 \
	VMOVDQU -2(p), Y2 \
	VMOVDQU -3(p), Y3

// CHECK checks the bytes that LOAD has loaded against pairRules. It overwrites Y1 to
// Y5.
#define CHECK \
	VPSRLW   $4, Y1, Y4         \
	VPSRLW   $4, Y0, Y5         \
	VPAND    NIBBLE, Y4, Y4     \
	VPAND    NIBBLE, Y1, Y1     \
	VPAND    NIBBLE, Y5, Y5     \
	VPSHUFB  Y4, HIGH, Y4       \
	VPSHUFB  Y1, LOW, Y1        \
	VPSHUFB  Y5, NEXT, Y5       \
	VPSUBUSB LEAD3, Y2, Y2      \
	VPSUBUSB LEAD4, Y3, Y3      \
	VPAND    Y4, Y1, Y1         \
	VPOR     Y3, Y2, Y2         \
	VPAND    Y5, Y1, Y1         \
	VPAND    TOP, Y2, Y2        \
	VPXOR    Y1, Y2, Y1         \
	VPOR     Y1, BROKEN, BROKEN

// func checkAVX2(p []byte, rules *[3][16]uint8) bool
// p has at least 35 bytes, so that LOAD can read three bytes before the last 32.
TEXT ·checkAVX2(SB), NOSPLIT, $0-33
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), DI
	MOVQ rules+24(FP), AX
	LEAQ -32(SI)(DI*1), DI // the last 32 bytes; they may overlap those before
	LEAQ -96(DI), DX       // the last 128

	VBROADCASTI128 (AX), HIGH
	VBROADCASTI128 16(AX), LOW
	VBROADCASTI128 32(AX), NEXT
	VPBROADCASTD   bytes<>+0(SB), NIBBLE
	VPBROADCASTD   bytes<>+4(SB), LEAD3
	VPBROADCASTD   bytes<>+8(SB), LEAD4
	VPBROADCASTD   bytes<>+12(SB), TOP
	VPXOR          BROKEN, BROKEN, BROKEN

	// Nothing may be read before the first bytes, so zeros are shifted in.
	VMOVDQU    (SI), Y0
	ADDQ       $32, SI
	VPMOVMSKB  Y0, AX
	TESTL      AX, AX
	JZ         ascii
	VPERM2I128 $0x08, Y0, Y0, Y4
	VPALIGNR   $15, Y4, Y0, Y1
	VPALIGNR   $14, Y4, Y0, Y2
	VPALIGNR   $13, Y4, Y0, Y3
	CHECK

	PCALIGN $32
text32:
	CMPQ      SI, DI
	JAE       last
	LOAD(SI)
	ADDQ      $32, SI
	VPMOVMSKB Y0, AX
	CHECK
	TESTL     AX, AX
	JNZ       text32

	// After ASCII no rune is unfinished, so it is enough to look for the first
	// byte with its top bit set.
ascii:
	CMPQ SI, DX
	JA   ascii32

ascii128:
	VMOVDQU   (SI), Y0
	VMOVDQU   64(SI), Y1
	VPOR      32(SI), Y0, Y0
	VPOR      96(SI), Y1, Y1
	VPOR      Y1, Y0, Y0
	VPMOVMSKB Y0, AX
	TESTL     AX, AX
	JNZ       text32
	SUBQ      $-128, SI
	CMPQ      SI, DX
	JBE       ascii128

ascii32:
	CMPQ      SI, DI
	JAE       last
	VMOVDQU   (SI), Y0
	VPMOVMSKB Y0, AX
	TESTL     AX, AX
	JNZ       text32
	ADDQ      $32, SI
	JMP       ascii32

last:
	LOAD(DI)
	CHECK
	VPTEST BROKEN, BROKEN
	SETEQ  ret+32(FP)
	VZEROUPPER
	RET

#define HIGH512   Z8
#define LOW512    Z9
#define NEXT512   Z10
#define NIBBLE512 Z11
#define LEAD3512  Z12
#define LEAD4512  Z13
#define TOP512    Z14
#define BROKEN512 Z15

// CHECK512 is CHECK for 64 bytes.
#define CHECK512 \
	VPSRLW     $4, Z1, Z4                \
	VPSRLW     $4, Z0, Z5                \
	VPANDD     NIBBLE512, Z4, Z4         \
	VPANDD     NIBBLE512, Z1, Z1         \
	VPANDD     NIBBLE512, Z5, Z5         \
	VPSHUFB    Z4, HIGH512, Z4           \
	VPSHUFB    Z1, LOW512, Z1            \
	VPSHUFB    Z5, NEXT512, Z5           \
	VPSUBUSB   LEAD3512, Z2, Z2          \
	VPSUBUSB   LEAD4512, Z3, Z3          \
	VPTERNLOGD $0x80, Z4, Z5, Z1         \ // Z1 & Z4 & Z5
	VPTERNLOGD $0xA8, TOP512, Z3, Z2     \ // (Z2 | Z3) & TOP
	VPTERNLOGD $0xF6, Z1, Z2, BROKEN512  // BROKEN | Z1 ^ Z2

#define LOAD512(p) \
	VMOVDQU64 (p), Z0   \
	VMOVDQU64 -1(p), Z1 \
	VMOVDQU64 -2(p), Z2 \
	VMOVDQU64 -3(p), Z3

// func checkAVX512(p []byte, rules *[3][16]uint8) bool
// p has at least 67 bytes, so that LOAD512 can read three bytes before the last 64.
TEXT ·checkAVX512(SB), NOSPLIT, $0-33
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), DI
	MOVQ rules+24(FP), AX
	LEAQ -64(SI)(DI*1), DI // the last 64 bytes; they may overlap those before
	LEAQ -192(DI), DX      // the last 256

	VBROADCASTI32X4 (AX), HIGH512
	VBROADCASTI32X4 16(AX), LOW512
	VBROADCASTI32X4 32(AX), NEXT512
	VPBROADCASTD    bytes<>+0(SB), NIBBLE512
	VPBROADCASTD    bytes<>+4(SB), LEAD3512
	VPBROADCASTD    bytes<>+8(SB), LEAD4512
	VPBROADCASTD    bytes<>+12(SB), TOP512
	VPXORD          BROKEN512, BROKEN512, BROKEN512

	// Nothing may be read before the first bytes, so masked loads put zeros there.
	MOVQ        $-2, AX
	KMOVQ       AX, K1
	ADDQ        AX, AX
	KMOVQ       AX, K2
	ADDQ        AX, AX
	KMOVQ       AX, K3
	VMOVDQU64   (SI), Z0
	VMOVDQU8.Z  -1(SI), K1, Z1
	VMOVDQU8.Z  -2(SI), K2, Z2
	VMOVDQU8.Z  -3(SI), K3, Z3
	ADDQ        $64, SI
	VPTESTMB    TOP512, Z0, K4
	CHECK512
	KORTESTQ    K4, K4
	JZ          ascii

	PCALIGN $32
text64:
	CMPQ     SI, DI
	JAE      last
	LOAD512(SI)
	ADDQ     $64, SI
	VPTESTMB TOP512, Z0, K4
	CHECK512
	KORTESTQ K4, K4
	JNZ      text64

ascii:
	CMPQ SI, DX
	JA   ascii64

ascii256:
	VMOVDQU64 (SI), Z0
	VMOVDQU64 128(SI), Z1
	VPORQ     64(SI), Z0, Z0
	VPORQ     192(SI), Z1, Z1
	VPORQ     Z1, Z0, Z0
	VPTESTMB  TOP512, Z0, K4
	KORTESTQ  K4, K4
	JNZ       text64
	ADDQ      $256, SI
	CMPQ      SI, DX
	JBE       ascii256

ascii64:
	CMPQ      SI, DI
	JAE       last
	VMOVDQU64 (SI), Z0
	VPTESTMB  TOP512, Z0, K4
	KORTESTQ  K4, K4
	JNZ       text64
	ADDQ      $64, SI
	JMP       ascii64

last:
	LOAD512(DI)
	CHECK512
	VPTESTMD BROKEN512, BROKEN512, K4
	KORTESTW K4, K4
	SETEQ    ret+32(FP)
	VZEROUPPER
	RET
