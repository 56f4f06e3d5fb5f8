#include "textflag.h"

// func markAVX2(data []byte, room []uint32, base int) int
//
// Compares 64 bytes at a time with a quotation mark (Y8) and a newline (Y9),
// gathers a bit of each byte into R8, and writes the places of the first four
// bits to room, whether they are set or not: nearly always there are no more, and
// how many of them there are no branch could foresee.
TEXT ·markAVX2(SB), NOSPLIT, $0-64
	MOVQ data_base+0(FP), SI
	MOVQ data_len+8(FP), CX
	MOVQ room_base+24(FP), DI
	MOVQ base+48(FP), R13
	MOVQ DI, R14
	SHRQ $6, CX
	JZ   done

	MOVQ         $0x22, AX
	MOVQ         AX, X8
	VPBROADCASTB X8, Y8
	MOVQ         $0x0a, AX
	MOVQ         AX, X9
	VPBROADCASTB X9, Y9

loop:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPCMPEQB  Y0, Y8, Y2
	VPCMPEQB  Y0, Y9, Y3
	VPCMPEQB  Y1, Y8, Y4
	VPCMPEQB  Y1, Y9, Y5
	VPOR      Y2, Y3, Y2
	VPOR      Y4, Y5, Y4
	VPMOVMSKB Y2, R8
	VPMOVMSKB Y4, R9
	SHLQ      $32, R9
	ORQ       R9, R8
	POPCNTQ   R8, R12
	LEAQ      (DI)(R12*4), R11

	TZCNTQ R8, R9
	ADDL   R13, R9
	MOVL   R9, (DI)
	BLSRQ  R8, R8
	TZCNTQ R8, R9
	ADDL   R13, R9
	MOVL   R9, 4(DI)
	BLSRQ  R8, R8
	TZCNTQ R8, R9
	ADDL   R13, R9
	MOVL   R9, 8(DI)
	BLSRQ  R8, R8
	TZCNTQ R8, R9
	ADDL   R13, R9
	MOVL   R9, 12(DI)
	BLSRQ  R8, R8
	JZ     next

more:
	ADDQ   $4, DI
	TZCNTQ R8, R9
	ADDL   R13, R9
	MOVL   R9, 12(DI)
	BLSRQ  R8, R8
	JNZ    more

next:
	MOVQ R11, DI
	ADDQ $64, R13
	ADDQ $64, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER

done:
	SUBQ R14, DI
	SHRQ $2, DI
	MOVQ DI, ret+56(FP)
	RET
