package main

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// grammars are all that a line may be that leaves logfeed, by --naming.
var grammars = map[string]*regexp.Regexp{
	"tree": regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+ -?[0-9.]+ [0-9]{10}\n$`),
	"tags": regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+(;[A-Za-z0-9_-]+=[A-Za-z0-9_.:-]{1,64})* -?[0-9.]+ [0-9]{10}\n$`),
}

// hostile are values that clients choose, and what becomes of them otherwise.
var hostile = []string{
	"", "-", "a", "a.b", "a_b", "a/b", ".", "..", "../../etc/passwd", "a;b=c", ";", "~", "~a", "=", "name", "_other", "none",
	"evil 1 1700000000\napache.forged.count 1 1700000000", "a\tb\r\n", "\x00", "a\x00b", "caf\xe9", "café", "\xff\xfe", "a\u00a0b\u2003c",
	"{a=\"b\"}", "a*b?[c]", "%s%n", `a"b`, `a\b`, `\`, `\n`, "www.example.com:8080", "[::1]:80", "-a", "a-", strings.Repeat("x", 64), strings.Repeat("x", 65),
	strings.Repeat("/long", 1638) + "a", strings.Repeat("/long", 1638) + "b", strings.Repeat("é.", 4000),
}

// escape writes a value as httpd does within quotation marks.
func escape(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// cleaned is what the documentation says of a value, the slow way.
func cleaned(naming, value string) string {
	forbidden := regexp.MustCompile(`(?s)[^A-Za-z0-9_-]`)
	if naming == "tags" {
		forbidden = regexp.MustCompile(`(?s)[^A-Za-z0-9_.:-]`)
	}
	latin := func(s string) string { // a regular expression looks at characters, and we at bytes
		var runes []rune
		for _, c := range []byte(s) {
			runes = append(runes, rune(c))
		}
		return string(runes)
	}
	switch {
	case value == "":
		return "_empty"
	case value == "-":
		return "none"
	case len(value) > 64:
		h := fnv.New32a()
		h.Write([]byte(value))
		return forbidden.ReplaceAllString(latin(value[:55]), "_") + fmt.Sprintf("_%08x", h.Sum32())
	}
	return forbidden.ReplaceAllString(latin(value), "_")
}

// seriesOf names the series of the lines with the given values.
func seriesOf(naming, vhost, user, tenant string) string {
	vhost, user, tenant = cleaned(naming, vhost), cleaned(naming, user), cleaned(naming, tenant)
	if naming == "tags" {
		return fmt.Sprintf("apache.requests.count;X-Tenant=%s;host=web1;user=%s;vhost=%s", tenant, user, vhost)
	}
	return fmt.Sprintf("apache.web1.%s.%s.%s.requests.count", vhost, user, tenant)
}

const hostileFormat = `%v "%u" "%{X-Tenant}i" %t %>s %O`

// hostileLine is what httpd writes. The name of a virtual host is a word.
func hostileLine(vhost, user, tenant string, when int64) string {
	if user == "" {
		user = `""`
	} else {
		user = escape(user)
	}
	return escape(vhost) + ` "` + user + `" "` + escape(tenant) + `" ` + time.Unix(when, 0).UTC().Format("[02/Jan/2006:15:04:05 -0700]") + " 200 10\n"
}

// word makes a word of a value.
func word(value string) string {
	if value == "" {
		return "-"
	}
	return strings.ReplaceAll(value, " ", "+")
}

var namingArgs = map[string][]string{
	"tree": {"--naming", "tree", "--prefix", "apache.web1"},
	"tags": {"--naming", "tags", "--prefix", "apache;host=web1"},
}

// TestHostileNames sends what clients may choose to a Carbon and into a file.
// Every line is one of a point, each value counts where the documentation says,
// and nothing is lost or counted twice.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	values := slices.Clone(hostile)
	for range 200 {
		b := make([]byte, chance.IntN(100))
		for i := range b {
			b[i] = byte(chance.IntN(256))
		}
		values = append(values, string(b))
	}
	const begin = 1768046400
	type line struct{ vhost, user, tenant string }
	var lines []line
	for _, v := range values {
		lines = append(lines, line{word(v), "u", "t"}, line{"v", v, "t"}, line{"v", "u", v})
	}
	for range 3000 {
		lines = append(lines, line{word(values[chance.IntN(len(values))]), values[chance.IntN(len(hostile))], values[chance.IntN(10)]})
	}
	for naming, grammar := range grammars {
		t.Run(naming, func(t *testing.T) {
			t.Parallel()
			carbon, dir := listen(t), t.TempDir()
			log, file := filepath.Join(dir, "access.log"), filepath.Join(dir, "points")
			var text strings.Builder
			want := make(map[string]int)
			for i, l := range lines {
				when := begin + int64(i/1000)*60
				text.WriteString(hostileLine(l.vhost, l.user, l.tenant, when))
				want[fmt.Sprintf("%s %d", seriesOf(naming, l.vhost, l.user, l.tenant), when)]++
			}
			if err := os.WriteFile(log, []byte(text.String()), 0o666); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"--from-start", "--once", "--max-series", "1000000", "--format", hostileFormat,
				"--by", "vhost,user,%{X-Tenant}i", "--carbon", "file://" + file}, namingArgs[naming]...)
			if code := start(t, carbon, append(args, log)...).exit(t); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			points, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(points)) {
				if !grammar.MatchString(line) {
					t.Errorf("line %q", line)
				}
			}
			got := countsOfLines(t, carbon.Final())
			if !maps.Equal(got, want) {
				t.Errorf("%d cells, want %d", len(got), len(want))
				for cell, n := range want {
					if got[cell] != n {
						t.Errorf("%s: %d, want %d", cell, got[cell], n)
						break
					}
				}
			}
			if !maps.Equal(carbon.Final(), cellsIn(t, file)) || carbon.Counts().Bad != 0 {
				t.Errorf("the file holds something else than Carbon, or Carbon has %d bad lines", carbon.Counts().Bad)
			}
		})
	}
}

// countsOfLines returns the counts of lines by series and time.
func countsOfLines(t *testing.T, cells map[carbontest.Key]string) map[string]int {
	t.Helper()
	all := make(map[string]int)
	for key, value := range cells {
		if !strings.HasSuffix(point.Name(key.Series), ".requests.count") {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprintf("%s %d", key.Series, key.Time)] += n
	}
	return all
}

// FuzzSeries takes values the whole way: from a line of a log, as httpd would
// write it or as it stands, through the parser, the groups, a table and the
// ledger to the bytes for Carbon. Every line that counts is in a series whose
// line is one of a point.
func FuzzSeries(f *testing.F) {
	for i, v := range hostile {
		f.Add(v, hostile[(i+7)%len(hostile)], i%2 == 0, uint8(i))
	}
	type way struct {
		naming string
		c      *config
	}
	var ways []way
	for _, naming := range []string{"tree", "tags"} {
		c, _, wrong := parseArgs(append([]string{"--format", hostileFormat, "--by", "vhost,user,%{X-Tenant}i", "--max-series", "200", "--dry-run", "-"}, namingArgs[naming]...))
		if len(wrong.all) > 0 {
			f.Fatal(wrong.all)
		}
		ways = append(ways, way{naming, c})
	}
	f.Fuzz(func(t *testing.T, a, b string, raw bool, n uint8) {
		const when = 1768046400
		var text strings.Builder
		for i := range int(n%20) + 1 {
			v := []string{a, b, a + b, strconv.Itoa(i)}
			line := hostileLine(word(v[i%4]), v[(i/2)%4], v[i%3], when+int64(i))
			if raw {
				line = fmt.Sprintf("%s \"%s\" \"%s\" [10/Jan/2026:12:00:0%d +0000] 200 10\n", v[i%4], v[(i/2)%4], v[i%3], i%10)
			}
			text.WriteString(line)
		}
		for _, way := range ways {
			out, counted, refused, lines := throughAll(way.c, text.String(), when)
			if counted+refused != lines {
				t.Errorf("%s: of %d lines %d count and %d are refused", way.naming, lines, counted, refused)
			}
			if !raw && refused > 0 {
				t.Errorf("%s: %d lines of httpd are refused", way.naming, refused)
			}
			sum := int64(0)
			for line := range strings.Lines(out) {
				if !grammars[way.naming].MatchString(line) {
					t.Errorf("%s: line %q", way.naming, line)
				}
				series, rest, _ := strings.Cut(line, " ")
				if strings.HasSuffix(point.Name(series), ".requests.count") {
					value, _, _ := strings.Cut(rest, " ")
					one, err := strconv.ParseInt(value, 10, 64)
					if err != nil {
						t.Error(err)
					}
					sum += one
				}
			}
			if sum != counted {
				t.Errorf("%s: %d lines count, and %d are in the series", way.naming, counted, sum)
			}
		}
	})
}

// throughAll returns what becomes of a log.
func throughAll(c *config, text string, now int64) (out string, counted, refused, lines int64) {
	w := newWorker(c, false)
	ledger := rollup.NewLedger(c.rollup)
	w.take(tail.Batch{Path: "access.log", Log: "access.log", Data: []byte(text)}, c.logs.of("access.log"), time.Unix(now, 0))
	w.sum()
	outcome := ledger.Merge(w.table)
	ledger.Flush()
	var bytes []byte
	for p := range ledger.Changed() {
		bytes = point.Append(bytes, p)
	}
	for _, one := range w.refused.all {
		refused += one.lines
	}
	return string(bytes), outcome.Counted, refused, w.lines
}
