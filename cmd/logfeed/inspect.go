package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/check"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/internal/tail"
)

// inspect runs the pipeline of a one-shot run over the config's files and
// shows every line to add. The points go to the sink. When ctx is done it
// returns early, without an error.
func inspect(ctx context.Context, c *config, names pathNames, stdin io.Reader, sink point.Sink, log *slog.Logger, add func(check.Line) error) (*pipeline, error) {
	p, err := newPipeline(c, time.Now(), nil, stdin, log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.sink = printed{sink}
	p.rejects.log = slog.New(slog.DiscardHandler) // the lines are shown one by one
	p.inspection = &inspection{pipeline: p, names: names, add: add, stop: cancel, sources: make(map[int]*checked)}
	p.here.inspection, p.crew = p.inspection, nil // the lines are shown in order
	err = p.run(ctx)
	if p.inspection.err != nil {
		return nil, p.inspection.err
	}
	if err == nil && ctx.Err() == nil {
		err = p.flush(ctx)
	}
	return p, err
}

// inspection is shown every line that a pipeline reads. What is read from its
// first byte to its last needs no position to number its lines.
type inspection struct {
	pipeline *pipeline
	names    pathNames
	add      func(check.Line) error
	stop     func()
	err      error
	sources  map[int]*checked
}

// checked is how far one source has been shown.
type checked struct {
	name  string // of its file, as it is shown
	lines int64
}

// line shows one line of a worker's batch and says whether the table is to have
// it.
func (i *inspection) line(w *worker, text []byte, rec *apachelog.Record, failure error) bool {
	l := i.next(w.batch.Source, w.batch.Path, text)
	if failure != nil {
		l.Err = lineError(failure)
		i.show(l)
		return false
	}
	l.Format, l.Record = w.parsers.matched, rec
	timed := l.Format.TimeDirective() >= 0
	if timed {
		l.Err = i.refusal(l)
	}
	i.show(l)
	return timed // what the table refuses it counts itself
}

// refusal says why a line that matches its format belongs to no bucket.
func (i *inspection) refusal(l check.Line) *apachelog.LineError {
	expected := i.pipeline.here.table.Refuses(l.Record.Time)
	if expected == "" {
		return nil
	}
	at := l.Format.TimeDirective()
	return &apachelog.LineError{Directive: l.Format.Directives()[at], Column: l.Record.Column(at), Expected: expected}
}

// skipped shows what stands in a file and is in no batch.
func (i *inspection) skipped(s tail.Skip) {
	l := i.next(s.Source, s.Path, s.Text)
	l.Unfinished = s.Unfinished
	if s.Text == nil {
		l.TooLong = true
		l.Err = &apachelog.LineError{Column: tail.DefaultMaxLine + 1, Expected: "a line of at most 4 MiB"}
		i.show(l)
		return
	}
	var rec apachelog.Record
	parsers := i.pipeline.here.set.of(i.pipeline.logs.of(s.Path).formats)
	if err := parsers.parse(s.Text, &rec); err != nil {
		l.Err = lineError(err)
	} else {
		l.Format, l.Record = parsers.matched, &rec
	}
	i.show(l)
}

// next numbers a line.
func (i *inspection) next(source int, path string, text []byte) check.Line {
	at := i.sources[source]
	if at == nil {
		at = &checked{name: i.names.of(path)}
		i.sources[source] = at
	}
	at.lines++
	return check.Line{Path: at.name, Number: at.lines, Text: text}
}

// show hands a line on; what cannot be written ends the reading.
func (i *inspection) show(l check.Line) {
	if i.err != nil {
		return
	}
	if i.err = i.add(l); i.err != nil {
		i.stop()
	}
}
