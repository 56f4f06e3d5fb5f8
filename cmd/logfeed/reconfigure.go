package main

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/internal/httpdconf"
	"github.com/logfeed/logfeed/internal/rollup"
)

// readHTTPD reads httpd's configuration and takes the logs, unless there are
// files, and their formats from it.
func (c *config) readHTTPD() error {
	path, err := filepath.Abs(c.httpdConf)
	if err != nil {
		return fmt.Errorf("find the directory of %s: %w", c.httpdConf, err)
	}
	if c.apache, err = httpdconf.Read(root(), path, httpdconf.Options{Getenv: os.LookupEnv}); err != nil {
		return err
	}
	c.assessed = assess(c.apache, c.exclude, c.check)
	c.logs = configured(c.assessed)
	c.formats = c.logs.formatsFor(c.fileArgs)
	c.files = c.fileArgs
	if len(c.fileArgs) == 0 {
		c.files = c.logs.patterns()
	}
	return nil
}

// takeHTTPD is readHTTPD for the command line.
func (c *config) takeHTTPD(flags *flagSet, wrong *mistakes) {
	for _, name := range []string{"format", "dialect"} {
		if flags.Lookup(name).Changed {
			wrong.addf("--"+name, "the formats come from --httpd-conf; leave out one of the two")
			return
		}
	}
	if err := c.readHTTPD(); err != nil {
		wrong.add("--httpd-conf", err)
		return
	}
	if len(c.formats) == 0 && !c.lists() {
		wrong.addf("--httpd-conf", "%s names no log that can be followed; add --check to see what it names", c.httpdConf)
	}
}

// lists says whether the logs of a configuration are only to be listed.
func (c *config) lists() bool { return c.check && c.httpdConf != "" && len(c.fileArgs) == 0 }

// root is the file system in which httpd finds its configuration.
func root() fs.FS { return os.DirFS("/") }

// report logs what is to be known about formats, and about httpd's configuration.
func (c *config) report(log *slog.Logger) {
	for _, f := range c.formats {
		for _, w := range f.Warnings() {
			log.Warn("format: "+w, "format", f.String())
		}
	}
	if c.apache == nil {
		return
	}
	report(log, c.apache, c.assessed)
	for _, name := range rollup.Metrics() {
		if l := c.lacking(name); l != nil && len(c.metrics) == 0 && c.possible(name, c.unions()) {
			log.Warn("a metric is not counted, because a log's format lacks it; --exclude the log to count it", "metric", name, "log", l.Path, "format", l.Format)
		}
	}
}

func (c *config) possible(metric string, provided apachelog.Field) bool {
	_, err := rollup.Select([]string{metric}, provided)
	return err == nil
}

// unions is what at least one of the formats can give.
func (c *config) unions() apachelog.Field {
	var all apachelog.Field
	for _, f := range c.formats {
		all |= f.Provides()
	}
	return all
}

// whose adds to an error about metrics which log of httpd's configuration is the
// cause.
func (c *config) whose(err error) error {
	for _, name := range c.metrics {
		if l := c.lacking(name); l != nil {
			return fmt.Errorf("%w; that of %s (%s) has none: --exclude it", err, l.Path, l.Place)
		}
	}
	return err
}

// lacking returns a log whose format cannot give a metric, nil if there is none.
func (c *config) lacking(metric string) *assessment {
	for i, l := range c.assessed {
		if slices.Contains(c.formats, l.format) && !c.possible(metric, l.format.Provides()) {
			return &c.assessed[i]
		}
	}
	return nil
}

// again reads httpd's configuration once more. What is counted stays as it is,
// so every log must be able to give it.
func (c *config) again() (*config, error) {
	next := *c
	if err := next.readHTTPD(); err != nil {
		return nil, err
	}
	if len(next.formats) == 0 {
		return nil, fmt.Errorf("%s names no log that can be followed", c.httpdConf)
	}
	for _, name := range rollup.Metrics() {
		counted := c.possible(name, c.provided()) && (len(c.metrics) == 0 || slices.Contains(c.metrics, name) || name == "duration" && len(c.histogram) > 0)
		if l := next.lacking(name); l != nil && counted {
			return nil, fmt.Errorf("%s, which is counted since the start, is not in the format of %s (%s): --exclude it, or start logfeed again", name, l.Path, l.Place)
		}
	}
	if err := next.groupBy(); err != nil {
		return nil, fmt.Errorf("--by: %w", err)
	}
	if err := next.routing.suits(next.formats, next.logs.vhostKnown); err != nil {
		return nil, err
	}
	if err := next.tellEnds(); err != nil {
		return nil, fmt.Errorf("--time: %w", err)
	}
	return &next, nil
}

// reconfigure reads httpd's configuration again, if there is one. What is wrong
// with it is told, and the one before stays.
func (p *pipeline) reconfigure() {
	if p.config.httpdConf == "" {
		return
	}
	next, err := p.config.again()
	if err == nil {
		err = p.follower.Follow(next.files)
	}
	if err != nil {
		p.log.Error("httpd's configuration is not taken over, the one before stays", "error", err)
		return
	}
	next.report(p.log)
	p.log.Info("httpd's configuration was read again", "logs", len(next.logs.all), "formats", len(next.formats))
	p.here.renew(next)
	if p.crew != nil {
		for _, w := range p.crew.all {
			w.renew(next)
		}
	}
	p.config, p.logs, p.shape = next, next.logs, next.shape()
}
