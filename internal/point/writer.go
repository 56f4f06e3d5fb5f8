package point

import (
	"context"
	"fmt"
	"io"
)

// A Writer is a Sink that writes plaintext lines, one Write of the underlying
// writer for each of its own. It does not close what it writes to.
type Writer struct {
	to   io.Writer
	line []byte
}

// NewWriter returns a sink that prints to w.
func NewWriter(w io.Writer) *Writer { return &Writer{to: w} }

// Write prints the points in their order.
func (w *Writer) Write(ctx context.Context, points []Point) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.line = w.line[:0]
	for _, p := range points {
		w.line = Append(w.line, p)
	}
	if _, err := w.to.Write(w.line); err != nil {
		return fmt.Errorf("write points: %w", err)
	}
	return nil
}

// Close does nothing: every line is written already.
func (w *Writer) Close() error { return nil }
