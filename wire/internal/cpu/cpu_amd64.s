//go:build !purego

// Only assembly can execute CPUID and XGETBV. The standard library does not export
// their results, and wire imports no other modules. This file makes nothing faster.

#include "textflag.h"

// func features() (leaf7 uint32, xcr0 uint32)
TEXT ·features(SB), NOSPLIT, $0-8
	MOVL  $0, leaf7+0(FP)
	MOVL  $0, xcr0+4(FP)
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
	MOVL  AX, xcr0+4(FP)
	MOVL  $7, AX
	MOVL  $0, CX
	CPUID
	MOVL  BX, leaf7+0(FP)

no:
	RET
