// Command demo shows logfeed's main job on one machine: it starts a real
// go-carbon and logfeed, lets logfeed feed it a real access log, partly as a
// backlog and partly as it grows, reads the series back out of Carbon and
// shows them beside the log's own totals. It exits with 1 if they differ.
//
// `make demo` builds everything and runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		logfeed  = flags.String("logfeed", "build/logfeed", "path of the logfeed program")
		goCarbon = flags.String("go-carbon", "build/go-carbon", "path of the go-carbon program")
		log      = flags.String("log", "testdata/apache_logs", "access log in Apache's combined format")
		dir      = flags.String("dir", "build", "directory below which everything is written")
		keep     = flags.Bool("keep", false, "leave go-carbon and logfeed running")
	)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "demo: unexpected argument %q: the demo takes flags only\n", flags.Arg(0))
		return 2
	}

	work, err := workDir(*dir)
	if err != nil {
		fmt.Fprintf(stderr, "demo: %v\n", err)
		return 1
	}
	d := &demo{out: stdout, logfeedPath: *logfeed, goCarbonPath: *goCarbon, logPath: *log, dir: work}
	equal, err := d.run(ctx, *keep)
	if err != nil {
		fmt.Fprintf(stderr, "demo: %v\n", err)
	}
	switch {
	case *keep && equal && err == nil:
		return 0
	case equal && err == nil:
		if err := os.RemoveAll(work); err != nil {
			fmt.Fprintf(stderr, "demo: %v\n", err)
			return 1
		}
		return 0
	default:
		fmt.Fprintf(stderr, "demo: failed; logs, configuration and whisper files are in %s\n", work)
		return 1
	}
}

// workDir makes a new directory for one run, so that a run does not disturb
// one that has been left running.
func workDir(below string) (string, error) {
	below, err := filepath.Abs(below)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(below, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(below, "demo-")
}
