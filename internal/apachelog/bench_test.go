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

// BenchmarkParse reads the real log, rewritten in several formats, from memory: the
// ends of lines are found and the lines are read.
func BenchmarkParse(b *testing.B) {
	lines := realLines(b)
	formats := httpdFormats(b)
	for _, c := range []struct {
		name, format string
		need         Field
		text         []int
	}{
		{"combined", "combined", Time | Status | Bytes, nil},
		{"common", "common", Time | Status | Bytes, nil},
		{"vhost_combined", "vhost_combined", Time | Status | Bytes, nil},
		{"combinedio", "combinedio", Time | Status | Bytes, nil},
		{"json", formats["json"], Time | Status | Bytes, nil},
		{"ms_times", formats["ms_times"], Time | Status | Bytes, nil},
		{"tsv", formats["tsv"], Time | Status | Bytes, nil},
		{"combined+user+agent", "combined", Time | Status | Bytes, []int{2, 8}},
		{"combined+all", "combined", Time | Status | Bytes, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"unquoted(ambiguous)", `%h %l %u %t %r %>s %b %{Referer}i %{User-Agent}i`, Time | Status | Bytes, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			lines := rewrite(b, lines, c.format)
			p := compile(b, c.format).NewParser(ParserOptions{Need: c.need, Text: c.text})
			// As large as the blocks that are read from a file.
			data := append(bytes.Join(lines, []byte("\n")), '\n')
			data = data[:bytes.LastIndexByte(data[:min(len(data), 256<<10)], '\n')+1]
			n := int64(bytes.Count(data, []byte("\n")))
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var block Block
			var rec Record
			for b.Loop() {
				block.Begin(data)
				for block.More() {
					if err := p.ParseNext(&block, &rec); err != nil {
						b.Fatalf("%v\n%s", err, block.Line())
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(int64(b.N)*n), "ns/line")
		})
	}
}
