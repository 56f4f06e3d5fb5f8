package apachelog

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// realLines returns the lines of the real log.
func realLines(tb testing.TB) [][]byte {
	tb.Helper()
	data, err := os.ReadFile("../../testdata/apache_logs")
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

func compile(tb testing.TB, format string) *Format {
	tb.Helper()
	o := CompileOptions{Dialect: NicknameDialect(format)}
	if s, ok := Nickname(format); ok {
		format = s
	}
	f, err := CompileWith(format, o)
	if err != nil {
		tb.Fatalf("Compile(%q): %v", format, err)
	}
	return f
}

// rewrite writes the lines of the real log anew in another format. What combined
// does not tell is made up.
func rewrite(tb testing.TB, lines [][]byte, format string) [][]byte {
	from, to := compile(tb, "combined"), compile(tb, format)
	p := from.NewParser(ParserOptions{Need: Time | Status | Bytes, Text: allOf(from)})
	var out [][]byte
	var rec Record
	for n, line := range lines {
		if p.Parse(line, &rec) != nil {
			continue
		}
		var b []byte
		for i := range to.elements {
			e := &to.elements[i]
			if e.value == literal {
				b = append(b, e.lit...)
				continue
			}
			switch d := to.dirs[e.dir]; d.source {
			case "%{%d/%b/%Y:%H:%M:%S}t":
				b = append(b, rec.Raw(3)[1:21]...)
			case "%{msec_frac}t":
				b = fmt.Appendf(b, "%03d", n%1000)
			case "%{%z}t":
				b = append(b, "+0000"...)
			case "%a":
				b = append(b, rec.Raw(0)...)
			case "%v":
				b = append(b, "www.example.org"...)
			case "%X":
				b = append(b, '+')
			case "%q":
				b = append(b, "?a=b"...)
			default:
				if i := indexOf(from, d.source); i < len(from.dirs) {
					b = append(b, rec.Raw(i)...)
				} else {
					b = fmt.Append(b, rec.Bytes+int64(n%300))
				}
			}
		}
		out = append(out, b)
	}
	return out
}

// A reading is a block of the real log, rewritten in a format, and how it is read.
type reading struct {
	name   string
	data   []byte
	lines  int
	parser *Parser
	block  *Block
	record *Record
}

// readings are six formats, of which only numbers are wanted and then all text
// too, and what else is worth a look.
func readings(tb testing.TB) []reading {
	lines := realLines(tb)
	formats := httpdFormats(tb)
	var all []reading
	add := func(name, format string, text func(*Format) []int) {
		f := compile(tb, format)
		// As large as the blocks that are read from a file.
		data := append(bytes.Join(rewrite(tb, lines, format), []byte("\n")), '\n')
		data = data[:bytes.LastIndexByte(data[:min(len(data), 256<<10)], '\n')+1]
		o := ParserOptions{Need: Time | Status | Bytes, Text: text(f)}
		all = append(all, reading{name, data, bytes.Count(data, []byte("\n")), f.NewParser(o), new(Block), new(Record)})
	}
	none := func(*Format) []int { return nil }
	for _, name := range []string{"combined", "common", "vhost_combined", "combinedio", "json", "ms_times"} {
		format := name
		if text, ok := formats[name]; ok {
			format = text
		}
		add(name, format, none)
		add(name+"+text", format, allOf)
	}
	add("combined+user+agent", "combined", func(*Format) []int { return []int{2, 8} })
	add("tsv", formats["tsv"], none)
	add("unquoted(ambiguous)", `%h %l %u %t %r %>s %b %{Referer}i %{User-Agent}i`, none)
	return all
}

// parse finds the ends of the lines and reads the lines.
func (r reading) parse(tb testing.TB) {
	for r.block.Begin(r.data); r.block.More(); {
		if err := r.parser.ParseNext(r.block, r.record); err != nil {
			tb.Fatalf("%s: %v\n%s", r.name, err, r.block.Line())
		}
	}
}

// BenchmarkParse reads blocks of lines from memory.
func BenchmarkParse(b *testing.B) {
	for _, r := range readings(b) {
		b.Run(r.name, func(b *testing.B) {
			b.SetBytes(int64(len(r.data)))
			b.ReportAllocs()
			for b.Loop() {
				r.parse(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*r.lines), "ns/line")
		})
	}
}

// TestLinesAllocateNothing reads what BenchmarkParse reads.
func TestLinesAllocateNothing(t *testing.T) {
	for _, r := range readings(t) {
		if n := testing.AllocsPerRun(3, func() { r.parse(t) }); n != 0 {
			t.Errorf("%s: %v allocations for %d lines, want none", r.name, n, r.lines)
		}
	}
}
