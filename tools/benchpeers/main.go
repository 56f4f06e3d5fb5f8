// Command benchpeers measures whole programs beside each other on one large
// log: wc, logfeed into a real go-carbon, and what else one would take for the
// job. It writes a table and a picture of what it has seen.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
	start   int64 // of the day of the logs, Unix seconds
	carbon  *gocarbon.Server
}

func main() {
	var b bench
	flag.StringVar(&b.logfeed, "logfeed", "build/logfeed", "the program")
	goCarbon := flag.String("go-carbon", "build/go-carbon", "the program")
	realLog := flag.String("log", "testdata/apache_logs", "the real lines")
	flag.StringVar(&b.dir, "dir", "build/benchpeers.data", "where logs and points go; emptied before and after")
	flag.IntVar(&b.lines, "lines", 5_480_000, "lines of the log")
	flag.IntVar(&b.rounds, "runs", 5, "runs of each program; the slow ones have two at most")
	rows := flag.String("rows", "peers,formats,packed", "which tables to make: "+strings.Join(tables, ", "))
	doc := flag.String("doc", "", "the file whose tables are replaced; none only prints them")
	picture := flag.String("picture", "", "the file for the picture of the peers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := b.all(ctx, *goCarbon, *realLog, strings.Split(*rows, ","), *doc, *picture); err != nil {
		fmt.Fprintln(os.Stderr, "benchpeers:", err)
		stop()
		os.Exit(1)
	}
}

// tables are what can be made, in the order of the document.
var tables = []string{"peers", "formats", "packed", "sizes"}

// One archive, so that every point can be read back at the step it was sent at.
const schemas = "[all]\npattern = .*\nretentions = 60s:7d\n"

