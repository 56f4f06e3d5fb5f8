package tail

import (
	"fmt"
	"testing"
	"time"
)

// TestRoomForDecompressors reads more packed files of one time than there is
// room for at a time. Every line comes, and no tick says that lines will not
// come that are still to come from a file that has to wait.
func TestRoomForDecompressors(t *testing.T) {
	const files, each = 12, 500
	d := newDir(t)
	d.write("plain", lines("plain", 0, each))
	for i := range files {
		d.write(fmt.Sprintf("%d.bz2", i), string(bzip([]byte(lines(fmt.Sprint(i), i, each)))))
	}
	c := clocks{}
	f, err := New(Options{
		Patterns: []string{d.at("*")}, Once: true, FromStart: true, NoWatch: true, Poll: time.Nanosecond,
		BlockSize: 1 << 10, TimeOf: timeOf, Clock: c.of,
	})
	if err != nil {
		t.Fatal(err)
	}
	given := make(map[string]int) // lines, by path
	newest := make(map[string]int64)
	most := 0
	for b, err := range f.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Tick != nil {
			for path, n := range given {
				if n < each && newest[path] < b.Tick.Low && b.Tick.Behind {
					t.Fatalf("the tick says %d, and %s was read to %d", b.Tick.Low, path, newest[path])
				}
			}
			if len(given) <= files && b.Tick.Behind && b.Tick.Low > files {
				t.Fatalf("the tick says %d, and only %d files were begun", b.Tick.Low, len(given))
			}
			continue
		}
		_, newest[b.Path] = c.take(b)
		for range b.Lines() {
			given[b.Path]++
		}
		b.Release()
		open := 0
		for _, x := range f.open {
			if x.stream != nil {
				open++
			}
		}
		most = max(most, open)
	}
	if want := int(unpackRoom / bzipWeight); most != want {
		t.Errorf("%d decompressors at a time, want %d", most, want)
	}
	if len(given) != files+1 {
		t.Errorf("%d files were read, want %d", len(given), files+1)
	}
	for path, n := range given {
		if n != each {
			t.Errorf("%d lines of %s, want %d", n, path, each)
		}
	}
}

// TestWeights are the beginnings of files that the usual tools have made.
func TestWeights(t *testing.T) {
	for _, c := range []struct {
		what   string
		form   form
		head   string
		weight int64
	}{
		{"gzip", gzipped, "\x1f\x8b\x08\x00", gzipWeight},
		{"bzip2 -9", bzipped, "BZh91AY&SY", bzipWeight},
		{"zstd", zstandard, "\x28\xb5\x2f\xfd\x84\x58\x05\xde\xa0\x01", zstdWeight + 2<<20},
		{"zstd -19", zstandard, "\x28\xb5\x2f\xfd\x84\x68\x05\xde\xa0\x01", zstdWeight + 8<<20},
		{"zstd of 3,600 bytes", zstandard, "\x28\xb5\x2f\xfd\x64\x10\x0d\xed\x02\x00", zstdWeight + 3600},
		{"zstd, skippable frame first", zstandard, "\x50\x2a\x4d\x18\x04\x00\x00\x00abcd", zstdWeight + maxWindow},
		{"zstd, cut off", zstandard, "\x28\xb5\x2f\xfd", zstdWeight + maxWindow},
		{"xz", xzipped, "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00", xzWeight + 8<<20},
		{"xz -1", xzipped, "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x10\x00\x00\x00", xzWeight + 1<<20},
		{"xz -T2", xzipped, "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x04\xc0\x95\xe6\x87\x01\x80\x80\x80\x0c\x21\x01\x16\x00", xzWeight + 8<<20},
		{"xz --x86", xzipped, "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x01\x04\x00\x21\x01\x16", xzWeight + 8<<20},
		{"xz, cut off", xzipped, "\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00", xzWeight + 8<<20},
	} {
		if got := weightOf(c.form, []byte(c.head)); got != c.weight {
			t.Errorf("%s: %d, want %d", c.what, got, c.weight)
		}
	}
}
