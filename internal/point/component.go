package point

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
	return string(AppendComponent(make([]byte, 0, MaxComponent), []byte(value)))
}

// AppendComponent appends Component(value) and returns the extended slice.
func AppendComponent(dst, value []byte) []byte { return appendComponent(dst, value, allowed) }

func appendComponent(dst, value []byte, allowed func(byte) bool) []byte {
	switch {
	case len(value) == 0:
		return append(dst, Empty...)
	case len(value) == 1 && value[0] == '-':
		return append(dst, None...)
	case len(value) > MaxComponent:
		dst = appendClean(dst, value[:MaxComponent-1-hashDigits], allowed)
		return appendHash(append(dst, '_'), value)
	}
	return appendClean(dst, value, allowed)
}

// appendClean appends value with '_' in the place of what is not allowed.
func appendClean(dst, value []byte, allowed func(byte) bool) []byte {
	for _, c := range value {
		if !allowed(c) {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}

const hashDigits = 8

// appendHash appends the FNV-1a hash of value in hexadecimal digits.
func appendHash(dst, value []byte) []byte {
	h := uint32(2166136261)
	for _, c := range value {
		h = (h ^ uint32(c)) * 16777619
	}
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[h>>shift&15])
	}
	return dst
}

func allowed(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
