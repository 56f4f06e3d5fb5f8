//go:build httpdtest

package httpdtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/tools/internal/apache2"
)

// The zones in which the servers run; some are half an hour or a quarter off.
var zones = []string{"America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu", "UTC"}

// formatsPerServer keeps the logs of one server, of which every process has all
// open, to what it can have open.
const formatsPerServer = 160

// TestDifferential is the rig.
func TestDifferential(t *testing.T) {
	seed := number(t, "HTTPD_SEED", uint64(time.Now().UnixNano()))
	count := int(number(t, "HTTPD_FORMATS", 320))
	t.Logf("seed %d: HTTPD_SEED=%d HTTPD_FORMATS=%d shows a failure again", seed, seed, count)
	r := rand.New(rand.NewPCG(seed, 1))

	var total []figures
	total = append(total, runServer(t, "named", zones[0], namedFormats(t)))
	for begin := 0; begin < count; begin += formatsPerServer {
		var made []madeFormat
		for i := range min(formatsPerServer, count-begin) {
			m := randomFormat(r)
			m.name = fmt.Sprintf("random%d", begin+i)
			made = append(made, m)
		}
		n := begin / formatsPerServer
		total = append(total, runServer(t, fmt.Sprintf("random %d", n+1), zones[(n+1)%len(zones)], made))
	}
	t.Logf("\n%s", table(total))
}

