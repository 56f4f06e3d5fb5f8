package progress

import (
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"
)

// A Report is how far a backlog is, and how fast it goes.
type Report struct {
	Count
	Left time.Duration // -1: not known
	speed
}

// Percent is how much of what is to be read has been read. It is 100 only when
// all of it has.
func (r Report) Percent() int {
	if r.Bytes == 0 {
		return 0
	}
	return int(float64(r.BytesDone) / float64(r.Bytes) * 100)
}

// read says whether everything has been read, so that only sending is left.
func (r Report) read() bool { return r.Bytes > 0 && r.BytesDone >= r.Bytes }

// Line tells it to people, in one line. What says how long it takes and whether
// all is well stays longest where there is little room.
func (r Report) Line() Line {
	var l Line
	add := func(rank int, format string, args ...any) { l = append(l, Field{fmt.Sprintf(format, args...), rank}) }
	if r.Bytes > 0 {
		add(0, "%d %%", r.Percent())
		add(3, "%d/%d files", r.FilesDone, r.Files)
		add(6, "%s of %s", size(r.BytesDone), size(r.Bytes))
	} else {
		add(0, "%s read", size(r.Content))
	}
	if r.known && !r.read() {
		add(4, "%s lines/s", rounded(r.lines))
		add(7, "%s/s", size(int64(r.content)))
	}
	if r.known && r.read() {
		add(4, "%s points/s", rounded(r.points))
	}
	if r.Bytes > 0 {
		add(1, "%s left", clock(r.Left))
	}
	if r.Rejected > 0 {
		add(2, "%s rejected", humanize.Comma(r.Rejected))
	} else {
		add(8, "0 rejected")
	}
	add(9, "%s sent", humanize.Comma(r.Sent))
	add(5, "%s waiting", humanize.Comma(r.Waiting))
	return l
}

// Attrs are the same for a log record, in alternating names and values. Sizes
// are in bytes; what is not known is left out.
func (r Report) Attrs() []any {
	var attrs []any
	if r.Bytes > 0 {
		attrs = append(attrs, "percent", r.Percent(), "files", r.Files, "files_done", r.FilesDone,
			"bytes", r.Bytes, "bytes_done", r.BytesDone)
	}
	attrs = append(attrs, "lines", r.Lines)
	if r.known {
		attrs = append(attrs, "lines_per_second", int64(r.lines), "bytes_per_second", int64(r.content))
	}
	if r.Left >= 0 {
		attrs = append(attrs, "seconds_left", int64(r.Left/time.Second))
	}
	return append(attrs, "rejected", r.Rejected, "sent", r.Sent, "waiting", r.Waiting)
}

func size(bytes int64) string { return humanize.Bytes(uint64(max(0, bytes))) }

// rounded writes a number with three digits that count: more of them would
// only flicker.
func rounded(n float64) string {
	unit := 1.0
	for n/unit >= 1000 {
		unit *= 10
	}
	return humanize.Comma(int64(math.Round(n/unit) * unit))
}

// clock writes a duration as 0:07, 12:04, 1:12:04 or 3d 4h.
func clock(d time.Duration) string {
	seconds := int64(d / time.Second)
	switch {
	case d < 0:
		return "-:--"
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%dd %dh", seconds/86400, seconds/3600%24)
}
