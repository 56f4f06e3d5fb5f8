package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
)

// TestLookBack compares the search backwards with the rule, read forwards.
func TestLookBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		const since, lateness = 1000, 50
		var all []string
		var text strings.Builder
		now := 850
		for range rnd.IntN(300) {
			now += rnd.IntN(2)
			l := fmt.Sprintf("%d %s", now-rnd.IntN(40), strings.Repeat("x", rnd.IntN(60)))
			if rnd.IntN(10) == 0 {
				l = "no time"
			}
			all = append(all, l)
			text.WriteString(l + "\n")
		}
		text.WriteString(fmt.Sprintf("%d unfin", now))
		d := newDir(t)
		d.write("a.log", text.String())
		d.must(os.Chtimes(d.at("a.log"), time.Time{}, time.Unix(int64(now), 0)))

		var want []string
		old, first := -1, -1
		for i, l := range all {
			if at, ok := timeOf("", []byte(l)); ok && at < since-lateness {
				old = i
			}
		}
		for i, l := range all {
			if at, ok := timeOf("", []byte(l)); ok && i > old && at >= since && first < 0 {
				first = i
			}
		}
		if first >= 0 {
			want = all[first:]
		}
		r := started(t, Options{
			Patterns: []string{d.at("a.log")}, LookBack: since, Lateness: lateness,
			TimeOf: timeOf, NoWatch: true, BlockSize: 100,
		})
		r.stop()
		if got := strings.Join(r.lines, "\n"); got != strings.Join(want, "\n") {
			t.Fatalf("got %q\nwant %q", got, strings.Join(want, "\n"))
		}
	}
}

// TestLookBackIntoRotated begins in the file that was rotated last.
func TestLookBackIntoRotated(t *testing.T) {
	for _, end := range []string{"", ".gz", ".zst"} {
		for _, pattern := range []string{"a.log", "a.log*"} {
			t.Run(pattern+end, func(t *testing.T) {
				d := newDir(t)
				put := func(name, text string, mtime int64) {
					if end != "" && name != "a.log" {
						name += end
						text = string(pack(t, name, []byte(text)))
					}
					d.write(name, text)
					d.must(os.Chtimes(d.at(name), time.Time{}, time.Unix(mtime, 0)))
				}
				put("a.log.2", lines("old", 0, 500), 500)
				put("a.log.1", lines("a", 500, 550), 1055)
				put("a.log", lines("a", 1050, 10), 1060)
				r := started(t, Options{
					Patterns: []string{d.at(pattern)}, LookBack: 1000, Lateness: 300, TimeOf: timeOf, NoWatch: true,
				})
				r.want(lines("a", 1000, 60))
				if end != "" {
					return
				}
				// Late lines of old connections still count.
				d.write("a.log.1", lines("late", 1060, 1))
				r.want(lines("a", 1000, 60), lines("late", 1060, 1))
			})
		}
	}
}

func TestLookBackStopsAtAnOldLine(t *testing.T) {
	d := newDir(t)
	d.write("a.log.1", lines("rotated", 990, 20))
	d.write("a.log", lines("a", 500, 1)+lines("a", 995, 10))
	r := started(t, Options{Patterns: []string{d.at("a.log")}, LookBack: 1000, Lateness: 300, TimeOf: timeOf, NoWatch: true})
	r.want(lines("a", 1000, 5))
}

func TestNoLookBack(t *testing.T) {
	for name, o := range map[string]Options{
		"no since":  {TimeOf: timeOf},
		"no times":  {LookBack: 1000},
		"too early": {LookBack: time.Now().Unix() + 3600, TimeOf: timeOf},
	} {
		d := newDir(t)
		d.write("a.log", lines("a", 1000, 10)+"1010 unfin")
		d.write("b.gz", string(pack(t, "b.gz", []byte(lines("b", 1000, 10)))))
		o.Patterns, o.NoWatch = []string{d.at("*")}, true
		r := started(t, o)
		d.write("a.log", "ished\n")
		r.want("1010 unfinished\n")
		if t.Failed() {
			t.Log(name)
		}
	}
}

func TestFromStart(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 10))
	d.write("a.log.1", lines("old", 0, 10))
	r := started(t, Options{Patterns: []string{d.at("a.log")}, FromStart: true})
	r.want(lines("a", 0, 10))
	d.write("a.log", lines("a", 10, 10))
	r.want(lines("a", 0, 20))
}
