package point

import (
	"hash/fnv"
	"strconv"
)

const (
	// MaxComponent is the longest path component in bytes. Carbon makes a
	// file name of it; 255 is the limit of most file systems, and graphite-web
	// stays readable far below that.
	MaxComponent = 64

	// Empty stands for a value that is there but holds nothing.
	Empty = "_empty"

	// None stands for an absent value, which httpd logs as "-".
	None = "none"
)

// Component makes one component of a series name out of any bytes: what is
// outside A-Z, a-z, 0-9, '_' and '-' becomes '_', nothing becomes "_empty",
// "-" becomes "none". A value longer than MaxComponent is cut and ends in a
// hash of the whole of it, so that two long values stay apart. Different
// values may become the same component; sums are therefore kept by the
// component, never by the value.
func Component(value string) string {
	switch value {
	case "":
		return Empty
	case "-":
		return None
	}
	if len(value) > MaxComponent {
		return cut(value)
	}
	if clean(value) {
		return value
	}
	return replace(value)
}

func cut(value string) string {
	h := fnv.New32a()
	h.Write([]byte(value))
	sum := strconv.FormatUint(uint64(h.Sum32())|1<<32, 16)[1:]
	return replace(value[:MaxComponent-1-len(sum)]) + "_" + sum
}

func clean(value string) bool {
	for i := range len(value) {
		if !allowed(value[i]) {
			return false
		}
	}
	return true
}

func replace(value string) string {
	b := []byte(value)
	for i, c := range b {
		if !allowed(c) {
			b[i] = '_'
		}
	}
	return string(b)
}

func allowed(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
