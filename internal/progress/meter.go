package progress

import "time"

// A Count is what has been done at one moment. Numbers of bytes and points may
// go back, where a file has to be unpacked again.
type Count struct {
	Files     int   // to be read
	FilesDone int   // of these, read
	Bytes     int64 // to be read, as they lie on disk; 0 where that is not known
	BytesDone int64 // of these, read
	Content   int64 // bytes of lines, not compressed
	Lines     int64
	Rejected  int64
	Sent      int64 // points
	Waiting   int64 // points not sent yet
}

const (
	// spacing is the least time between two counts that are remembered.
	spacing = time.Second
	// recent is the time over which the present speed is measured: shorter and
	// the numbers cannot be read, longer and they are not the present.
	recent = 10 * time.Second
	// longest is the time over which the time left is measured. One pause, of
	// the disk or of Carbon, must not make it jump.
	longest = 60 * time.Second
)

// A Meter turns counts into reports. The zero value is ready; it is for one
// goroutine.
type Meter struct{ marks []mark }

// A mark is a count of some time ago.
type mark struct {
	at    time.Time
	count Count
}

// Report takes the count of now, and says how far that is.
func (m *Meter) Report(now time.Time, c Count) Report {
	r := Report{Count: c, Left: -1}
	if len(m.marks) > 0 {
		r.speed = m.since(now, recent).speed(now, c)
		r.Left = left(c, m.since(now, longest).speed(now, c))
	}
	if n := len(m.marks); n == 0 || now.Sub(m.marks[n-1].at) >= spacing {
		m.marks = append(m.marks, mark{now, c})
	}
	for now.Sub(m.marks[0].at) > longest {
		m.marks = m.marks[1:]
	}
	return r
}

// since returns the oldest mark that is not older than d, or the newest.
func (m *Meter) since(now time.Time, d time.Duration) mark {
	for _, one := range m.marks {
		if now.Sub(one.at) <= d {
			return one
		}
	}
	return m.marks[len(m.marks)-1]
}

// speed is what is done in a second.
type speed struct {
	known   bool
	lines   float64
	content float64 // bytes
	disk    float64 // bytes
	points  float64
}

func (m mark) speed(now time.Time, c Count) speed {
	// Within half a second too few blocks go by to tell.
	seconds := now.Sub(m.at).Seconds()
	if seconds < 0.5 {
		return speed{}
	}
	per := func(before, after int64) float64 { return max(0, float64(after-before)/seconds) }
	return speed{
		known:   true,
		lines:   per(m.count.Lines, c.Lines),
		content: per(m.count.Content, c.Content),
		disk:    per(m.count.BytesDone, c.BytesDone),
		points:  per(m.count.Sent, c.Sent),
	}
}

// left is how long it takes to read the rest or, when all is read, to send it;
// -1 if that cannot be told.
func left(c Count, s speed) time.Duration {
	rest, perSecond := float64(c.Bytes-c.BytesDone), s.disk
	if rest <= 0 {
		rest, perSecond = float64(c.Waiting), s.points
	}
	const century = 100 * 365 * 24 * 3600
	if c.Bytes == 0 || rest/perSecond > century || perSecond <= 0 {
		return -1
	}
	return time.Duration(rest / perSecond * float64(time.Second)).Round(time.Second)
}
