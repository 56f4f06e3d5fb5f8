// Command benchlive measures what logfeed costs while it follows logs: awake
// when nothing happens, with ten thousand logs, and under ten thousand lines a
// second beside mtail and `tail -F | wc -l`; how long after its write a line
// is counted; and whether its memory grows under load. It feeds a real
// go-carbon, prints a table, and puts it into a document.
//
// `make bench-live` builds everything and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("benchlive", flag.ContinueOnError)
	flags.SetOutput(stderr)
	b := &bench{say: func(format string, a ...any) { fmt.Fprintf(stderr, format+"\n", a...) }}
	flags.StringVar(&b.logfeed, "logfeed", "build/logfeed", "path of the logfeed program")
	flags.StringVar(&b.goCarbon, "go-carbon", "build/go-carbon", "path of the go-carbon program")
	flags.StringVar(&b.latencyTest, "latency-test", "build/latency.test", "path of the test binary of cmd/logfeed, built with -tags benchlive")
	flags.DurationVar(&b.time, "for", time.Minute, "how long each measurement takes")
	var (
		dir  = flags.String("dir", "build", "directory below which everything is written; not in memory")
		soak = flags.Duration("soak", 0, "measure the memory under load for so long, and nothing else")
		only = flags.String("only", "", "make only the measurement of this name, and write no document")
		doc  = flags.String("doc", "", "document to put the table into; none if empty")
	)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "benchlive: unexpected argument %q: there are flags only\n", flags.Arg(0))
		return 2
	}
	table, err := b.inDir(ctx, *dir, *soak, *only)
	if table != nil {
		text := table.String()
		fmt.Fprint(stdout, text)
		if err == nil && *doc != "" && *only == "" {
			err = replaceIn(*doc, table.mark, text)
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "benchlive: %v\n", err)
		return 1
	}
	return 0
}

// inDir measures with a directory of its own, which it removes afterwards.
func (b *bench) inDir(ctx context.Context, parent string, soak time.Duration, only string) (t *table, err error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	parent, err = filepath.Abs(parent)
	if err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp(parent, "bench-live-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if soak > 0 {
		return b.soak(ctx, soak)
	}
	return b.all(ctx, only)
}
