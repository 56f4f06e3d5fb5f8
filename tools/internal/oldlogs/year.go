package oldlogs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/logfeed/logfeed/tools/internal/roundtrip"
)

// Retentions are those of stock Graphite.
const Retentions = "60s:1d,5m:30d,1h:3y"

// edges are the ages at which its archives end, but for the last.
var edges = []time.Duration{24 * time.Hour, 30 * 24 * time.Hour}

// YearOptions describe a year.
type YearOptions struct {
	Dir    string // receives the files
	Real   string // path of lines in Apache's combined format
	Days   int    // 365 by default
	Prefix string // of the series
	Seed   uint64
}

// A Year is old logs up to now, and what logfeed owes Graphite for them if it
// reads all of them in one go.
type Year struct {
	Files  []string         // in no order
	Truth  roundtrip.Points // a point a minute
	Counts Counts
}

// Counts are what has to become of the lines.
type Counts struct {
	Lines    int `json:"lines"`
	Rejected int `json:"rejected"`
	Late     int `json:"late"`
	TooOld   int `json:"too_old"`
}

// NewYear makes a year of logs with about 11 lines an hour, and two more files:
// one has a line that is late at each edge, where it might spoil what is right,
// the other lines that Graphite keeps nothing of.
func NewYear(o YearOptions) (Year, error) {
	real, err := os.ReadFile(o.Real)
	if err != nil {
		return Year{}, fmt.Errorf("read the real log: %w", err)
	}
	if o.Days == 0 {
		o.Days = 365
	}
	now := time.Now()
	logs, err := Write(Options{Dir: o.Dir, Real: real, Days: o.Days, PerHour: 11, Now: now, Edges: edges, Random: rand.New(rand.NewPCG(o.Seed, 0))})
	if err != nil {
		return Year{}, err
	}
	y := Year{Files: logs.Files}
	counted := logs.Text
	var late, tooOld []byte
	for i := len(edges) - 1; i >= 0; i-- {
		edge := now.Add(-edges[i])
		// Three hours are more than any lateness that is meant here.
		inTime := request(edge.Add(3 * time.Hour))
		late = append(append(late, inTime...), request(edge)...)
		counted = append(counted, inTime...)
		y.Counts.Late++
	}
	for i := range 5 {
		tooOld = append(tooOld, request(now.AddDate(-4, 0, i))...)
		y.Counts.TooOld++
	}
	for name, text := range map[string][]byte{"late.log": late, "too-old.log": tooOld} {
		path := filepath.Join(o.Dir, name)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return Year{}, fmt.Errorf("write an old log: %w", err)
		}
		y.Files = append([]string{path}, y.Files...)
	}
	count, err := roundtrip.CountLog(counted)
	if err != nil {
		return Year{}, err
	}
	y.Truth = count.Points(o.Prefix)
	y.Counts.Lines, y.Counts.Rejected = int(count.Total().Requests), len(count.Rejected)
	return y, nil
}

// request returns a line in the combined format.
func request(when time.Time) string {
	return fmt.Sprintf(`192.0.2.1 - - [%s] "GET / HTTP/1.1" 200 4711 "-" "-"`+"\n", when.UTC().Format("02/Jan/2006:15:04:05 -0700"))
}
