package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/httpdconf"
	"github.com/logfeed/logfeed/internal/rollup"
	"github.com/logfeed/logfeed/internal/status"
)

// config is everything that the command line decides.
type config struct {
	files     []string
	fileArgs  []string // what the command line has of files
	exclude   []string
	given     []givenFormat
	dialect   apachelog.Dialect
	httpdConf string // path of httpd's configuration; "" is none
	formats   []*apachelog.Format
	zone      *time.Location
	fromStart bool
	once      bool
	bounds    bounds
	dryRun    bool
	check     bool
	checkJSON bool // what --check says is for programs

	destinations []destination
	buffer       int64 // bytes
	replay       time.Duration
	replayEvery  time.Duration // 0: only after a break
	spread       time.Duration // unless it is the default
	maxRate      int           // points a second; 0 is without limit
	maxCreates   int           // new series a minute; 0 is without limit

	prefix    prefix // completed into rollup.Prefix
	tagged    bool   // levels become tags
	metrics   []string
	atEnd     bool    // a line counts at the end of its request
	histogram []int64 // bounds in milliseconds, ascending; none: no histogram
	by        grouping
	routing   routing
	rollup    rollup.Options
	keeping   keeping // --retentions; completed into rollup.Retentions

	workers int // parsers side by side on a backlog
	// blockSize is that of the batches; 0 is the follower's own. Only tests
	// set it: no result depends on it.
	blockSize int
	stateDir  string // "": no state is kept

	status      status.Address // zero: it is not served
	statusLines bool           // and shows the text of rejected lines
	inForce     []status.Flag

	progress string // auto, always or never
	logJSON  bool
	logLevel slog.Level

	// What httpd's configuration says, if there is one.
	apache   *httpdconf.Config
	assessed []assessment
	logs     *accessLogs

	help      bool
	version   bool
	graphite  bool // print Graphite's stanzas
	flagsFile string
}

const day = 24 * time.Hour

// enoughWorkers is how many there are at most by default. Each holds a block of
// 1 MiB, and more than so many are seldom busy: one goroutine reads and unpacks
// for all of them.
const enoughWorkers = 8

func defaults() *config {
	return &config{
		zone:     time.Local,
		workers:  min(runtime.GOMAXPROCS(0), enoughWorkers), // as many as the process may use, in a container too
		buffer:   64 << 20,
		replay:   30 * time.Minute,
		progress: "auto",
		logLevel: slog.LevelInfo,
		rollup:   rollup.Options{Interval: time.Minute, Lateness: 30 * time.Minute, MaxSeries: 10_000},
	}
}

// flagSet builds the flags of a config; what is wrong with a value goes to
// the mistakes.
type flagSet struct {
	*pflag.FlagSet
	mistakes *mistakes
}

func (f *flagSet) value(name, short, kind, initial, usage string, set func(string) error) *value {
	v := &value{name: name, kind: kind, initial: initial, set: set, mistakes: f.mistakes}
	f.VarP(v, name, short, usage)
	return v
}

func (f *flagSet) on(name, short string, target *bool, usage string) {
	f.value(name, short, "bool", "", usage, func(text string) (err error) {
		*target, err = parseBool(text)
		return err
	})
	f.Lookup(name).NoOptDefVal = "true"
}

func newFlagSet(c *config, wrong *mistakes) *flagSet {
	f := &flagSet{pflag.NewFlagSet("logfeed", pflag.ContinueOnError), wrong}
	f.SetOutput(io.Discard)
	f.SortFlags = false
	f.inputFlags(c)
	f.outputFlags(c)
	f.seriesFlags(c)
	f.checkFlags(c)
	f.ownFlags(c)
	return f
}

