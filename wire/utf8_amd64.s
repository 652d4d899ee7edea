//go:build !purego

#include "textflag.h"

DATA textBytes<>+0(SB)/4, $0x0F0F0F0F
DATA textBytes<>+4(SB)/4, $0x60606060
DATA textBytes<>+8(SB)/4, $0x70707070
DATA textBytes<>+12(SB)/4, $0x80808080
GLOBL textBytes<>(SB), RODATA|NOPTR, $16

#define HIGH   Y8  // the three rows of textRules
#define LOW    Y9
#define NEXT   Y10
#define NIBBLE Y11 // 0x0F in all bytes
#define LEAD3  Y12 // 0x60: a byte of 0xE0 or more, less this, has its top bit set
#define LEAD4  Y13 // 0x70: a byte of 0xF0 or more, less this, has its top bit set
#define TOP    Y14 // 0x80
#define BROKEN Y15 // not 0 where a rule was broken

// LOAD loads the 32 bytes at p into Y0, and into Y1, Y2 and Y3 those that stand
// one, two and three before each: loads cost less than shuffles here.
#define LOAD(p) \
	VMOVDQU (p), Y0   \
	VMOVDQU -1(p), Y1 \
	VMOVDQU -2(p), Y2 \
	VMOVDQU -3(p), Y3

// CHECK holds what LOAD has loaded against textRules. It overwrites Y0 to Y5.
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

// func textAVX2(p []byte, rules *[3][16]uint8) bool
// As there are 35 bytes or more, three stand before the last 32.
TEXT ·textAVX2(SB), NOSPLIT, $0-33
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), DI
	MOVQ rules+24(FP), AX
	LEAQ -32(SI)(DI*1), DI // the last 32 bytes; they may overlap those before
	LEAQ -96(DI), DX       // the last 128

	VBROADCASTI128 (AX), HIGH
	VBROADCASTI128 16(AX), LOW
	VBROADCASTI128 32(AX), NEXT
	VPBROADCASTD   textBytes<>+0(SB), NIBBLE
	VPBROADCASTD   textBytes<>+4(SB), LEAD3
	VPBROADCASTD   textBytes<>+8(SB), LEAD4
	VPBROADCASTD   textBytes<>+12(SB), TOP
	VPXOR          BROKEN, BROKEN, BROKEN

	// Before the first bytes there is nothing: zeros stand for it.
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

	// What was ASCII can end no rune that has begun: from here on it is enough
	// to look for the top bits.
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

// func hasAVX2() bool
// The system must keep the upper halves of the registers, too: XCR0 says so.
TEXT ·hasAVX2(SB), NOSPLIT, $0-1
	MOVB  $0, ret+0(FP)
	MOVL  $0, AX
	CPUID
	CMPL  AX, $7
	JB    no
	MOVL  $1, AX
	MOVL  $0, CX
	CPUID
	ANDL  $0x18000000, CX // OSXSAVE and AVX
	CMPL  CX, $0x18000000
	JNE   no
	MOVL  $0, CX
	XGETBV
	ANDL  $6, AX          // XMM and YMM
	CMPL  AX, $6
	JNE   no
	MOVL  $7, AX
	MOVL  $0, CX
	CPUID
	BTL   $5, BX          // AVX2
	SETCS ret+0(FP)

no:
	RET
