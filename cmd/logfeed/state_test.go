package main

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/checkpoint"
	"github.com/logfeed/logfeed/internal/point"
)

// outbox makes what an outbox holds after half an hour of n series: a point a
// series and minute, the last minute undelivered.
func outbox(n int) carbon.Snapshot {
	s := carbon.Snapshot{Introduced: []string{"apache.web1.of.old.requests.count", "apache.web1.vhost_0.requests.count"},
		Forgotten: map[string]int64{"": 1768040000, "apache.web1.vhost_0.requests.count": 1768043000}}
	for minute := range int64(31) {
		for series := range n {
			p := point.Point{Series: fmt.Sprintf("apache.web1.vhost_%d.requests.count", series), Value: float64(series%700) * 3, Time: 1768046400 + 60*minute, Step: 60}
			if minute == 30 {
				s.Undelivered = append(s.Undelivered, p)
			} else {
				s.Delivered = append(s.Delivered, carbon.Delivered{Point: p, Repetitions: int(minute) % 3})
			}
		}
	}
	return s
}

func TestStateSurvivesEncoding(t *testing.T) {
	want := &state{Shape: "prefix a", Until: 7, Counters: counters{Lines: 1, GapBytes: 2}, Outboxes: map[string]packedPoints{"127.0.0.1:2003": packPoints(outbox(10))}}
	payload, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeState(payload)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	all, err := got.Outboxes["127.0.0.1:2003"].unpack(before(1 << 40))
	if err != nil || !reflect.DeepEqual(*all, outbox(10)) {
		t.Errorf("unpacked %d and %d points, error %v", len(all.Undelivered), len(all.Delivered), err)
	}
	closed, err := got.Outboxes["127.0.0.1:2003"].unpack(before(1768046400 + 120))
	if err != nil || len(closed.Delivered) != 20 || len(closed.Undelivered) != 0 {
		t.Errorf("of closed buckets: %d and %d points, error %v", len(closed.Undelivered), len(closed.Delivered), err)
	}
}

func TestStateThatDoesNotFit(t *testing.T) {
	if _, err := decodeState([]byte("junk")); err == nil {
		t.Error("junk was decoded")
	}
	p := packPoints(outbox(1))
	p.Introduced[1] = 9
	if _, err := p.unpack(before(1 << 40)); err == nil {
		t.Error("an unknown introduced series was taken")
	}
	p.Introduced, p.Forgotten[9] = nil, 1
	if _, err := p.unpack(before(1 << 40)); err == nil {
		t.Error("forgotten points of an unknown series were taken")
	}
	p.Forgotten = nil
	p.Series[3] = 9
	if _, err := p.unpack(before(1 << 40)); err == nil {
		t.Error("an unknown series was taken")
	}
	p.Times = p.Times[1:]
	if _, err := p.unpack(before(1 << 40)); err == nil {
		t.Error("a short column was taken")
	}
}

// BenchmarkCheckpoint shows the size and the cost of a checkpoint with 10,000
// series: making it, which the pipeline waits for, and writing it.
func BenchmarkCheckpoint(b *testing.B) {
	store, err := checkpoint.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	box := outbox(10_000)
	var payload []byte
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			s := &state{Outboxes: map[string]packedPoints{"127.0.0.1:2003": packPoints(box)}}
			if payload, err = s.encode(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(payload)), "bytes")
	})
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if err := store.Save(payload); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// before counts every bucket as open that begins at the given time or later.
func before(when int64) func(string, int64) bool {
	return func(_ string, start int64) bool { return start >= when }
}
