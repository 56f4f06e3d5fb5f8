package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/logfeed/logfeed/internal/check"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/tail"
)

// errFound ends a check that has found something and has said it already.
var errFound = errors.New("lines are rejected, or something cannot be read")

// runCheck explains how the lines of everything that the config names parse.
// It reads with the pipeline of a one-shot run, so that the same flags have the
// same effect; only its points go nowhere, and no state is opened.
func runCheck(ctx context.Context, c *config, stdin io.Reader, stdout io.Writer, log *slog.Logger) error {
	whole := *c
	whole.fromStart, whole.once, whole.stateDir = true, true, ""
	names := newPathNames(c.files)
	outlook := &tail.Outlook{}
	if !c.standardInput() {
		var err error
		if outlook, err = tail.Survey(tail.Options{Patterns: c.files, Exclude: c.exclude}); err != nil {
			return err
		}
		whole.files = nil
		for _, f := range outlook.Files {
			if f.Err == nil {
				whole.files = append(whole.files, f.Path)
			}
		}
	}
	if c.checkJSON {
		return checkForPrograms(ctx, &whole, outlook, names, stdin, stdout, log)
	}
	return checkForPeople(ctx, &whole, outlook, names, stdin, stdout)
}

// checkForPrograms writes one JSON object a line, file by file. What cannot be
// read is the error.
func checkForPrograms(ctx context.Context, c *config, outlook *tail.Outlook, names pathNames, stdin io.Reader, stdout io.Writer, log *slog.Logger) error {
	out := bufio.NewWriterSize(stdout, 64<<10)
	answers := check.NewAnswers(out, check.AnswerOptions{Path: names.several, Format: len(c.formats) > 1})
	var errs []error
	for _, path := range c.files {
		one := *c
		one.files = []string{path}
		p, err := inspect(ctx, &one, names, stdin, point.NewWriter(io.Discard), log, answers.Add)
		if err != nil {
			errs = append(errs, err)
			break
		}
		if s := p.follower.Stats(); s.Trouble+int(s.Damaged) > 0 {
			errs = append(errs, fmt.Errorf("%s could not be read to its end", names.of(path)))
		}
	}
	errs = append(errs, out.Flush())
	for _, t := range names.troubles(outlook) {
		errs = append(errs, errors.New("cannot be read: "+t))
	}
	if ctx.Err() != nil {
		errs = append(errs, errors.New("interrupted"))
	}
	if err := errors.Join(errs...); err != nil || answers.Rejected() == 0 {
		return err
	}
	return errFound
}

// checkForPeople writes a report.
func checkForPeople(ctx context.Context, c *config, outlook *tail.Outlook, names pathNames, stdin io.Reader, stdout io.Writer) error {
	width, color := screen(stdout)
	r := check.New(check.Options{Formats: c.formats, Width: width, Color: color})
	series := newSeriesCount()
	var notes notes
	found := check.Findings{Troubles: names.troubles(outlook), Watching: names.unwatched(outlook), Interval: c.rollup.Interval}
	if c.standardInput() {
		found.Files = []check.File{{Path: c.files[0]}}
	}
	for _, f := range outlook.Files {
		if f.Err == nil {
			found.Files = append(found.Files, check.File{Path: names.of(f.Path), Form: f.Form, Size: f.Size})
		}
	}
	damaged := false
	if len(c.files) > 0 {
		p, err := inspect(ctx, c, names, stdin, series, slog.New(&notes), func(l check.Line) error { r.Add(l); return nil })
		if err != nil {
			return err
		}
		s := p.follower.Stats()
		damaged = s.Trouble+int(s.Damaged) > 0
		found.Bytes, found.Late = s.BytesRead, p.totals.late
	}
	found.Stopped, found.Notes = ctx.Err() != nil, notes.texts
	found.Series, found.Points = series.found()
	if err := r.Print(stdout, found); err != nil {
		return err
	}
	if r.Rejected() > 0 || len(found.Troubles) > 0 || damaged || found.Stopped {
		return errFound
	}
	return nil
}