func (f *flagSet) inputFlags(c *config) {
	var format *value
	format = f.value("format", "f", "NAME|STRING", "combined", "a LogFormat string exactly as httpd.conf has it, or a nickname: "+
		strings.Join(apachelog.Nicknames(), ", ")+". Given again, each line is tried in turn", func(text string) error {
		c.given = append(c.given, givenFormat{format.place, text})
		return nil
	})
	f.value("dialect", "", "NAME", "apache", "whose letters these are: "+strings.Join(apachelog.Dialects(), ", ")+"; a nickname brings its own", func(text string) (err error) {
		c.dialect, err = apachelog.ParseDialect(text)
		return err
	})
	f.value("httpd-conf", "", "PATH", "", "take logs, formats and vhosts from Apache's configuration, or from what apache2ctl -t -D DUMP_CONFIG prints; FILEs then are the only ones that are read; with --check and no FILE: list what it names", func(text string) error {
		c.httpdConf = text
		return nil
	})
	f.value("exclude", "", "GLOB", "", "leave out files; repeatable", func(text string) error {
		c.exclude = append(c.exclude, text)
		return nil
	})
	f.on("from-start", "", &c.fromStart, "start a file that has no checkpoint at its first byte, not at its end")
	f.on("once", "", &c.once, "exit when all that the files held at the start has been read and delivered with a receipt (UDP: sent)")
	f.value("since", "", "TIME", "", "count only lines of this log time and later: RFC 3339, 2026-11-01, or -36h before the start; moves on to the next whole bucket", func(text string) error {
		return setTime(&c.bounds.sinceText, text)
	})
	f.value("until", "", "TIME", "", "count only lines before this log time; moves back to a whole bucket", func(text string) error {
		return setTime(&c.bounds.untilText, text)
	})
	f.value("timezone", "", "ZONE", "local", "for formats whose time carries no zone, such as Europe/Berlin", func(text string) (err error) {
		if text == "local" {
			text = "Local"
		}
		if c.zone, err = time.LoadLocation(text); err != nil {
			return fmt.Errorf("%w; right would be UTC, local or a name such as Europe/Berlin", err)
		}
		return nil
	})
}

func (f *flagSet) outputFlags(c *config) {
	f.value("carbon", "c", "ADDR", "127.0.0.1:2003", "HOST:PORT, tcp://HOST:PORT or udp://HOST:PORT, IPv6 in brackets, or file:///PATH for a file that nc may send later; given again, every destination gets every point. NAME=ADDR gets only the points of route NAME", func(text string) error {
		d, err := parseDestination(text)
		c.destinations = append(c.destinations, d)
		return err
	})
	f.value("buffer", "", "SIZE", "64MiB", "undelivered points kept for each destination", func(text string) (err error) {
		c.buffer, err = parseSize(text)
		return err
	})
	f.value("replay", "", "DURATION", "30m", "how long delivered points are kept to be sent again after a connection is lost", func(text string) (err error) {
		c.replay, err = parseSeconds(text, 0, 7*day)
		return err
	})
	f.value("replay-every", "", "DURATION", "off", "send what is kept for --replay again this long after each time, for relays, which do not tell what they lose; not with --once", func(text string) (err error) {
		c.replayEvery, err = parseSeconds(text, time.Second, day)
		return err
	})
	f.value("spread", "", "DURATION", "two thirds of --interval", "within this time after a bucket's end its point is sent, by each machine at a second of its own; 0s is at once; not with --once", func(text string) (err error) {
		c.spread, err = parseSeconds(text, 0, day)
		return err
	})
	f.value("max-rate", "", "N", "", "points a second at most for each destination, repeated ones included; none is no limit", func(text string) (err error) {
		c.maxRate, err = parseNumber(text)
		return err
	})
	f.value("max-creates", "", "N", "", "new series a minute at most for each destination; a series' points wait until it has been introduced; at most 50 for stock graphite-carbon, none is no limit", func(text string) (err error) {
		c.maxCreates, err = parseNumber(text)
		return err
	})
	f.on("dry-run", "n", &c.dryRun, "print the points as plaintext lines on standard output instead of sending them")
}

