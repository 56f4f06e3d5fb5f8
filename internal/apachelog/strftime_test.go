package apachelog

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestStrftime reads what glibc wrote. A format that tells an instant gives back
// the one that it was written for, to its own precision.
func TestStrftime(t *testing.T) {
	data, err := os.ReadFile("testdata/strftime.tsv")
	if err != nil {
		t.Fatal(err)
	}
	timed := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		column := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 4)
		zone, err := time.LoadLocation(column[0])
		if err != nil {
			t.Fatal(err)
		}
		unix, err := strconv.ParseInt(column[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		format, value := column[2], column[3]
		f := compile(t, "%{"+format+"}t")
		p := f.NewParser(ParserOptions{Need: Time, Zone: zone})
		var rec Record
		if err := p.Parse([]byte(value), &rec); err != nil {
			t.Errorf("%s: %q: %v", format, value, err)
			continue
		}
		if f.Provides()&Time == 0 {
			continue
		}
		timed++
		if strings.Contains(strings.Join(f.Warnings(), ""), "no seconds") {
			unix -= unix % 60
		}
		if strings.Contains(strings.Join(f.Warnings(), ""), "before noon") && unix == rec.Time+12*3600 {
			unix = rec.Time
		}
		if rec.Time != unix && !repeated(unix, rec.Time, zone, format) {
			t.Errorf("%s in %s: %q is %d, want %d", format, zone, value, rec.Time, unix)
		}
	}
	if timed < 500 {
		t.Errorf("only %d values with a time", timed)
	}
}

// repeated says whether two instants have the same local time, as in the hour
// after the clock is put back, and the format does not tell them apart.
func repeated(a, b int64, zone *time.Location, format string) bool {
	return !strings.Contains(format, "%z") &&
		time.Unix(a, 0).In(zone).Format(time.DateTime) == time.Unix(b, 0).In(zone).Format(time.DateTime)
}

// TestEpochs reads httpd's own keywords, and words that only look like them.
func TestEpochs(t *testing.T) {
	for _, c := range []struct {
		format, line string
		unix         int64
		nanos        int32
		time         bool
	}{
		{"%{sec}t", "1795403237", 1795403237, 0, true},
		{"%{msec}t", "1795403237016", 1795403237, 16e6, true},
		{"%{usec}t", "1795403237016805", 1795403237, 16805e3, true},
		{"%{sec}t %{msec_frac}t", "1795403237 016", 1795403237, 16e6, true},
		{"%{sec}t %{msec_frac}t %{usec_frac}t", "1795403237 016 016805", 1795403237, 16805e3, true},
		{"%{usec}t %{msec_frac}t", "1795403237016805 016", 1795403237, 16805e3, true},
		{"%{usec_frac}t %t", "016805 [23/Nov/2026:03:07:17 +0000]", 1795403237, 16805e3, true},
		{"%t %{end}t", "[23/Nov/2026:03:07:17 +0000] [23/Nov/2026:03:07:18 +0000]", 1795403237, 0, true},
		{"%{end}t %t", "[23/Nov/2026:03:07:18 +0000] [23/Nov/2026:03:07:17 +0000]", 1795403237, 0, true},
		{"%{end:sec}t", "1795403237", 1795403237, 0, true},
		{"%{begin:sec}t %{end:usec}t", "1795403237 1795403238000000", 1795403237, 0, true},
		{"%{%y-%m-%d %T %z}t", "69-01-01 00:00:00 +0000", -31536000, 0, true},
		{"%{%y-%m-%d %T %z}t", "68-01-01 00:00:00 +0000", 3092601600, 0, true},
		{"%404t %{%s}t", "- 1795403237", 1795403237, 0, true},
		{"%{SEC}t", "SEC", 0, 0, false},
		{"%{msecx}t %{sec }t", "msecx sec ", 0, 0, false},
		{"%{endless}t", "endless", 0, 0, false},
		{"%{%H:%M}t %{%F}t %{%z}t", "03:07 2026-11-23 +0000", 1795403220, 0, true},
		{"%{%F %n%t%T%z}t", "2026-11-23 \n\t03:07:17+0000", 1795403237, 0, true},
	} {
		f := compile(t, c.format)
		if got := f.Provides()&Time != 0; got != c.time {
			t.Errorf("%s: time %v", c.format, got)
		}
		var rec Record
		if err := f.NewParser(ParserOptions{Need: Time}).Parse([]byte(c.line), &rec); err != nil || rec.Time != c.unix || rec.Nanos != c.nanos {
			t.Errorf("%s: %v, %d %d", c.format, err, rec.Time, rec.Nanos)
		}
	}
}

// TestTellsEnd says of formats whether the end of a request is in all of their
// lines.
func TestTellsEnd(t *testing.T) {
	for format, want := range map[string]bool{
		"%t":                         false,
		"%D":                         false,
		"%t %D":                      true,
		"%t %{ms}T":                  true,
		"%{end}t":                    true,
		"%{end:sec}t %t":             true,
		"%404{end}t":                 true,  // there is no other time
		"%404{end}t %t":              false, // not in every line
		"%404{end}t %t %T":           true,
		"%{end:msec_frac}t %t":       false,
		"%{end:%H:%M:%S}t %t":        false,
		"%{end:%F %T}t %{begin:%s}t": true,
	} {
		if got := compile(t, format).TellsEnd(); got != want {
			t.Errorf("%s tells the end: %t", format, got)
		}
	}
}

