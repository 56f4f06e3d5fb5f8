//go:build !amd64

package apachelog

// mark is markPlain.
func mark(data []byte, stops []uint64) { markPlain(data, stops) }
