// Package stanzas holds a Carbon to the storage stanzas that logfeed prints:
// it writes two points into a series of each kind and looks at the whisper
// files that become of them.
package stanzas

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// Print runs logfeed --print-graphite-config with more flags and returns the
// two files that it prints.
func Print(ctx context.Context, logfeed string, flags ...string) (schemas, aggregation string, err error) {
	printed, err := exec.CommandContext(ctx, logfeed, append([]string{"--print-graphite-config"}, flags...)...).Output()
	if err != nil {
		return "", "", fmt.Errorf("print the stanzas: %w", err)
	}
	const second = "# storage-aggregation.conf"
	schemas, aggregation, ok := strings.Cut(string(printed), "\n"+second)
	if !ok {
		return "", "", fmt.Errorf("no line begins with %q in\n%s", second, printed)
	}
	return schemas, second + aggregation, nil
}

// The catch-alls stand behind our stanzas and are for everybody else's series.
// That of the aggregation takes the maximum of counts, as carbon's example does,
// and makes of the rest what none of our stanzas asks for.
const (
	CatchAllSchema = `
[others]
pattern = .*
retentions = 60s:7d
`
	CatchAllAggregation = `
[other_counts]
pattern = \.count$
xFilesFactor = 0
aggregationMethod = max

[other_values]
pattern = .*
xFilesFactor = 0.5
aggregationMethod = last
`
)

// A Ring is one archive that a whisper file must have.
type Ring struct {
	Step  int64
	Slots int
}

// A Probe is a series of each kind below a prefix, with two points in one step
// of the second archive.
type Probe struct {
	prefix string
	rings  []Ring
	begin  int64 // of that step
}

// methods says by which method the coarser steps of each kind of series are to
// be made.
var methods = map[string]string{
	"bytes.count":                 "sum",
	"status.2xx.count":            "sum",
	"example_org.requests.count":  "sum",
	"logfeed.lines.count":         "sum",
	"duration.ms.min":             "min",
	"duration.ms.max":             "max",
	"example_org.duration.ms.max": "max",
	"logfeed.lag.bytes":           "max",
	"logfeed.lag.seconds":         "max",
	"duration.ms.mean":            "average",
	"duration.ms.p95":             "average",
}

// The two points, and what each method makes of them.
var (
	values = []float64{3, 5}
	made   = map[string]float64{"sum": 8, "min": 3, "max": 5, "average": 4}
)

// NewProbe prepares the series below a prefix, which are to be kept in the
// given archives, the finest first. The points lie in the last step but one of
// the second archive.
func NewProbe(prefix string, now time.Time, rings ...Ring) *Probe {
	step := rings[1].Step
	return &Probe{prefix: prefix, rings: rings, begin: now.Unix()/step*step - step}
}

// Send delivers the points of the probe, and of a series that its stanzas are
// not for, to the Carbon at HOST:PORT.
func (p *Probe) Send(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return fmt.Errorf("send the probe: %w", err)
	}
	defer conn.Close()
	var b strings.Builder
	for i, v := range values {
		when := p.begin + int64(i)*p.rings[0].Step
		for ending := range methods {
			fmt.Fprintf(&b, "%s.%s %v %d\n", p.prefix, ending, v, when)
		}
		fmt.Fprintf(&b, "%s %v %d\n", p.stranger(), v, when)
	}
	if _, err := conn.Write([]byte(b.String())); err != nil {
		return fmt.Errorf("send the probe: %w", err)
	}
	return nil
}

// stranger is a series whose name only begins like ours.
func (p *Probe) stranger() string { return p.prefix + "x.bytes.count" }

// Differences compares the whisper files with what the stanzas ask for.
func (p *Probe) Differences(files map[string]whisper.File) []string {
	var wrong []string
	for ending, method := range methods {
		series := p.prefix + "." + ending
		file, ok := files[series]
		if !ok {
			wrong = append(wrong, series+" has no file")
			continue
		}
		if file.Method != method || file.XFilesFactor != 0 {
			wrong = append(wrong, fmt.Sprintf("%s is kept by %s with an xFilesFactor of %v, want %s and 0", series, file.Method, file.XFilesFactor, method))
		}
		if rings := ringsOf(file); !slices.Equal(rings, p.rings) {
			wrong = append(wrong, fmt.Sprintf("%s has archives of %v, want %v", series, rings, p.rings))
			continue
		}
		if got := file.Archives[1].Values[p.begin]; got != made[method] {
			wrong = append(wrong, fmt.Sprintf("%s has %v in the coarser step, want %v", series, got, made[method]))
		}
	}
	if file := files[p.stranger()]; file.Method != "max" || slices.Equal(ringsOf(file), p.rings) {
		wrong = append(wrong, fmt.Sprintf("%s, which is not ours, is kept by %q in %v", p.stranger(), file.Method, ringsOf(file)))
	}
	slices.Sort(wrong)
	return wrong
}

func ringsOf(file whisper.File) []Ring {
	var rings []Ring
	for _, a := range file.Archives {
		rings = append(rings, Ring{a.Step, a.Slots})
	}
	return rings
}

// Await reads the whisper files until they are right, or returns what is still
// wrong when ctx is done.
func (p *Probe) Await(ctx context.Context, dir string) error {
	for {
		files, err := whisper.ReadTree(dir)
		wrong := p.Differences(files)
		if err == nil && len(wrong) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%v):\n%s", ctx.Err(), err, strings.Join(wrong, "\n"))
		case <-time.After(100 * time.Millisecond):
		}
	}
}