func (b *bench) all(ctx context.Context, goCarbon, realLog string, rows []string, doc, picture string) (err error) {
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

	for _, row := range rows {
		var made []*contestant
		switch row {
		case "peers":
			made, err = b.peers()
		case "formats":
			made, err = b.formats()
		case "packed":
			made, err = b.packed()
		case "sizes":
			made, err = b.sizes()
		default:
			return fmt.Errorf("there is no table %q; right would be %s", row, strings.Join(tables, ", "))
		}
		if err == nil {
			err = run(ctx, made, b.rounds, b.path("output"))
		}
		if err != nil {
			return err
		}
		table := markdown(made)
		fmt.Println(table)
		if doc != "" {
			if err := replaceIn(doc, row, machine()+"\n\n"+table); err != nil {
				return err
			}
		}
		if row == "peers" && picture != "" {
			if err := os.WriteFile(picture, bars(made), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// logfeedOn is a logfeed that feeds go-carbon with a log, below a prefix of its
// own in each run, where everything is read back.
func (b *bench) logfeedOn(name string, l log, flags ...string) *contestant {
	prefix := func(n int) string {
		return fmt.Sprintf("bench.%s.run%d", strings.Map(level, name), n)
	}
	return &contestant{
		name: name, log: l, runs: b.rounds, scale: 1,
		args: func(n int) []string {
			return append([]string{b.logfeed, "--from-start", "--once", "--carbon", b.carbon.Addr(), "--prefix", prefix(n)}, append(flags, l.path)...)
		},
		check: func(ctx context.Context, n int) error { return checkTotals(ctx, b.carbon, prefix(n), l) },
	}
}

// level keeps what a level of Graphite's tree may hold.
func level(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}

func program(name string, l log, runs int, scale float64, args ...string) *contestant {
	return &contestant{name: name, log: l, runs: runs, scale: scale, args: func(int) []string { return args }}
}

// slowRuns is how often a program is run that takes many seconds.
const slowRuns = 2

// tenth is by how much the log of the slowest programs is smaller.
const tenth = 10

// ofPiece is how many lines mtail is given. In one shot it takes time by the
// square of what it reads: ten times the lines, some forty times as long. So
// little of the log is the kindest to it, although its start counts too.
const ofPiece = 10_000

func (b *bench) peers() ([]*contestant, error) {
	whole, err := makeLog(b.path("access.log"), b.real, b.lines, b.start, shape{})
	if err != nil {
		return nil, err
	}
	part, err := makeLog(b.path("tenth.log"), b.real, b.lines/tenth, b.start, shape{})
	if err != nil {
		return nil, err
	}
	made := []*contestant{
		program("wc -l", whole, b.rounds, 1, "wc", "-l", whole.path),
		b.logfeedOn("logfeed, 2 workers", whole, "--workers", "2"),
		b.logfeedOn("logfeed, 1 worker", whole, "--workers", "1"),
	}
	if path, err := exec.LookPath("python3"); err == nil {
		made = append(made, program("Python generators, one regular expression", whole, slowRuns, 1, path, "tools/benchpeers/pipeline.py", whole.path))
	}
	if path, err := exec.LookPath("mtail"); err == nil {
		piece, err := makeLog(b.path("piece.log"), b.real, ofPiece, b.start, shape{})
		if err != nil {
			return nil, err
		}
		scale := float64(b.lines) / ofPiece
		made = append(made, program("mtail", piece, b.rounds, scale, path, "--one_shot", "--logtostderr", "--address", "127.0.0.1", "--port", "0",
			"--progs", "tools/benchpeers/status.mtail", "--logs", piece.path))
	}
	if path, err := exec.LookPath("goaccess"); err == nil {
		made = append(made, program("GoAccess", part, slowRuns, tenth, path, part.path, "--log-format=COMBINED", "--no-progress", "-o", b.path("goaccess.json")))
	}
	return made, nil
}

const (
	combined = `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`
	vhosts   = 400
	long     = `%v:%p ` + combined + ` "%!200,206,304{Cookie}i" %400,404,500{X-Request-Id}i "%{Accept-Language}i" %X %k %{local}p %{UNIQUE_ID}e "%200{Content-Type}o" %I`
	longTail = ` "-" - "en-US,en;q=0.9,de;q=0.5" + 3 443 ZWjH4cCoAAEAAAIRAAAAAAB "text/html; charset=UTF-8" 712`
)

// formats are logs of as many lines in other formats, beside the plain one.
func (b *bench) formats() ([]*contestant, error) {
	var made []*contestant
	for _, f := range []struct {
		shape shape
		flags []string
	}{
		{shape{name: "combined"}, nil},
		{shape{name: "vhost_combined --by vhost, 400 hosts", vhosts: vhosts, octets: true}, []string{"--format", "vhost_combined", "--by", "vhost"}},
		{shape{name: "combined with %D", tail: " 18342"}, []string{"--format", combined + " %D"}},
		{shape{name: "a long format with conditions", vhosts: 1, tail: longTail}, []string{"--format", long}},
	} {
		l, err := makeLog(b.path(fmt.Sprintf("format%d.log", len(made))), b.real, b.lines, b.start, f.shape)
		if err != nil {
			return nil, err
		}
		made = append(made, b.logfeedOn(f.shape.name, l, f.flags...))
	}
	return made, nil
}

// packed are compressed logs, each behind the shell's way to count its lines.
func (b *bench) packed() ([]*contestant, error) {
	l, err := makeLog(b.path("packed.log"), b.real, b.lines, b.start, shape{})
	if err != nil {
		return nil, err
	}
	var made []*contestant
	for _, p := range []struct{ suffix, pack, unpack string }{
		{"gz", "gzip -1 <%s >%s", "zcat"},
		{"zst", "zstd -q -3 <%s >%s", "zstd -dc"},
	} {
		if _, err := exec.LookPath(strings.Fields(p.pack)[0]); err != nil {
			continue
		}
		packed := l
		packed.path += "." + p.suffix
		if out, err := exec.Command("sh", "-c", fmt.Sprintf(p.pack, l.path, packed.path)).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", p.pack, err, out)
		}
		made = append(made,
			program(p.unpack+" | wc -l", packed, b.rounds, 1, "sh", "-c", p.unpack+" "+packed.path+" | wc -l"),
			b.logfeedOn("logfeed, ."+p.suffix, packed))
	}
	return made, nil
}

// sizes are logs of a tenth, once and nearly four times the lines, and one log
// whose lines make more and more series.
func (b *bench) sizes() ([]*contestant, error) {
	var made []*contestant
	for _, lines := range []int{b.lines / 10, b.lines, b.lines * 38 / 10} {
		l, err := makeLog(b.path(fmt.Sprintf("lines%d.log", lines)), b.real, lines, b.start, shape{})
		if err != nil {
			return nil, err
		}
		made = append(made, b.logfeedOn(fmt.Sprintf("%.2f GB", float64(l.bytes)/1e9), l))
	}
	for _, series := range []int{1, 100, 10_000} {
		l, err := makeLog(b.path(fmt.Sprintf("series%d.log", series)), b.real, b.lines, b.start, shape{vhosts: series, octets: true})
		if err != nil {
			return nil, err
		}
		c := b.logfeedOn(fmt.Sprintf("%d series, a point an hour", series), l,
			"--format", "vhost_combined", "--by", "vhost", "--metrics", "requests", "--interval", "1h")
		c.check = nil // go-carbon's answer for ten thousand series is too large to read after each run
		made = append(made, c)
	}
	return made, nil
}
