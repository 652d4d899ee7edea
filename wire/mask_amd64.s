//go:build !purego

#include "textflag.h"

// func xorBlocks(dst, src []byte, key uint32)
// len(dst) is a multiple of 64 and not 0, len(src) is the same.
TEXT ·xorBlocks(SB), NOSPLIT, $0-52
	MOVQ   dst_base+0(FP), DI
	MOVQ   dst_len+8(FP), CX
	MOVQ   src_base+24(FP), SI
	MOVL   key+48(FP), AX
	MOVL   AX, X0
	PSHUFL $0, X0, X0

	PCALIGN $16
loop:
	MOVOU (SI), X1
	MOVOU 16(SI), X2
	MOVOU 32(SI), X3
	MOVOU 48(SI), X4
	PXOR  X0, X1
	PXOR  X0, X2
	PXOR  X0, X3
	PXOR  X0, X4
	MOVOU X1, (DI)
	MOVOU X2, 16(DI)
	MOVOU X3, 32(DI)
	MOVOU X4, 48(DI)
	ADDQ  $64, SI
	ADDQ  $64, DI
	SUBQ  $64, CX
	JNZ   loop
	RET
