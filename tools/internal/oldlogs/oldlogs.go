// Package oldlogs makes the logs of a long time out of real lines: one file a
// day, as a server and its logrotate leave them, half of them compressed.
package oldlogs

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Options describe the logs. All of them must be set, but Edges.
type Options struct {
	// Dir receives the files. It must exist.
	Dir string
	// Real are lines in Apache's combined format. They come in their order,
	// again and again, with other times.
	Real []byte
	// Days is how many days the files reach back, at least 4.
	Days int
	// PerHour is about how many lines an hour has, at least 4. Some hours have
	// no more than 3, some several times as many.
	PerHour int
	// Now is the time of the newest line.
	Now time.Time
	// Edges are ages around which, for hours, there are more lines.
	Edges []time.Duration
	// Random chooses the times, and the order of the files.
	Random *rand.Rand
}

// Logs are files that were made.
type Logs struct {
	Files []string // in no order
	Text  []byte   // every line of all of them, in no order
}

// newestHours is how much the newest file holds: not a whole day, so that
// the edges of Graphite's archives lie within files and not between them.
const newestHours = 17

// Write writes the files. The three in the middle overlap in time, as those
// of three servers do.
func Write(o Options) (Logs, error) {
	if o.Days < 4 || o.PerHour < 4 {
		return Logs{}, fmt.Errorf("logs of %d days with %d lines an hour, want at least 4 of each", o.Days, o.PerHour)
	}
	lines := slices.Collect(bytes.Lines(o.Real))
	var logs Logs
	texts := make([][]byte, o.Days)
	for i, when := range o.times() {
		line, err := Stamp(lines[i%len(lines)], when)
		if err != nil {
			return Logs{}, err
		}
		logs.Text = append(logs.Text, line...)
		day := o.file(when)
		texts[day] = append(texts[day], line...)
	}
	for i, text := range texts {
		path, err := o.write(i, text)
		if err != nil {
			return Logs{}, fmt.Errorf("write an old log: %w", err)
		}
		logs.Files = append(logs.Files, path)
	}
	o.Random.Shuffle(len(logs.Files), func(i, j int) { logs.Files[i], logs.Files[j] = logs.Files[j], logs.Files[i] })
	return logs, nil
}

// disorder is by how much a line may come after one that is newer, as lines
// of long requests do. It is within logfeed's lateness of half an hour.
const disorder = 25 * 60

// times returns the times of all lines in Unix seconds, in the order in which
// the lines are written.
func (o Options) times() []int64 {
	now := o.Now.Unix()
	var times []int64
	for hour := now - int64(o.Days)*86400; hour < now; hour += 3600 {
		n := 3 + o.Random.IntN(2*(o.PerHour-3))
		switch o.Random.IntN(20) {
		case 0:
			n = 3
		case 1:
			n *= 4
		}
		for range n {
			times = append(times, hour+o.Random.Int64N(3600))
		}
	}
	for _, edge := range o.Edges {
		times = append(times, o.around(now-int64(edge/time.Second))...)
	}
	times = append(times, now)
	written := make(map[int64]int64) // when a line of the given time was
	for _, when := range times {
		written[when] = when + o.Random.Int64N(disorder)
	}
	slices.SortFunc(times, func(a, b int64) int { return cmp.Compare(written[a], written[b]) })
	return times
}

// around returns more times around an edge: some lines a minute from one hour
// before it to three after it, and every second of two minutes at the edge.
func (o Options) around(edge int64) []int64 {
	var times []int64
	for range 600 {
		times = append(times, edge-3600+o.Random.Int64N(4*3600))
	}
	for second := edge - 60; second < edge+60; second++ {
		times = append(times, second)
	}
	return times
}

// file returns the number of the file that takes a line of the given time.
func (o Options) file(when int64) int {
	newest := o.Now.Unix() - newestHours*3600
	day := o.Days - 1
	if when < newest {
		day = max(0, o.Days-2-int((newest-when-1)/86400))
	}
	if middle := o.Days / 2; day >= middle-1 && day <= middle+1 {
		return middle - 1 + o.Random.IntN(3)
	}
	return day
}

// Stamp returns a copy of the line with another time, in Unix seconds.
func Stamp(line []byte, when int64) ([]byte, error) {
	const layout = "[02/Jan/2006:15:04:05 -0700]"
	at := bytes.IndexByte(line, '[')
	if at < 0 || at+len(layout) > len(line) || line[at+len(layout)-1] != ']' {
		return nil, fmt.Errorf("no time in the line %.80q", line)
	}
	stamped := bytes.Clone(line)
	copy(stamped[at:], time.Unix(when, 0).UTC().Format(layout))
	return stamped, nil
}

// write writes one file under the name that logrotate would have given it by
// now, every second one compressed.
func (o Options) write(number int, text []byte) (path string, err error) {
	path = filepath.Join(o.Dir, "access.log")
	if age := o.Days - 1 - number; age > 0 {
		path = fmt.Sprintf("%s.%d", path, age)
	}
	if number%2 == 1 {
		return path, os.WriteFile(path, text, 0o644)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		return "", err
	}
	path += ".gz"
	return path, os.WriteFile(path, packed.Bytes(), 0o644)
}
