package whisper

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// content builds a file of two archives: three slots of 60 s, of which one
// holds a leftover, and two of 300 s.
func content() []byte {
	var b []byte
	word := func(v uint32) { b = binary.BigEndian.AppendUint32(b, v) }
	point := func(when uint32, value float64) {
		word(when)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(value))
	}
	word(2)
	word(600)
	word(math.Float32bits(0.5))
	word(2)
	first := uint32(headerSize + 2*archiveSize)
	word(first)
	word(60)
	word(3)
	word(first + 3*pointSize)
	word(300)
	word(2)
	point(1768046460, 5)
	point(1768046280, 7) // older than the newest by the whole ring
	point(1768046400, 2)
	point(0, 0)
	point(1768046400, 7)
	return b
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "apache", "web1", "requests", "count.wsp")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content(), 0o644); err != nil {
		t.Fatal(err)
	}
	want := map[string]File{"apache.web1.requests.count": {
		Method: "sum", XFilesFactor: 0.5,
		Archives: []Archive{
			{Step: 60, Slots: 3, Values: map[int64]float64{1768046400: 2, 1768046460: 5}},
			{Step: 300, Slots: 2, Values: map[int64]float64{1768046400: 7}},
		},
	}}
	got, err := ReadTree(dir)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestUnfinished(t *testing.T) {
	whole := content()
	for n := range whole {
		if _, err := decode(whole[:n]); !errors.Is(err, ErrUnfinished) {
			t.Fatalf("the first %d bytes: %v, want %v", n, err, ErrUnfinished)
		}
	}
}

func TestNoTree(t *testing.T) {
	if files, err := ReadTree(filepath.Join(t.TempDir(), "missing")); err != nil || len(files) != 0 {
		t.Errorf("got %v, %v, want nothing", files, err)
	}
}
