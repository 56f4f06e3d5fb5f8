package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/logfeed/logfeed/internal/check"
)

// A summary tells people what a one-shot run has done.
type summary struct {
	p    *pipeline
	c    *config
	took time.Duration
	out  *tabwriter.Writer
}

// partial names the ends of the span whose buckets may be only part of the
// truth, because the logs begin or end inside them: "first", "last". What an
// earlier run has read of the first one is known.
func (p *pipeline) partial(interval time.Duration) (ends []string) {
	t := &p.totals
	step := cmp.Or(t.step, int64(interval/time.Second))
	if t.points == 0 {
		return nil
	}
	if p.once && !p.resumed && t.oldest > t.first {
		ends = append(ends, "first")
	}
	if t.newest >= t.last && t.newest < t.last+step-1 {
		ends = append(ends, "last")
	}
	return ends
}

// completed tells of the end of a one-shot run: one record for the log, and a
// summary for people where there are any.
func (p *pipeline) completed(c *config, v view, took time.Duration) {
	attrs := p.totals.attrs(p.rejects.count, p.follower.Stats(), p.ledger.Series(), took)
	attrs = append(attrs, p.counters().losses()...)
	attrs = append(attrs, p.byFormat()...)
	if ends := p.partial(c.rollup.Interval); ends != nil {
		attrs = append(attrs, "partial", strings.Join(ends, ","))
	}
	p.log.Info("backfill complete", append(attrs, p.rejects.why.attrs()...)...)
	if v.people != nil {
		summary{p: p, c: c, took: took}.print(v.people)
	}
}

// print writes the summary to w, at once: as one piece of text.
func (s summary) print(w io.Writer) {
	var text bytes.Buffer
	s.out = tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	s.total()
	s.rejected()
	s.uncounted()
	s.points()
	s.out.Flush() // into memory
	// A terminal that is gone is no failure of the backfill.
	_, _ = w.Write(text.Bytes())
}

func (s summary) row(label, format string, args ...any) {
	fmt.Fprintf(s.out, "  %s\t%s\n", label, fmt.Sprintf(format, args...))
}

func (s summary) total() {
	t, st := &s.p.totals, s.p.follower.Stats()
	what := "Backfill"
	if s.c.dryRun {
		what = "Dry run"
	}
	fmt.Fprintf(s.out, "%s complete in %s.\n", what, took(s.took))
	files := ""
	if st.Progress.Files > 0 {
		files = fmt.Sprintf(" from %s of %s", plural(int64(st.Progress.Files), "file"), humanize.Bytes(uint64(st.Progress.BytesDone)))
	}
	s.row("read", "%s, %s%s", plural(s.p.gauge.lines.Load(), "line"), humanize.Bytes(uint64(st.BytesRead)), files)
	if t.newest >= t.oldest {
		s.row("span", "%s to %s", dateTime(t.oldest), dateTime(t.newest))
	}
	s.row("counted", "%s", plural(t.lines, "line"))
}

func (s summary) rejected() {
	r := &s.p.rejects
	s.row("rejected", "%s", plural(r.count, "line"))
	told := int64(0)
	for _, one := range r.why.top(toldReasons) {
		told += one.lines
		expected := "expected " + one.expected
		if one.directive != "" {
			expected = one.directive + ": " + expected
		}
		where := one.path
		if one.line > 0 {
			where = fmt.Sprintf("%s:%d", where, one.line)
		}
		s.row("", "%s: %s", humanize.Comma(one.lines), expected)
		s.row("", "  %s", check.Visible(where))
		s.row("", "  %s", one.sample)
	}
	if told > 0 && told < r.count {
		s.row("", "%s: other reasons", humanize.Comma(r.count-told))
	}
}

// uncounted tells of lines that changed no bucket. Only late ones are so
// common that none is worth a row.
func (s summary) uncounted() {
	t, c := &s.p.totals, s.p.counters()
	s.row("late", "%s", plural(t.late, "line"))
	for _, one := range []struct {
		label string
		count int64
		what  string
	}{
		{"outside", t.outside, "outside of --since and --until"},
		{"filtered", t.filtered, "left out by --where"},
		{"too old", t.tooOld, "older than everything that Graphite keeps, the oldest of " + dateTime(t.oldest)},
		{"untold", s.p.ledger.Untold(), "at most, in buckets that could not be sent any more"},
		{"left", t.left, "in buckets that a running follower sends"},
		{"oversize", c.Oversize - s.p.before.Oversize, "longer than 4 MiB"},
	} {
		if one.count > 0 {
			s.row(one.label, "%s, %s", plural(one.count, "line"), one.what)
		}
	}
	if n := s.p.follower.Stats().OutsideBytes; n > 0 {
		s.row("unread", "%s on disk, outside of --since and --until", humanize.Bytes(uint64(n)))
	}
	if gaps := c.Gaps - s.p.before.Gaps; gaps > 0 {
		s.row("gaps", "%s of logs vanished in %s before they were read", humanize.Bytes(uint64(c.GapBytes-s.p.before.GapBytes)), plural(gaps, "place"))
	}
}

func (s summary) points() {
	t := &s.p.totals
	var to []string
	for _, d := range s.p.sink.Stats() {
		to = append(to, d.Address.String())
	}
	where := "printed"
	if len(to) > 0 {
		where = "sent to " + strings.Join(to, ", ")
	}
	for _, d := range s.p.sink.Stats() {
		if n := d.TooOld + d.Partial; n > 0 {
			s.row("too old", "%s, too old for %s when they could be sent", plural(n, "point"), d.Address)
		}
	}
	s.row("points", "%s in %d series, %s", humanize.Comma(t.points), s.p.ledger.Series(), where)
	for _, end := range s.p.partial(s.c.rollup.Interval) {
		if end == "first" {
			s.row("first", "bucket %s may be only a part: the logs begin inside it, at %s", dateTime(t.first), clockTime(t.oldest))
		} else {
			s.row("last", "bucket %s may be only a part: the logs end inside it, at %s", dateTime(t.last), clockTime(t.newest))
		}
	}
}

// plural writes a count and its word: 1 line, 9,999 lines.
func plural(n int64, word string) string {
	if n != 1 {
		word += "s"
	}
	return humanize.Comma(n) + " " + word
}

// dateTime writes a time as Graphite counts it.
func dateTime(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05 UTC") }

func clockTime(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.TimeOnly) }

// took writes how long something was: 0.3 s, 12 s, 3m12s.
func took(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
