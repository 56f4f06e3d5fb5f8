// Command benchpeers measures whole programs beside each other on one large
// log: wc, logfeed into a real go-carbon, and what else one would take for the
// job. It writes tables and a picture of what it has seen.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

// A bench is one run of this command.
type bench struct {
	logfeed string
	real    []byte
	lines   int
	rounds  int
	dir     string
	picture string
	start   int64 // of the day of the logs, Unix seconds
	carbon  *gocarbon.Server
	plain   log // the log of the format combined, once it has been made
}

func main() {
	var b bench
	flag.StringVar(&b.logfeed, "logfeed", "build/logfeed", "the program")
	goCarbon := flag.String("go-carbon", "build/go-carbon", "the program")
	realLog := flag.String("log", "testdata/apache_logs", "the real lines")
	flag.StringVar(&b.dir, "dir", "build/benchpeers.data", "where logs and points go; emptied before and after")
	flag.IntVar(&b.lines, "lines", 5_480_000, "lines of the log")
	flag.IntVar(&b.rounds, "runs", 5, "runs of each program; the slow ones have fewer")
	names := flag.String("rows", strings.Join(tableNames(), ","), "which tables to make")
	doc := flag.String("doc", "", "the file whose tables are replaced; none only prints them")
	flag.StringVar(&b.picture, "picture", "", "the file for the picture of the peers")
	points := flag.String("send", "", "send this file of points to the address after -to, and do nothing else")
	to := flag.String("to", "", "HOST:PORT of a Carbon, with -send")
	flag.Parse()
	if *points != "" {
		if err := send(*points, *to); err != nil {
			fmt.Fprintln(os.Stderr, "benchpeers:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := b.all(ctx, *goCarbon, *realLog, strings.Split(*names, ","), *doc); err != nil {
		fmt.Fprintln(os.Stderr, "benchpeers:", err)
		stop()
		os.Exit(1)
	}
}

// A table is a part of the document that is made in one go.
type table struct {
	name string
	// of measures, and returns the table in Markdown.
	of func(*bench, context.Context) (string, error)
}

// tables are what can be made, in the order of the document.
func tables() []table {
	return []table{
		{"peers", (*bench).peers}, {"formats", (*bench).formats}, {"packed", (*bench).packed},
		{"cold", (*bench).cold}, {"sizes", (*bench).sizes}, {"points", (*bench).points},
	}
}

func tableNames() []string {
	var names []string
	for _, t := range tables() {
		names = append(names, t.name)
	}
	return names
}

// chosen are the tables of these names.
func chosen(names []string) (made []table, err error) {
	for _, name := range names {
		i := slices.IndexFunc(tables(), func(t table) bool { return t.name == name })
		if i < 0 {
			err = errors.Join(err, fmt.Errorf("there is no table %q; right would be %s", name, strings.Join(tableNames(), ", ")))
			continue
		}
		made = append(made, tables()[i])
	}
	return made, err
}

// schemas have one archive for each interval, so that every point can be read
// back at the step it was sent at. It reaches back beyond the day of the logs.
const schemas = `[hours]
pattern = ^bench\.3600s\.
retentions = 1h:7d

[minutes]
pattern = .*
retentions = 60s:3d
`

func (b *bench) all(ctx context.Context, goCarbon, realLog string, names []string, doc string) (err error) {
	wanted, err := chosen(names)
	if err != nil {
		return err
	}
	where := machine() // before it has work
	if b.real, err = os.ReadFile(realLog); err != nil {
		return err
	}
	if err := os.RemoveAll(b.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.start = (time.Now().Unix()/day - 1) * day
	b.carbon, err = gocarbon.Start(ctx, gocarbon.Options{Binary: goCarbon, Dir: b.path("go-carbon"), Prefix: "bench", Schemas: schemas})
	if err != nil {
		return err
	}
	defer b.carbon.Kill()
	if b.plain, err = makeLog(b.path("access.log"), b.real, b.lines, b.start, shape{}); err != nil {
		return err
	}
	for _, t := range wanted {
		begin := time.Now()
		text, err := t.of(b, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		fmt.Printf("== %s, in %.0f s\n\n%s\n", t.name, time.Since(begin).Seconds(), text)
		if doc == "" {
			continue
		}
		if err := replaceIn(doc, t.name, where+"\n\n"+text); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// run runs every program in turn, and that so often, and removes the logs
// afterwards that only they have read.
func (b *bench) run(ctx context.Context, made []*contestant) error {
	defer func() {
		for _, c := range made {
			if c.log.path != b.plain.path {
				os.Remove(c.log.path)
			}
		}
	}()
	return run(ctx, made, b.rounds, b.path("output"))
}
