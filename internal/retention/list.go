// Package retention knows what a Carbon keeps of a series, and for how long:
// whisper's archives, in Graphite's own spelling or out of a
// storage-schemas.conf, and the step to which a line of a given age has to be
// summed so that every archive ends up exact.
//
// The package reads no clock and opens no file.
package retention

import (
	"strconv"
	"strings"
)

// An Archive is one ring of a whisper file.
type Archive struct {
	Step int64 // seconds from point to point
	Span int64 // seconds that it reaches back, a multiple of Step
}

// A List is the archives of one whisper file, the finest first. One that comes
// from Parse has at least one archive and follows whisper's rules: each step
// is a whole multiple of the one before, each span is longer, and each archive
// has at least as many points as make one of the next.
type List []Archive

// String writes the list in Graphite's syntax, such as
// "60s:1d,5m:30d,1h:3y". Parse reads the same list back.
func (l List) String() string {
	var b strings.Builder
	for i, a := range l {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.String())
	}
	return b.String()
}

func (a Archive) String() string { return spell(a.Step) + ":" + spell(a.Span) }

// spell writes a time in the largest unit that leaves a whole number. Weeks
// are left out because Graphite's own files count days, and one minute is 60s
// for the same reason.
func spell(seconds int64) string {
	for _, u := range []struct {
		letter  string
		seconds int64
	}{{"y", 365 * 86400}, {"d", 86400}, {"h", 3600}, {"m", 60}} {
		if seconds != 60 && seconds > 0 && seconds%u.seconds == 0 {
			return strconv.FormatInt(seconds/u.seconds, 10) + u.letter
		}
	}
	return strconv.FormatInt(seconds, 10) + "s"
}
