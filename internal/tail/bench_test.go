package tail

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// BenchmarkBacklog reads a file of 256 MiB from the page cache.
func BenchmarkBacklog(b *testing.B) {
	for _, end := range []string{"", ".gz", ".zst", "stdin"} {
		b.Run("form"+end, func(b *testing.B) {
			d := newDir(b)
			line := []byte("192.0.2.1 - - [10/Jan/2026:12:00:00 +0000] \"GET /index.html HTTP/1.1\" 200 5123 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n")
			text := bytes.Repeat(line, (256<<20)/len(line))
			content := text
			if strings.HasPrefix(end, ".") {
				content = pack(b, end, text)
			}
			d.must(os.WriteFile(d.at("a"+end), content, 0o644))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				o := Options{Patterns: []string{d.at("a" + end)}, FromStart: true, Once: true}
				if end == "stdin" {
					o.Patterns, o.Stdin = []string{"-"}, bytes.NewReader(text)
				}
				f, err := New(o)
				if err != nil {
					b.Fatal(err)
				}
				for batch := range f.Batches(b.Context()) {
					batch.Release()
				}
			}
		})
	}
}

// BenchmarkIdle is one second of a follower of many quiet files without events.
func BenchmarkIdle(b *testing.B) {
	for _, n := range []int{1, 1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := newDir(b)
			for i := range n {
				d.write(fmt.Sprintf("%d.log", i), "a line\n")
			}
			f, err := New(Options{Patterns: []string{d.at("*.log")}, NoWatch: true})
			if err != nil {
				b.Fatal(err)
			}
			f.begin()
			defer f.close()
			f.scan(time.Now())
			b.ReportAllocs()
			for b.Loop() {
				if f.placesChanged() {
					b.Fatal("the directory has changed")
				}
				f.lookAll(time.Now())
			}
		})
	}
}
