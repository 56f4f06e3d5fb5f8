// Command logfeed follows Apache access logs, sums their lines into buckets of
// time and feeds the totals to Graphite's Carbon.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // --timezone works on machines without a zone database
)

// Exit codes, as the manual promises them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// version is set by the linker when a release is built.
var version = "dev"

func main() {
	// By default a panic exits with 2, which means wrong usage here and keeps
	// systemd from starting the service again.
	debug.SetTraceback("crash")
	frugal()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// frugal has the heap grow by a quarter of what is in use before garbage is
// collected, unless GOGC says otherwise. Go's default doubles it, and what
// logfeed holds is mostly points in long tables, which cost the collector
// little: a line allocates nothing.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
}

// run is the program: it returns the exit code when everything is done, or
// soon after ctx is.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, flags, wrong := parseArgs(args)
	switch {
	case len(wrong.all) > 0:
		wrong.print(stderr)
		return exitUsage
	case c.help:
		usage(stdout, flags)
		return exitDone
	case c.version:
		fmt.Fprintln(stdout, "logfeed", version)
		return exitDone
	case c.graphite:
		return printGraphiteConfig(stdout, stderr, c)
	}
	v := newView(c.progress, stdout, stderr)
	log := newLogger(c, v.log)
	var err error
	switch {
	case c.lists():
		err = runListing(ctx, c, stdin, stdout, log)
	case c.check:
		err = runCheck(ctx, c, stdin, stdout, log)
	default:
		err = feed(ctx, c, stdin, v, log)
	}
	if err != nil {
		if !errors.Is(err, errFound) {
			log.Error(err.Error())
		}
		return exitFailed
	}
	return exitDone
}

func newLogger(c *config, stderr io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.logLevel}
	switch {
	case c.logJSON:
		return slog.New(slog.NewJSONHandler(stderr, o))
	case toJournal(stderr, os.Getenv("JOURNAL_STREAM")):
		return slog.New(newJournalHandler(stderr, o))
	}
	return slog.New(slog.NewTextHandler(stderr, o))
}
