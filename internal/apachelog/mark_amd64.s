#include "textflag.h"

// func markAVX2(data []byte, stops []uint64)
//
// Compares 64 bytes at a time with a quotation mark (Y8) and a newline (Y9) and
// gathers a bit of each byte into one word of stops.
TEXT ·markAVX2(SB), NOSPLIT, $0-48
	MOVQ data_base+0(FP), SI
	MOVQ data_len+8(FP), CX
	MOVQ stops_base+24(FP), DI
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
	MOVQ      R8, (DI)
	ADDQ      $64, SI
	ADDQ      $8, DI
	DECQ      CX
	JNZ       loop
	VZEROUPPER

done:
	RET
