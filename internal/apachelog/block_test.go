package apachelog

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// checkBlock holds the quick way through a block to Parse: the line comes first,
// in the middle and last, where lines end and quotation marks stand around it.
func checkBlock(t *testing.T, f *Format, p *Parser, line []byte, want error, wanted *Record) {
	t.Helper()
	if bytes.ContainsAny(line, "\n") || bytes.HasSuffix(line, []byte("\r")) {
		return // no line of a block
	}
	told, record := fmt.Sprint(want), fmt.Sprint(recordOf(wanted))
	var b Block
	for _, around := range []string{"", "\n", "\"\"\n", strings.Repeat("x", 70) + "\n", "\r\n"} {
		for _, end := range []string{"\n", "\r\n"} {
			b.Begin([]byte(around + string(line) + end + around))
			for range strings.Count(around, "\n") {
				b.skip()
			}
			var rec Record
			if err := p.ParseNext(&b, &rec); fmt.Sprint(err) != told {
				t.Fatalf("format %q, line %q: in a block %v, alone %s", f, line, err, told)
			} else if got := fmt.Sprint(recordOf(&rec)); err == nil && got != record {
				t.Fatalf("format %q, line %q: in a block\n%s, alone\n%s", f, line, got, record)
			}
			if !bytes.Equal(b.Line(), line) || b.More() != (around != "") {
				t.Fatalf("format %q: of %q the block gives %q, and more: %v", f, b.data, b.Line(), b.More())
			}
		}
	}
}

// recordOf returns what is in a record, without whose it is.
func recordOf(rec *Record) Record {
	r := *rec
	r.owner = nil
	return r
}

// TestMarks holds the marks of random data to a look at each byte.
func TestMarks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		size := r.IntN(5)
		if r.IntN(50) == 0 {
			size = r.IntN(600)
		}
		data, base := make([]byte, wordBytes*size), r.IntN(1<<30)
		seldom := 1 + r.IntN(40)
		for i := range data {
			data[i] = []byte{byte(r.IntN(256)), '"' ^ 0x80, '\n' + 1, '"' - 1}[r.IntN(4)]
			if r.IntN(seldom) == 0 {
				data[i] = "\"\n"[r.IntN(2)]
			}
		}
		want := []uint32{7}
		for i, c := range data {
			if c == '"' || c == '\n' {
				want = append(want, uint32(base+i))
			}
		}
		for name, by := range map[string]func(list []uint32, data []byte, base int) []uint32{"appendMarks": appendMarks, "appendMarksPlain": appendMarksPlain} {
			if got := by([]uint32{7}, data, base); !slices.Equal(got, want) {
				t.Fatalf("seed %d, %s of %q: %d, want %d", seed, name, data, got, want)
			}
		}
	}
}

// TestBlock sees that a block gives the lines that bytes.Lines gives, and finds
// every place where a text may end.
func TestBlock(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var b Block
	for range 2000 {
		var data []byte
		seldom := 1 + r.IntN(100)
		for range r.IntN(600) {
			c := byte('a')
			if r.IntN(seldom) == 0 {
				c = "b\"\r\n"[r.IntN(4)]
			}
			data = append(data, c)
		}
		data = append(data, '\n')
		b.Begin(data)
		for line := range bytes.Lines(data) {
			line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			if more := b.More(); !more || !bytes.Equal(b.peek(), line) {
				t.Fatalf("seed %d: %q gives %q (%v), want %q", seed, data, b.peek(), more, line)
			}
			if b.skip(); !bytes.Equal(b.Line(), line) {
				t.Fatalf("seed %d: %q gives %q, want %q", seed, data, b.Line(), line)
			}
		}
		if b.More() {
			t.Fatalf("seed %d: %q gives one more, %q", seed, data, b.peek())
		}
		b.Begin(data)
		for pos := range len(data) + 1 {
			want := len(data)
			if n := bytes.IndexAny(data[pos:], "\"\n"); n >= 0 {
				want = pos + n
			}
			if got := b.stop(pos); got != want {
				t.Fatalf("seed %d: in %q a text from %d on stops at %d, want %d", seed, data, pos, got, want)
			}
		}
	}
}

// TestDigits tries numbers of every length, and what may follow them.
func TestDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		var x uint64
		want, first, n, open := int64(0), int64(0), 0, true
		for i := range 8 {
			c := byte(r.IntN(256))
			if i < r.IntN(9) {
				c = '0' + byte(r.IntN(10))
			}
			x |= uint64(c) << (8 * i)
			if open = open && c-'0' <= 9; open {
				want, n = want*10+int64(c-'0'), n+1
			}
			if i == 2 {
				first = want
			}
		}
		if got, v := leadingDigits(x), digitsValue(x, n); got != n || v != want {
			t.Fatalf("%016x: %d digits that are %d, want %d that are %d", x, got, v, n, want)
		}
		if v, ok := threeDigits(x); ok != (n >= 3) || ok && v != first {
			t.Fatalf("%016x: three digits: %v, and they are %d, want %v and %d", x, ok, v, n >= 3, first)
		}
		if got := trailingDigits(bits.ReverseBytes64(x)); got != n {
			t.Fatalf("%016x backwards: %d digits at its end, want %d", x, got, n)
		}
	}
}

// TestQuickWay sees that usual lines go the quick way: that it exists for the
// usual formats and takes the lines of the real log.
func TestQuickWay(t *testing.T) {
	lines := realLines(t)
	for _, name := range []string{"combined", "common", "vhost_combined", "combinedio"} {
		f := compile(t, name)
		p := f.NewParser(ParserOptions{Need: Time | Status | Bytes, Text: []int{0}})
		taken, all := 0, rewrite(t, lines, name)
		var b Block
		b.Begin(append(bytes.Join(all, []byte("\n")), '\n'))
		var rec Record
		for b.More() {
			rec.adopt(p)
			p.spans = rec.spans
			if p.quickly(&b) {
				taken++
			} else {
				b.skip()
			}
		}
		if taken < len(all)*99/100 {
			t.Errorf("%s: %d of %d lines go the quick way", name, taken, len(all))
		}
	}
}
