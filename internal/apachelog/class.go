package apachelog

// byteSet is a set of bytes: which ones a value can hold.
type byteSet [4]uint64

func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *byteSet) add(c byte) { s[c>>6] |= 1 << (c & 63) }

func (s *byteSet) union(t byteSet) {
	for i := range s {
		s[i] |= t[i]
	}
}

func (s *byteSet) meets(t byteSet) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

// setOf returns the set of the given bytes; "a-z" in it is a range.
func setOf(spec string) byteSet {
	var s byteSet
	for i := 0; i < len(spec); i++ {
		if i+2 < len(spec) && spec[i+1] == '-' {
			for c := int(spec[i]); c <= int(spec[i+2]); c++ {
				s.add(byte(c))
			}
			i += 2
			continue
		}
		s.add(spec[i])
	}
	return s
}

// The value grammars' bytes. httpd escapes quotation marks, control bytes and
// everything from 0x7f up in texts and tokens, so those delimit; setText and
// setToken leave them out and scanning is free to tolerate those that do no harm.
var (
	setText    = setOf(" !#-~")
	setToken   = setOf("!#-~")
	setDigits  = setOf("0-9")
	setSigned  = setOf("0-9-")
	setDecimal = setOf("0-9.+-")
	setHex     = setOf("0-9a-f")
	setID      = setOf("0-9A-Za-z+/@_-")
	setIP      = setOf("0-9A-Za-z.:%_-")
	setFlags   = setOf("+X-")
	setCLF     = setOf("0-9A-Za-z/: +[]-")
)

// setRaw is everything but the ends of lines.
var setRaw = func() (s byteSet) {
	for c := range 256 {
		if c != '\n' && c != '\r' {
			s.add(byte(c))
		}
	}
	return s
}()

// addressBytes are those of an address without a zone.
var addressBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = hexDigit(byte(c)) >= 0 || c == '.' || c == ':'
	}
	return t
}()
