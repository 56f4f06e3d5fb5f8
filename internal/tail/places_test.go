package tail

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// settled follows patterns in virtual time and without events, makes a change
// when nothing has changed for long, and returns how many polls later its line
// came, and how often all names had been read in the polls before.
func settled(t *testing.T, o Options, change func(f *Follower)) (polls, scans int) {
	t.Helper()
	const before, patience = 45, 3 * trustPolls
	o.NoWatch, o.Poll = true, time.Second
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	var scanned time.Time
	for b, err := range f.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Tick == nil {
			if ticks >= before {
				return ticks - before, scans
			}
			continue
		}
		if f.scannedAll != scanned && ticks < before {
			scans++
			scanned = f.scannedAll
		}
		if ticks++; ticks == before {
			change(f)
		}
		if ticks > before+patience {
			break
		}
	}
	t.Error("the line does not come")
	return patience, scans
}

// TestChangesAreFoundWithTheNextPoll makes each change of names that can lead
// to another file.
func TestChangesAreFoundWithTheNextPoll(t *testing.T) {
	line := lines("new", 1, 1)
	for name, c := range map[string]struct {
		patterns []string
		change   func(d dir)
	}{
		"a name that a pattern matches":   {[]string{"*.log"}, func(d dir) { d.write("new.log", line) }},
		"a name that is followed":         {[]string{"dir/x.log"}, func(d dir) { d.remove("dir/x.log"); d.write("dir/x.log", line) }},
		"a rotation":                      {[]string{"*.log"}, func(d dir) { d.rename("a.log", "a.log.1"); d.write("a.log", line) }},
		"another file in its place":       {[]string{"a.log"}, func(d dir) { d.write("other", line); d.rename("other", "a.log") }},
		"below a directory with no match": {[]string{"*/late.log"}, func(d dir) { d.write("dir/late.log", line) }},
		"a new directory":                 {[]string{"*/late.log"}, func(d dir) { d.must(os.Mkdir(d.at("new"), 0o755)); d.write("new/late.log", line) }},
		"deep":                            {[]string{"**/late.log"}, func(d dir) { d.write("dir/sub/late.log", line) }},
		"alternatives":                    {[]string{"{dir,has}/sub/{x,late}.log"}, func(d dir) { d.write("dir/sub/late.log", line) }},
		"between wildcards":               {[]string{"?*/sub/late*"}, func(d dir) { d.write("dir/sub/late", line) }},
		"behind a wildcard":               {[]string{"*/sub/late.log"}, func(d dir) { d.write("dir/sub/late.log", line) }},
		"another directory in its place": {[]string{"dir/x.log"}, func(d dir) {
			d.rename("dir", "was")
			d.must(os.Mkdir(d.at("dir"), 0o755))
			d.write("dir/x.log", line)
		}},
		"another target of a link": {[]string{"link.log"}, func(d dir) {
			d.write("dir/other", line)
			d.must(os.Symlink(d.at("dir/other"), d.at("next")))
			d.rename("next", "link.log")
		}},
		"the target of a link rotated":  {[]string{"link.log"}, func(d dir) { d.rename("dir/x.log", "dir/was"); d.write("dir/x.log", line) }},
		"the target of a link appeared": {[]string{"*.log"}, func(d dir) { d.write("elsewhere/later", line) }},
		"the target of a link's target": {[]string{"chain.log"}, func(d dir) {
			d.write("has/next", line)
			d.remove("elsewhere/link")
			d.must(os.Symlink(d.at("has/next"), d.at("elsewhere/link")))
		}},
		"a link on the way": {[]string{"way/x.log"}, func(d dir) {
			d.must(os.Mkdir(d.at("dir2"), 0o755))
			d.write("dir2/x.log", line)
			d.remove("way")
			d.must(os.Symlink(d.at("dir2"), d.at("way")))
		}},
		"a file that grew": {[]string{"*.log"}, func(d dir) { d.write("a.log", line) }},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			for _, sub := range []string{"dir/sub", "has/sub", "elsewhere"} {
				d.must(os.MkdirAll(d.at(sub), 0o755))
			}
			// Each pattern leads to a file: one that does not is looked for at
			// every poll.
			for _, name := range []string{"a.log", "dir/x.log", "has/late.log", "has/sub/late.log"} {
				d.write(name, "")
			}
			d.must(os.Symlink(d.at("dir/x.log"), d.at("link.log")))
			d.must(os.Symlink(d.at("elsewhere/later"), d.at("dangling.log")))
			d.must(os.Symlink(d.at("has/late.log"), d.at("elsewhere/link")))
			d.must(os.Symlink(d.at("elsewhere/link"), d.at("chain.log")))
			d.must(os.Symlink(d.at("dir"), d.at("way")))
			for _, dir := range []string{"dir/sub", "has/sub", "elsewhere", "dir", "has", "."} {
				// A kernel may give two changes in a row the same time.
				d.must(os.Chtimes(d.at(dir), time.Unix(1, 0), time.Unix(1, 0)))
			}
			var o Options
			for _, p := range c.patterns {
				o.Patterns = append(o.Patterns, d.at(p))
			}
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				if polls, _ := settled(t, o, func(*Follower) { c.change(d) }); polls > 1 {
					t.Errorf("found %d polls later", polls)
				}
			})
		})
	}
}

// TestNamesAreNotReadForNothing counts how often they are.
func TestNamesAreNotReadForNothing(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "")
	d.write("b.log", "")
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		_, scans := settled(t, Options{Patterns: []string{d.at("*.log")}}, func(*Follower) { d.write("a.log", lines("a", 0, 1)) })
		// Until it is settled, and then at every tenth poll.
		if scans < 4 || scans > 10 {
			t.Errorf("names were read in %d of 45 polls", scans)
		}
	})
}

