package carbon

import (
	"errors"
	"math"
	"strings"

	"github.com/logfeed/logfeed/internal/point"
)

// maxSeries is the longest series name in bytes. Carbon drops the whole
// connection for a line of 16 KiB, and files below a path of 4,096 bytes
// cannot be made.
const maxSeries = 2048

var (
	errSeries = errors.New("series name that would break the plaintext protocol")
	errValue  = errors.New("value that is not a finite number")
	errTime   = errors.New("time outside of what Whisper can store, 1 to 4294967295")
)

// checkSeries holds the last line before the wire: one bad byte in a name can
// forge another series or make Carbon drop the connection at every attempt.
// Names are made of A-Z a-z 0-9 _ - : and single dots within. Tags may follow,
// each ;NAME=VALUE of the same characters.
func checkSeries(s string) error {
	if len(s) > maxSeries {
		return errSeries
	}
	name, tags, tagged := strings.Cut(s, ";")
	for level := range strings.SplitSeq(name, ".") {
		if !isWord(level) {
			return errSeries
		}
	}
	for tagged {
		var tag string
		tag, tags, tagged = strings.Cut(tags, ";")
		key, value, ok := strings.Cut(tag, "=")
		// A tag called name would be another name of the series.
		if !ok || !isWord(key) || key == "name" || !isWord(strings.ReplaceAll(value, ".", "_")) {
			return errSeries
		}
	}
	return nil
}

func isWord(s string) bool {
	for i := range len(s) {
		if !inWord(s[i]) {
			return false
		}
	}
	return s != ""
}

func inWord(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
	case c == '_', c == '-', c == ':':
	default:
		return false
	}
	return true
}

// checkNumbers refuses what Carbon would drop or, for a time of 0, what the
// library would move to the present.
func checkNumbers(p point.Point) error {
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		return errValue
	}
	if p.Time < 1 || p.Time > math.MaxUint32 {
		return errTime
	}
	return nil
}
