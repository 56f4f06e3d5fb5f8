//go:build !amd64

package apachelog

// appendMarks is appendMarksPlain.
func appendMarks(list []uint32, data []byte, base int) []uint32 {
	return appendMarksPlain(list, data, base)
}
