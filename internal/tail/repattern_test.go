package tail

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFollowOtherPatterns changes what is followed on the way: the new is read
// from its first byte, the old until it is quiet.
func TestFollowOtherPatterns(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "a1\n")
	d.write("b.log", "b1\n")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	f, err := New(Options{Patterns: []string{d.at("a.log")}, FromStart: true, Poll: testPoll, Quiet: time.Hour})
	d.must(err)

	lines := map[string]string{} // by line, what its log is
	rounds := []func(){
		func() {
			if err := f.Follow([]string{d.at("b.log"), d.at("c[")}); err == nil || !strings.Contains(err.Error(), "c[") {
				t.Errorf("a wrong pattern: %v", err)
			}
			d.write("a.log", "a2\n")
		},
		func() {
			if err := f.Follow([]string{"-"}); err == nil {
				t.Error("standard input was begun on the way")
			}
			d.must(f.Follow([]string{d.at("b.log"), d.at("*.txt")}))
			d.write("c.txt", "c1\n")
			d.write("a.log", "a3\n")
			d.rename("a.log", "a.log.1")
			d.write("a.log.1", "a4\n")
			d.write("a.log", "not followed\n")
			d.rename("b.log", "b.log.1")
			d.write("b.log.1", "b2\n")
			d.write("b.log", "b3\n")
		},
	}
	want := []string{"a1", "a2", "a3", "a4", "b1", "b2", "b3", "c1"}
	settled := 0
	for b, err := range f.Batches(ctx) {
		d.must(err)
		for l := range b.Lines() {
			lines[string(l)] = b.Log
		}
		switch {
		case b.Tick == nil || b.Tick.Behind:
		case len(rounds) > 0:
			rounds[0]()
			rounds = rounds[1:]
		case len(lines) >= len(want):
			settled++ // see that nothing more comes
		}
		b.Release()
		if settled == 5 {
			cancel()
		}
	}
	if got := slices.Sorted(maps.Keys(lines)); !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	for line, log := range lines {
		if name := map[byte]string{'a': "a.log", 'b': "b.log", 'c': "c.txt"}[line[0]]; log != d.at(name) {
			t.Errorf("line %s is of log %s, want %s", line, log, name)
		}
	}
}