// number reads a number from the environment.
func number(t *testing.T, variable string, initial uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return initial
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// namedFormats takes the named formats apart by what Compile says of them. That
// this is right shows in each line: its pieces have to make it.
func namedFormats(t *testing.T) (made []madeFormat) {
	for _, n := range named {
		f, err := apachelog.Compile(n.format)
		if err != nil {
			t.Fatalf("%s: %v", n.name, err)
		}
		if f.Ambiguous() != ambiguous[n.name] {
			t.Errorf("%s: called ambiguous: %v; warnings %q", n.name, f.Ambiguous(), f.Warnings())
		}
		m := madeFormat{name: n.name}
		rest := n.format
		literal := func(text string) {
			if text != "" {
				m.pieces = append(m.pieces, piece{text, strings.NewReplacer(`\t`, "\t", "%%", "%").Replace(text)})
			}
		}
		for _, d := range f.Directives() {
			before, after, ok := strings.Cut(rest, d)
			if !ok {
				t.Fatalf("%s: %s is not in %s", n.name, d, rest)
			}
			literal(before)
			m.pieces = append(m.pieces, piece{source: d})
			rest = after
		}
		literal(rest)
		made = append(made, m)
	}
	return made
}

// referenceColumns stand in front of the values: an id, and the request's begin
// and end in microseconds.
const referenceColumns = 3

// customLog makes the arguments of the CustomLog line that writes a format beside
// its values.
func (m madeFormat) customLog(withHuge bool) string {
	columns := append([]string{"%{UNIQUE_ID}e", "%{begin:usec}t", "%{end:usec}t"}, m.directives()...)
	log := apache2.Quote("logs/"+m.name+".log") + " " + apache2.Quote(strings.Join(columns, `\t`)+`\t\t`+m.source())
	if !withHuge {
		log += ` "expr=!(%{REQUEST_URI} =~ m#^/huge#)"`
	}
	return log
}

// runServer sends the odd requests to a server of its own and holds every line of
// every format to the values beside it.
func runServer(t *testing.T, name, zoneName string, made []madeFormat) figures {
	fig := figures{name: name + ", " + zoneName, formats: len(made)}
	t.Run(name, func(t *testing.T) {
		zone, err := time.LoadLocation(zoneName)
		if err != nil {
			t.Fatal(err)
		}
		var logs []string
		for _, m := range made {
			logs = append(logs, m.customLog(huge[m.name]))
		}
		s := startSite(t, zoneName, logs)
		s.sendAll(t, oddRequests())
		s.stop(t)
		for _, m := range made {
			lines := s.read(t, m.name+".log")
			if len(lines) < len(oddRequests())-10 {
				t.Errorf("%s: only %d lines", m.name, len(lines))
			}
			if huge[m.name] {
				checkHuge(t, m, lines)
			}
			fig.add(checkLines(t, m, zone, lines))
			capture(t, m, zoneName, lines)
		}
	})
	return fig
}

// checkHuge looks for the line of three megabytes.
func checkHuge(t *testing.T, m madeFormat, lines []string) {
	t.Helper()
	longest := 0
	for _, line := range lines {
		longest = max(longest, len(line))
	}
	if longest < 3_000_000 {
		t.Errorf("%s: the longest line has %d bytes", m.name, longest)
	}
}

// checkLines parses the lines of one format.
func checkLines(t *testing.T, m madeFormat, zone *time.Location, lines []string) (fig figures) {
	t.Helper()
	f := compileMade(t, m)
	if f == nil {
		return fig
	}
	if !f.Ambiguous() {
		fig.clear = 1
	}
	all := make([]int, len(f.Directives()))
	for i := range all {
		all[i] = i
	}
	p := f.NewParser(apachelog.ParserOptions{Need: f.Provides(), Text: all, Zone: zone})
	var rec apachelog.Record
	for n, line := range lines {
		columns := strings.SplitN(line, "\t", referenceColumns+len(all)+2)
		if len(columns) != referenceColumns+len(all)+2 || columns[len(columns)-2] != "" {
			t.Fatalf("%s, line %d: the test cannot take it apart: %.300q", m.source(), n+1, line)
		}
		values, tail := columns[referenceColumns:len(columns)-2], columns[len(columns)-1]
		if made := m.line(values); made != tail {
			t.Fatalf("%s, line %d: the test does not know the line:\n%.300q\n%.300q", m.source(), n+1, tail, made)
		}
		fig.lines++
		err := p.Parse([]byte(tail), &rec)
		wrong := ""
		if err == nil {
			wrong = differences(f, &rec, values)
		}
		switch {
		case err != nil && err.(*apachelog.LineError).Expected == "a time":
			fig.lines-- // every time is under a condition that was not met
		case err != nil:
			fig.rejected++
			if !f.Ambiguous() {
				fig.broken++
				t.Errorf("%s rejects line %d: %v\n%.300s", f, n+1, err, tail)
			}
		case wrong == "" && !rec.Ambiguous:
			fig.exact++
			if wrong := wrongTime(f, &rec, columns[1], columns[2]); wrong != "" {
				fig.wrong++
				t.Errorf("%s, line %d: %s\n%.300s", f, n+1, wrong, tail)
			}
		case !rec.Ambiguous:
			fig.wrong++
			t.Errorf("%s, line %d is wrong: %s\n%.300s", f, n+1, wrong, tail)
		case wrong == "":
			fig.flaggedExact++
		default:
			fig.flaggedWrong++
		}
		if err == nil && rec.Ambiguous && !f.Ambiguous() {
			fig.broken++
			t.Errorf("%s is not called ambiguous, and line %d is\n%.300s", f, n+1, tail)
		}
	}
	return fig
}

// compileMade compiles a format in the spelling of httpd.conf or bare.
func compileMade(t *testing.T, m madeFormat) *apachelog.Format {
	t.Helper()
	spelling := m.source()
	if strings.Contains(spelling, `\"`) || len(spelling)%2 == 0 && strings.Contains(spelling, `"`) {
		spelling = apache2.Quote(spelling)
	}
	f, err := apachelog.Compile(spelling)
	if err != nil {
		t.Errorf("httpd accepts %s: %v", spelling, err)
		return nil
	}
	if got, want := f.Directives(), m.directives(); !slices.Equal(got, want) {
		t.Errorf("%s: directives %q, want %q", spelling, got, want)
		return nil
	}
	return f
}

// differences names the first value that is not the one that httpd logged alone.
func differences(f *apachelog.Format, rec *apachelog.Record, values []string) string {
	for i, want := range values {
		if got := string(rec.Raw(i)); got != want {
			return fmt.Sprintf("%s is %.200q, want %.200q", f.Directives()[i], got, want)
		}
	}
	return ""
}

// wrongTime holds the time of a record to the begin or the end of the request in
// microseconds, cut to what the format tells. Where a warning says that the hour or
// the second is a guess, it may be wrong.
func wrongTime(f *apachelog.Format, rec *apachelog.Record, begin, end string) string {
	if f.Provides()&apachelog.Time == 0 || rec.Absent&apachelog.Time != 0 {
		return ""
	}
	warnings := strings.Join(f.Warnings(), "\n")
	got := rec.Time*1e6 + int64(rec.Nanos)/1e3
	for _, text := range []string{begin, end} {
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err.Error()
		}
		if strings.Contains(warnings, "no seconds") {
			at = at - at%60e6 + at%1e6
		}
		for _, unit := range []int64{1, 1e3, 1e6} {
			want := at - at%unit
			if got == want || got == want-12*3600e6 && strings.Contains(warnings, "before noon") {
				return ""
			}
		}
	}
	return fmt.Sprintf("time %d µs, the request began at %s and ended at %s", got, begin, end)
}

// figures are what a run showed.
type figures struct {
	name                       string
	formats, clear             int
	lines, exact               int
	flaggedExact, flaggedWrong int
	wrong, rejected            int
	broken                     int // lines of formats called unambiguous that were rejected or flagged
}

func (fig *figures) add(o figures) {
	fig.formats += o.formats
	fig.clear += o.clear
	fig.lines += o.lines
	fig.exact += o.exact
	fig.flaggedExact += o.flaggedExact
	fig.flaggedWrong += o.flaggedWrong
	fig.wrong += o.wrong
	fig.rejected += o.rejected
	fig.broken += o.broken
}

func table(list []figures) string {
	var b strings.Builder
	sum := figures{name: "all"}
	for _, fig := range list {
		sum.add(fig)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "run\tformats\tcalled unambiguous\tlines\texact\texact, flagged\twrong, flagged\twrong, unflagged\trejected\tbreaking the promise\t")
	for _, fig := range append(list, sum) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", fig.name, fig.formats, fig.clear, fig.lines, fig.exact,
			fig.flaggedExact, fig.flaggedWrong, fig.wrong, fig.rejected, fig.broken)
	}
	w.Flush()
	return b.String()
}