func (f *flagSet) checkFlags(c *config) {
	f.on("check", "", &c.check, "explain how the lines parse, with the same flags as for a run; sends nothing; exit 1 if any line is rejected")
	f.value("check-output", "", "text|json", "text", "with --check: a report for people, or one JSON object a line", func(text string) error {
		word, err := parseChoice(text, "text", "json")
		c.checkJSON = word == "json"
		return err
	})
}

func (f *flagSet) seriesFlags(c *config) {
	f.value("prefix", "", "PATH", "apache.{hostname}", "first part of every series; {hostname}, {fqdn} and {env:NAME} become one level each, and with --naming tags {hostname} or {fqdn} the tag host; ;NAME=VALUE adds a tag", func(text string) (err error) {
		c.prefix, err = parsePrefix(text)
		return err
	})
	f.value("interval", "", "DURATION", "60s, or the finest step of --retentions", "bucket length; must equal the finest step of the Graphite retention", func(text string) (err error) {
		c.rollup.Interval, err = parseSeconds(text, time.Second, day)
		return err
	})
	f.value("retentions", "", "LIST|FILE", "", "Graphite retentions (60s:1d,5m:30d,1h:3y) or a storage-schemas.conf: old lines are summed to the step that Carbon will keep at their age", func(text string) error {
		k, err := parseKeeping(text)
		if err == nil {
			c.keeping = k
		}
		return err
	})
	f.value("lateness", "", "DURATION", "30m", "how long after its end a bucket still takes late lines", func(text string) (err error) {
		c.rollup.Lateness, err = parseSeconds(text, 0, 30*day)
		return err
	})
	f.value("by", "", "FIELDS", "", "one level of the tree for each named field: "+levelNames(levels)+", "+byFile+", or a directive such as %{X-Tenant}i", c.by.parse)
	f.value("naming", "", "tree|tags", "tree", "levels of the tree, or Graphite 1.1's tags in their place, such as apache.bytes.count;host=web1;vhost=a", func(text string) error {
		word, err := parseChoice(text, "tree", "tags")
		c.tagged = word == "tags"
		return err
	})
	f.on("zero-fill", "", &c.rollup.ZeroFill, "0 for a known series' bucket without lines, once it is closed and for a day after the last line")
	var route, where *value
	route = f.value("route", "", "NAME=EXPR", "", "one level: the name of the first route whose expression is true of the line, else "+otherRoute+"; repeatable", func(text string) error {
		c.routing.given = append(c.routing.given, givenRoute{route.place, text})
		return nil
	})
	where = f.value("where", "", "EXPR", "", "count only lines for which the expression is true", func(text string) error {
		c.routing.filter = givenRoute{where.place, text}
		return nil
	})
	f.value("max-series", "", "N", "10000", "past it new group values go to _other; totals stay right", func(text string) (err error) {
		c.rollup.MaxSeries, err = parseNumber(text)
		return err
	})
	f.value("histogram", "", "LIST", "off", "durations also as counts of the lines that took no longer than so many milliseconds, which add up over servers; without a LIST "+usualBounds, func(text string) (err error) {
		c.histogram, err = parseBounds(text)
		return err
	})
	f.Lookup("histogram").NoOptDefVal = usualBounds
	f.value("metrics", "", "LIST", "all that the format has", strings.Join(rollup.Metrics(), ", "), func(text string) error {
		for name := range strings.SplitSeq(text, ",") {
			c.metrics = append(c.metrics, strings.TrimSpace(name))
		}
		return nil
	})
	f.value("time", "", "start|end", "start", "count a line at its %t, or at its end: %t plus duration, which brings slow requests in order", func(text string) error {
		word, err := parseChoice(text, "start", "end")
		c.atEnd = word == "end"
		return err
	})
}