// TestTwoChangesOfOneTime has a file system give two changes the same time. The
// second one is found because the first was seen not long ago.
func TestTwoChangesOfOneTime(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "")
	d.must(os.MkdirAll(d.at("has"), 0o755))
	d.must(os.MkdirAll(d.at("dir"), 0o755))
	d.write("has/late.log", "")
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		polls, _ := settled(t, Options{Patterns: []string{d.at("*/late.log")}}, func(f *Follower) {
			f.restlessAt = time.Now() // a change was seen
			d.write("dir/late.log", lines("a", 0, 1))
			f.places[d.at("dir")] = placeAt(d.at("dir"), false)
		})
		if polls > 1 {
			t.Errorf("found %d polls later", polls)
		}
	})
}

// TestNamesAreReadAgainInTime changes what no directory shows: a closed file
// grows.
func TestNamesAreReadAgainInTime(t *testing.T) {
	d := newDir(t)
	d.write("a.log", lines("a", 0, 1))
	d.compress("a.log", "a.log.gz")
	synctest.Test(t, func(t *testing.T) {
		d.t = t
		more := pack(t, "x.gz", []byte(lines("b", 0, 1)))
		polls, _ := settled(t, Options{Patterns: []string{d.at("*.gz")}, FromStart: true}, func(*Follower) {
			w := d.open("a.log.gz")
			_, err := w.Write(more)
			d.must(err)
			d.must(w.Close())
		})
		if polls > trustPolls+5 {
			t.Errorf("found %d polls later", polls)
		}
	})
}

// TestLookBackListsOnce sees that the names of a directory are kept until they
// change.
func TestLookBackListsOnce(t *testing.T) {
	d := newDir(t)
	d.write("a.log.1", "")
	d.must(os.Chtimes(d.path, time.Unix(1, 0), time.Unix(1, 0)))
	f, err := New(Options{Patterns: []string{d.at("a.log")}})
	d.must(err)
	count := func() (n int) {
		for range f.namesFrom(d.path, "a.log") {
			n++
		}
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("%d names, want 1", n)
	}
	f.listing.names = append(f.listing.names, "a.log.2")
	if n := count(); n != 2 {
		t.Errorf("the names were read again")
	}
	d.write("a.log.3", "")
	d.write("a.log.4", "")
	if n := count(); n != 3 {
		t.Errorf("%d names after a change, want 3", n)
	}
}

// TestStatusOfOpen compares it with what the standard library says.
func TestStatusOfOpen(t *testing.T) {
	d := newDir(t)
	d.write("a.log", "text")
	fd, err := os.Open(d.at("a.log"))
	d.must(err)
	defer fd.Close()
	info, err := fd.Stat()
	d.must(err)
	if st, err := statusOfOpen(fd); err != nil || st != statusOf(info) {
		t.Errorf("%+v, %v; want %+v", st, err, statusOf(info))
	}
	d.must(fd.Close())
	if _, err := statusOfOpen(fd); err == nil {
		t.Error("a closed file has a status")
	}
}

// TestSlowLooks has a file system on which every look takes long, as on a
// server that hardly answers. What is written there is found all the same
// within a few polls.
func TestSlowLooks(t *testing.T) {
	const slow, patience = time.Second, 2 * leisurePolls * time.Second
	line := lines("late", 0, 1)
	for name, c := range map[string]struct {
		slow   func(f *Follower)
		change func(d dir)
	}{
		"growth": {func(f *Follower) {
			f.statOf = func(fd *os.File) (status, error) { time.Sleep(slow); return statusOfOpen(fd) }
		}, func(d dir) { d.write("a.log", line) }},
		"a new name": {func(f *Follower) {
			f.placeAt = func(path string, link bool) place { time.Sleep(slow); return placeAt(path, link) }
		}, func(d dir) { d.write("new.log", line) }},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDir(t)
			d.write("a.log", "")
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				f, err := New(Options{Patterns: []string{d.at("*.log")}, NoWatch: true, Poll: time.Second})
				d.must(err)
				c.slow(f)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				var changed time.Time
				for b, err := range f.Batches(ctx) {
					d.must(err)
					if b.Tick == nil {
						if took := time.Since(changed); took > patience {
							t.Errorf("found after %s", took)
						}
						return
					}
					// Just after a look, when it has been settled for long.
					if changed.IsZero() && time.Since(f.began) > time.Minute && f.scanned.Equal(b.Tick.Now) {
						changed = time.Now()
						c.change(d)
					}
				}
				t.Error("the line does not come")
			})
		})
	}
}

// TestRealDirMoved renames a directory and has the link that led to it lead to
// its new name.
func TestRealDirMoved(t *testing.T) {
	d := newDir(t)
	d.must(os.Mkdir(d.at("first"), 0o755))
	d.must(os.Symlink(d.at("first"), d.at("link")))
	f, err := New(Options{Patterns: []string{d.at("link/*.log")}})
	d.must(err)
	real := func() string {
		for dir := range f.watched(nil).dirs {
			return dir
		}
		return ""
	}
	if got := real(); got != d.at("first") {
		t.Errorf("the link leads to %q", got)
	}
	d.rename("first", "second")
	d.remove("link")
	d.must(os.Symlink(d.at("second"), d.at("link")))
	if got := real(); got != d.at("second") {
		t.Errorf("the link leads to %q after its directory was renamed", got)
	}
}
