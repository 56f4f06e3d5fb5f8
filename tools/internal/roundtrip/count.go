package roundtrip

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// combined is Apache's format of that name, "%h %l %u %t \"%r\" %>s %b
// \"%{Referer}i\" \"%{User-Agent}i\"", for one line without its newline.
// Within quotes a backslash makes the next byte part of the value.
var combined = regexp.MustCompile(`^(\S+) (\S+) (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" ([1-5]\d\d) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$`)

// A Minute holds the totals of the lines of one minute.
type Minute struct {
	Requests int64
	Bytes    int64
	Status   [6]int64 // by class: Status[2] counts 200 to 299; Status[0] is not used
}

// A Count holds the totals of a log in Apache's combined format.
type Count struct {
	Minutes  map[int64]Minute // by the Unix time at which the minute began
	Rejected []int            // numbers of the lines that are not in the format, from 1
}

// CountLog counts a log. The last line must end at a newline too.
func CountLog(log []byte) (Count, error) {
	c := Count{Minutes: make(map[int64]Minute)}
	number := 0
	for line := range bytes.Lines(log) {
		number++
		line, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole {
			return Count{}, fmt.Errorf("line %d, the last one, has no newline", number)
		}
		match := combined.FindSubmatch(line)
		if match == nil {
			c.Rejected = append(c.Rejected, number)
			continue
		}
		t, err := time.Parse(timeLayout, string(match[4]))
		if err != nil {
			return Count{}, fmt.Errorf("time of line %d: %w", number, err)
		}
		size := int64(0)
		if text := string(match[7]); text != "-" {
			if size, err = strconv.ParseInt(text, 10, 64); err != nil {
				return Count{}, fmt.Errorf("size of line %d: %w", number, err)
			}
		}
		start := t.Unix() / 60 * 60
		m := c.Minutes[start]
		m.Requests++
		m.Bytes += size
		m.Status[match[6][0]-'0']++
		c.Minutes[start] = m
	}
	return c, nil
}

// Starts returns the starts of the minutes that have lines, oldest first.
func (c Count) Starts() []int64 { return slices.Sorted(maps.Keys(c.Minutes)) }

// Total returns the totals of all minutes together.
func (c Count) Total() Minute {
	var total Minute
	for _, m := range c.Minutes {
		total.Requests += m.Requests
		total.Bytes += m.Bytes
		for class := range m.Status {
			total.Status[class] += m.Status[class]
		}
	}
	return total
}

// Points returns the points that logfeed owes Carbon for this log: a status
// class without lines in a minute has none there.
func (c Count) Points(prefix string) Points {
	points := make(Points)
	set := func(metric string, start, value int64) {
		series := prefix + "." + metric
		if points[series] == nil {
			points[series] = make(map[int64]float64)
		}
		points[series][start] = float64(value)
	}
	for start, m := range c.Minutes {
		set("requests.count", start, m.Requests)
		set("bytes.count", start, m.Bytes)
		for class, lines := range m.Status {
			if lines > 0 {
				set(fmt.Sprintf("status.%dxx.count", class), start, lines)
			}
		}
	}
	return points
}