func (f *flagSet) ownFlags(c *config) {
	f.value("workers", "", "N", "cores, but no more than 8", "parsers side by side on a backlog; the points are the same for any number", func(text string) (err error) {
		c.workers, err = parseWorkers(text)
		return err
	})
	f.value("state-dir", "", "DIR", "$STATE_DIRECTORY, else none", "where the checkpoint lives; it belongs to one set of files, and another backfill takes another", func(text string) error {
		c.stateDir = text
		return nil
	})
	f.value("status", "", "ADDR", "off", "HTTP on ADDR: status page, /healthz, /metrics, /api/status; :8080 means loopback; unix:/path", func(text string) (err error) {
		c.status, err = status.ParseAddress(text)
		return err
	})
	f.on("status-lines", "", &c.statusLines, "show the text of rejected lines there, not only reason, directive and column")
	f.value("progress", "", "auto|always|never", "auto", "how far a backlog is, and a summary at the end of --once: on a terminal a line at its foot, else a log record now and then", func(text string) (err error) {
		c.progress, err = parseChoice(text, "auto", "always", "never")
		return err
	})
	f.value("flags-file", "", "PATH", "", "more flags, one \"name value\" a line, the value taken as it stands; the command line wins", func(text string) error {
		c.flagsFile = text
		return nil
	})
	f.value("log-format", "", "text|json", "text", "form of logfeed's own log, on standard error", func(text string) error {
		word, err := parseChoice(text, "text", "json")
		c.logJSON = word == "json"
		return err
	})
	f.value("log-level", "", "LEVEL", "info", "debug, info, warn or error", func(text string) error {
		word, err := parseChoice(text, "debug", "info", "warn", "error")
		if err != nil {
			return err
		}
		return c.logLevel.UnmarshalText([]byte(word))
	})
	f.on("print-graphite-config", "", &c.graphite, "print the storage-schemas and storage-aggregation stanzas for these flags, and exit")
	f.on("version", "", &c.version, "print the version and exit")
	f.on("help", "h", &c.help, "print this help and exit")
}

// A givenFormat is one that waits until the dialect is known.
type givenFormat struct {
	place string // as in value
	text  string
}

// setFormats compiles the formats that were given.
func (c *config) setFormats(ownDialect bool, wrong *mistakes) {
	for _, g := range c.given {
		o := apachelog.CompileOptions{Dialect: c.dialect}
		if !ownDialect {
			o.Dialect = apachelog.NicknameDialect(g.text)
		}
		f, err := compileFormat(g.text, o)
		if err != nil {
			wrong.addIn(g.place+"--format", g.text, err)
		}
		if f != nil {
			c.formats = append(c.formats, f)
		}
	}
}

var errNoTime = errors.New("this format has no time, so its lines belong to no bucket; add %t")

// compileFormat takes a nickname or a LogFormat string. A string without a
// directive cannot be a format that anything could be read from. Beside
// errNoTime there is a format.
func compileFormat(text string, o apachelog.CompileOptions) (*apachelog.Format, error) {
	if !strings.Contains(text, "%") {
		format, ok := apachelog.Nickname(text)
		if !ok {
			return nil, fmt.Errorf("unknown nickname %q; the nearest is %s; a LogFormat string has directives such as %%h", text, apachelog.Nearest(text))
		}
		text = format
	}
	f, err := apachelog.CompileWith(text, o)
	if err != nil {
		return nil, err
	}
	if f.Provides()&apachelog.Time == 0 {
		return f, errNoTime
	}
	return f, nil
}

// parseArgs reads the command line and the flags file. Every mistake is
// collected; only an unknown flag ends the reading.
func parseArgs(args []string) (*config, *flagSet, *mistakes) {
	c, wrong := defaults(), &mistakes{}
	flags := newFlagSet(c, wrong)
	if err := flags.Parse(args); err != nil {
		wrong.add("command line", err)
		return c, flags, wrong
	}
	if c.help || c.version {
		return c, flags, wrong
	}
	if c.flagsFile != "" {
		readFlagsFile(c.flagsFile, flags.FlagSet, wrong)
	}
	c.files, c.fileArgs = flags.Args(), flags.Args()
	c.complete(flags, wrong)
	return c, flags, wrong
}

