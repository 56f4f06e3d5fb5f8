package main

import (
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/tail"
)

// A worker reads the lines of one batch after the other and sums each batch in
// a table of its own. Everything that a line needs is in it, so that workers
// can sum side by side; what they share does not change. A worker belongs to
// one goroutine at a time.
type worker struct {
	set        *parserSet
	parsers    *parsers  // of the batch at hand
	router     *router   // nil: every line counts, and there are no routes
	by         *grouping // nil: all lines are one group
	table      *rollup.Table
	inspection *inspection // with --check: it is shown every line

	batch   tail.Batch
	block   apachelog.Block // its lines
	log     *accessLog      // whose lines it holds
	lines   int64           // of the batch
	refused refusals
	summed  chan struct{} // takes one value when a goroutine of the crew is done
}

func newWorker(c *config, text bool) *worker {
	w := &worker{
		set:     newParserSet(c, text),
		table:   rollup.NewTable(c.rollup),
		refused: newRefusals(),
		summed:  make(chan struct{}, 1),
	}
	w.choose(c)
	return w
}

// choose takes from a configuration which lines count, and in which group.
func (w *worker) choose(c *config) {
	w.router = c.routing.router()
	w.by = c.groups(w.router)
}

// renew has the batches to come read by another configuration.
func (w *worker) renew(c *config) {
	w.set.renew(c)
	w.choose(c)
}

// take begins a batch, whose lines were read at the given time.
func (w *worker) take(batch tail.Batch, log *accessLog, read time.Time) {
	w.batch, w.log = batch, log
	w.parsers = w.set.of(log.formats)
	w.table.Begin(batch.Source, read)
	if w.by != nil {
		w.by.begin(batch.Log, log.vhost)
	}
	if w.router != nil {
		w.router.line.Of(log.vhost)
	}
	w.lines = 0
	w.refused.clear()
}

// sum puts the lines of the batch into the table.
func (w *worker) sum() {
	var rec apachelog.Record
	for w.block.Begin(w.batch.Data); w.block.More(); {
		err := w.parsers.parseNext(&w.block, &rec)
		w.lines++
		if w.inspection != nil && !w.inspection.line(w, w.block.Line(), &rec, err) {
			continue
		}
		if err != nil {
			w.refused.add(w.lines, w.block.Line(), err)
			continue
		}
		if w.router != nil && !w.router.counts(w.parsers.matched, &rec) {
			w.table.LeaveOut(&rec)
			continue
		}
		if w.by != nil {
			w.by.choose(w.table, w.parsers.matched, &rec)
		}
		w.table.Add(&rec)
	}
	w.table.End()
}
