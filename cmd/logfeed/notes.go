package main

import (
	"context"
	"log/slog"
)

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
