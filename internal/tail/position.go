package tail

import (
	"bytes"
	"crypto/sha256"
)

// A Position is a place in one generation of a file, always the start of a
// line.
type Position struct {
	// Offset counts bytes from the beginning, of a compressed file those of
	// its uncompressed content.
	Offset int64
}

const (
	// headSize is how far the fingerprint of a file grows. Some ten lines of
	// an access log, with their times, are hardly ever the same in two files.
	headSize = 1024
	// headEnough is the least fingerprint by which content is recognised in
	// another inode: less may be one line of a health check.
	headEnough = 256
	// markerSize is how many bytes before a position are remembered, to see
	// that what was read is still there.
	markerSize = 256
)

// A Digest identifies a run of bytes by its length and its hash. It stays the
// same across processes.
type Digest struct {
	Len int
	Sum [16]byte
}

// digest of nothing is the zero Digest.
func digest(b []byte) Digest {
	if len(b) == 0 {
		return Digest{}
	}
	sum := sha256.Sum256(b)
	d := Digest{Len: len(b)}
	copy(d.Sum[:], sum[:])
	return d
}

// marker returns the digest of the last markerSize bytes of b.
func marker(b []byte) Digest {
	return digest(lastBytes(b, markerSize))
}

func lastBytes(b []byte, n int) []byte {
	return b[max(0, len(b)-n):]
}

// answer is what a comparison with an incomplete file can say.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// A fingerprint holds the first bytes of a file, or after a restart only
// their digest. It grows with the file up to headSize.
type fingerprint struct {
	raw []byte
	sum Digest
}

func fingerprintOf(head []byte) fingerprint {
	head = head[:min(len(head), headSize)]
	return fingerprint{raw: bytes.Clone(head), sum: digest(head)}
}

// size is the number of bytes that the fingerprint covers.
func (p fingerprint) size() int { return p.sum.Len }

// begins says whether content that starts with head starts with p too. The
// answer is maybe when head is too short to tell.
func (p fingerprint) begins(head []byte) answer {
	if len(head) >= p.sum.Len {
		if len(p.raw) == p.sum.Len {
			// The bytes themselves are compared faster than digested, which
			// matters where thousands of files are compared with each other.
			if bytes.Equal(head[:p.sum.Len], p.raw) {
				return yes
			}
			return no
		}
		if digest(head[:p.sum.Len]) == p.sum {
			return yes
		}
		return no
	}
	if len(p.raw) == p.sum.Len && !p.holds(head) {
		return no
	}
	return maybe
}

// holds says whether content b is known to be the beginning of p.
func (p fingerprint) holds(b []byte) bool {
	return len(p.raw) >= len(b) && bytes.HasPrefix(p.raw, b)
}
