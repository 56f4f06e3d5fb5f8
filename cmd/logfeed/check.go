package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"

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
	whole.fromStart, whole.once = true, true
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
		if err != nil || ctx.Err() != nil {
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
	if c.rollup.Retentions != nil {
		found.Interval = 0
	}
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
		found.Bytes, found.Late, found.TooOld, found.Filtered = s.BytesRead, p.totals.late, p.totals.tooOld, p.totals.filtered
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
