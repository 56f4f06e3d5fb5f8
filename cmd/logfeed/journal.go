package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
)

// toJournal says whether w is the stream of the journal that the environment
// names: what systemd connected may have been redirected since.
func toJournal(w io.Writer, stream string) bool {
	f, ok := w.(*os.File)
	if !ok || stream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", sys.Dev, sys.Ino)
}

// A journalHandler writes records with the priority in front by which the
// journal sorts them, as in sd-daemon(3). It has one handler a priority,
// because a text handler writes each record with one Write.
type journalHandler struct{ by map[string]slog.Handler }

func newJournalHandler(w io.Writer, o *slog.HandlerOptions) journalHandler {
	h := journalHandler{make(map[string]slog.Handler)}
	for _, priority := range []string{"<3>", "<4>", "<6>", "<7>"} {
		h.by[priority] = slog.NewTextHandler(prefixed{priority, w}, o)
	}
	return h
}

// priority is that of syslog.
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

func (h journalHandler) of(level slog.Level) slog.Handler { return h.by[priority(level)] }

func (h journalHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.of(level).Enabled(ctx, level)
}

func (h journalHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.of(r.Level).Handle(ctx, r)
}

func (h journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.each(func(one slog.Handler) slog.Handler { return one.WithAttrs(attrs) })
}

func (h journalHandler) WithGroup(name string) slog.Handler {
	return h.each(func(one slog.Handler) slog.Handler { return one.WithGroup(name) })
}

func (h journalHandler) each(change func(slog.Handler) slog.Handler) journalHandler {
	changed := journalHandler{make(map[string]slog.Handler)}
	for priority, one := range h.by {
		changed.by[priority] = change(one)
	}
	return changed
}

// prefixed puts a prefix before everything that is written at once.
type prefixed struct {
	prefix string
	to     io.Writer
}

func (p prefixed) Write(b []byte) (int, error) {
	n, err := p.to.Write(append([]byte(p.prefix), b...))
	return max(0, n-len(p.prefix)), err
}