// complete fills in the defaults that are more than a number and checks what
// concerns several flags.
func (c *config) complete(flags *flagSet, wrong *mistakes) {
	for _, name := range []string{"format", "carbon", "prefix"} {
		if f := flags.Lookup(name); !f.Changed && !(name == "format" && c.httpdConf != "") {
			f.Value.Set(f.DefValue)
		}
	}
	c.destinations = joinDestinations(c.destinations)
	c.checkDestinations(wrong)
	c.setFormats(flags.Lookup("dialect").Changed, wrong)
	if !flags.Lookup("state-dir").Changed {
		// systemd lists all state directories of a unit, the first one first.
		c.stateDir, _, _ = strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	}
	if !c.graphite {
		c.checkFiles(wrong)
	}
	c.logs = commandLine(c.formats)
	if c.httpdConf != "" {
		c.takeHTTPD(flags, wrong)
	}
	if c.check {
		// It explains a format without a time as well.
		wrong.forgive(errNoTime)
	} else if flags.Lookup("check-output").Changed {
		wrong.addf("--check-output", "has a meaning only with --check")
	}
	if c.once && !c.check && !c.fromStart && c.stateDir == "" && !c.standardInput() {
		wrong.addf("--once", "without --from-start every file starts at its end and there is nothing to read; add --from-start")
	}
	selected, err := rollup.Select(c.metrics, c.provided())
	if err != nil {
		wrong.add("--metrics", c.whose(err))
	}
	if len(c.histogram) > 0 {
		if selected, err = selected.Histogram(c.histogram, c.provided()); err != nil {
			wrong.add("--histogram", err)
		}
	}
	c.rollup.Metrics = selected
	c.routing.complete(c.formats, c.logs.vhostKnown, wrong)
	c.checkRoutes(wrong)
	c.rollup.Levels, c.rollup.Routes = len(c.by.levels)+c.routing.levels(), c.routing.values()
	c.checkSeries(wrong)
	if err := c.groupBy(); err != nil {
		wrong.add("--by", err)
	}
	if err := c.tellEnds(); err != nil {
		wrong.add("--time", err)
	}
	c.completeNaming(wrong)
	if c.statusLines && c.status == (status.Address{}) && !wrong.has("--status") {
		wrong.addf("--status-lines", "has a meaning only with --status")
	}
	c.inForce = flags.inForce()
	c.completeRetentions(flags, wrong) // may choose the interval
	c.completeSending(flags, wrong)
	c.bounds.complete(time.Now(), c.zone, c.rollup.Interval, wrong)
}

// checkDestinations looks at the files that points are to go into. What they
// may still become, such as writable, is waited for, as for a Carbon.
func (c *config) checkDestinations(wrong *mistakes) {
	if c.dryRun || c.check || c.graphite {
		return
	}
	for _, addr := range c.destinations {
		if !addr.IsFile() {
			continue
		}
		if err := carbon.CheckFile(addr.Path); err != nil && !errors.Is(err, fs.ErrPermission) {
			wrong.add("--carbon", err)
		}
	}
}

func (c *config) checkFiles(wrong *mistakes) {
	if len(c.files) == 0 && c.httpdConf == "" {
		wrong.addf("FILE", "none given; right would be /var/log/apache2/access.log, a glob in quotes, or - for standard input")
	}
	for _, file := range c.files {
		if file == "" {
			wrong.addf("FILE", "an empty name")
		}
		if file == "-" && len(c.files) > 1 {
			wrong.addf("FILE", "- (standard input) stands alone, without other files")
			return
		}
	}
}

func (c *config) standardInput() bool { return len(c.files) == 1 && c.files[0] == "-" }

// provided is what every one of the formats can give: everything as long as
// there is none, whose mistake is told already.
func (c *config) provided() apachelog.Field {
	all := ^apachelog.Field(0)
	for _, f := range c.formats {
		all &= f.Provides()
	}
	return all
}