// TestTimesThatDoNotExist are rejected, also right after a good one with the same
// minute, and after a bad one again.
func TestTimesThatDoNotExist(t *testing.T) {
	for format, cases := range map[string][]string{
		"%t":                    {"[23/Nov/2026:03:07:17 +0000]", "[23/Nov/2026:03:07:1: +0000]", "[23/Nov/2026:03:07:61 +0000]", "[23/Nov/2026:03:07:7  +0000]", "[00/Nov/2026:03:07:17 +0000]", "[29/Feb/2100:03:07:17 +0000]", "[23/Nov/2026:24:07:17 +0000]", "[23/Nov/2026:03:60:17 +0000]", "[23/nov/2026:03:07:17 +0000]", "[23/Nov/2026:03:07:17 0000]", "[23/Nov/2026:03:07:17 +0060]", "[23/Nov/2026 03:07:17 +0000]", "(23/Nov/2026:03:07:17 +0000)", "", "-"},
		"%{%F %T}t":             {"2026-11-23 03:07:17", "2026-02-29 03:07:17", "2026-02-29 03:07:17", "2026-13-01 03:07:17", "2025-10-11 04:08:1", "2026-11-23 25:07:17"},
		"%{%Y-%j %T}t":          {"2026-365 00:00:00", "2026-366 00:00:00", "2026-000 00:00:00"},
		"%{usec}t":              {"1795403237016805", "", "-", "99999999999999999999", "1e9"},
		"%{msec_frac}t %{sec}t": {"016 1795403237", "16 1795403237", "0016 1795403237"},
	} {
		f := compile(t, format)
		p := f.NewParser(ParserOptions{Need: Time, Zone: time.UTC})
		var first int64
		for range 2 {
			for i, line := range cases {
				var rec Record
				if err := p.Parse([]byte(line), &rec); (err == nil) != (i == 0) {
					t.Errorf("%s: %q: %v", format, line, err)
				}
				if i == 0 && first == 0 {
					first = rec.Time
				}
				if i == 0 && rec.Time != first {
					t.Errorf("%s: %q is %d, then %d", format, line, first, rec.Time)
				}
				if err := f.NewParser(ParserOptions{Need: Time}).Parse([]byte(line), &rec); (err == nil) != (i == 0) {
					t.Errorf("%s: a new parser, %q: %v", format, line, err)
				}
			}
		}
	}
}

// TestTimeInTwo reads a time of two directives, of which one stays the same while
// a line in between is half read.
func TestTimeInTwo(t *testing.T) {
	p := compile(t, "%{%F}t %{%T}t").NewParser(ParserOptions{Need: Time, Zone: time.UTC})
	for i, line := range []string{"2026-11-23 03:07:17", "2025-10-1x 03:07:18", "2026-11-23 03:07:19"} {
		var rec Record
		if err := p.Parse([]byte(line), &rec); (err != nil) != (i == 1) || i != 1 && rec.Time != 1795403237+int64(i) {
			t.Errorf("%s: %v, %d", line, err, rec.Time)
		}
	}
}

// TestTimeByTwoWays reads times behind a user: with "-" the fast way is taken, and
// with a name another one.
func TestTimeByTwoWays(t *testing.T) {
	p := compile(t, `%u %{%F %T %z}t "%r"`).NewParser(ParserOptions{Need: Time})
	for i, line := range []string{`- 2026-11-23 03:07:17 +0000 ""`, `me 2025-10-11 04:08:18 +0100 ""`, `- 2026-11-23 03:07:17 +0000 ""`} {
		var rec Record
		if err := p.Parse([]byte(line), &rec); err != nil || rec.Time != []int64{1795403237, 1760152098, 1795403237}[i] {
			t.Errorf("%s: %v, %d", line, err, rec.Time)
		}
	}
}

// TestUnreadableTime stands beside a readable one and leaves it alone.
func TestUnreadableTime(t *testing.T) {
	p := compile(t, "%{%F %T %z}t|%{%-d%-m%Y}t|").NewParser(ParserOptions{Need: Time})
	for _, second := range []string{"17", "17", "18"} {
		var rec Record
		err := p.Parse([]byte("2026-11-23 03:07:"+second+" +0000|1101999|"), &rec)
		if err != nil || rec.Time != 1795403220+int64(second[0]-'0')*10+int64(second[1]-'0') {
			t.Errorf("second %s: %v, %d", second, err, rec.Time)
		}
	}
}

// TestZones reads times without a zone in the configured one, around the changes
// of its offset.
func TestZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, "%{%F %T}t").NewParser(ParserOptions{Need: Time, Zone: berlin})
	for at := time.Date(2026, 3, 29, 0, 0, 0, 0, berlin); at.Day() < 31; at = at.Add(599 * time.Second) {
		var rec Record
		if err := p.Parse([]byte(at.Format(time.DateTime)), &rec); err != nil || rec.Time != at.Unix() {
			t.Fatalf("%v: %v, %d", at, err, rec.Time)
		}
	}
}