// screen returns the width of what is written to, 0 if it has none, and
// whether colours are welcome there; see no-color.org.
func screen(stdout io.Writer) (width int, color bool) {
	if f, ok := stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		width, _, _ = term.GetSize(int(f.Fd())) // 0 where it cannot be told
		color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	if width <= 0 {
		width, _ = strconv.Atoi(os.Getenv("COLUMNS")) // 0 unless it is a number
	}
	return width, color
}

// pathNames shows paths as they were given: relative if all of them were.
type pathNames struct {
	base    string // what they are relative to; "" shows them absolute
	several bool   // more than one file may be meant
}

func newPathNames(patterns []string) pathNames {
	n := pathNames{several: len(patterns) > 1 || strings.ContainsAny(patterns[0], "*?[{")}
	if !slices.ContainsFunc(patterns, filepath.IsAbs) {
		n.base, _ = os.Getwd() // without it paths are shown absolute
	}
	return n
}

func (n pathNames) of(path string) string {
	if rel, err := filepath.Rel(n.base, path); err == nil && n.base != "" && filepath.IsAbs(path) {
		return rel
	}
	return path
}

// troubles says what cannot be read, and why.
func (n pathNames) troubles(o *tail.Outlook) []string {
	var all []string
	for _, f := range o.Files {
		if f.Err != nil {
			all = append(all, n.of(f.Path)+": "+f.Err.Error())
		}
	}
	for _, b := range o.Blanks {
		all = append(all, n.of(b.Pattern)+": "+b.Err.Error())
	}
	return all
}

// unwatched says what cannot be watched, and why.
func (n pathNames) unwatched(o *tail.Outlook) []string {
	var all []string
	if o.Watch != nil {
		all = append(all, o.Watch.Error())
	}
	troubles := n.troubles(o)
	for _, d := range o.Dirs {
		if d.Err == nil {
			continue
		}
		why := d.Err.Error()
		if slices.ContainsFunc(troubles, func(t string) bool { return strings.HasSuffix(t, why) }) {
			why = "for the same reason"
		}
		all = append(all, n.of(d.Path)+": "+why)
	}
	return all
}

// notes keeps what is logged while a report is made, to show it there.
type notes struct{ texts []string }

// maxNotes bounds them; what goes wrong with one file after the other reads alike.
const maxNotes = 20

func (n *notes) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (n *notes) WithAttrs([]slog.Attr) slog.Handler               { return n }
func (n *notes) WithGroup(string) slog.Handler                    { return n }

func (n *notes) Handle(_ context.Context, r slog.Record) error {
	if len(n.texts) == maxNotes {
		n.texts = append(n.texts, "…")
	}
	if len(n.texts) > maxNotes {
		return nil
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += ", " + a.Key + " " + a.Value.String()
		return true
	})
	n.texts = append(n.texts, text)
	return nil
}

// seriesCount is a sink that counts the points of every series.
type seriesCount struct {
	points map[string]int64
	all    check.Points
	bucket int64 // of the last point
}

func newSeriesCount() *seriesCount { return &seriesCount{points: make(map[string]int64)} }

// Write counts. The points of one bucket come together, and no bucket comes
// twice, because a one-shot run sends none before it is closed.
func (s *seriesCount) Write(_ context.Context, points []point.Point) error {
	for _, p := range points {
		s.points[p.Series]++
		if s.all.Buckets == 0 {
			s.all.First, s.all.Last = p.Time, p.Time
		}
		if s.all.Buckets == 0 || p.Time != s.bucket {
			s.all.Buckets++
			s.bucket = p.Time
		}
		s.all.First, s.all.Last = min(s.all.First, p.Time), max(s.all.Last, p.Time)
	}
	return nil
}

// Close does nothing.
func (s *seriesCount) Close() error { return nil }

// found returns the series in the order of their names.
func (s *seriesCount) found() ([]check.Series, check.Points) {
	var all []check.Series
	for name, n := range s.points {
		all = append(all, check.Series{Name: name, Points: n})
	}
	slices.SortFunc(all, func(a, b check.Series) int { return strings.Compare(a.Name, b.Name) })
	return all, s.all
}
