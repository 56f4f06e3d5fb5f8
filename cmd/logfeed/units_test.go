package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestUnits holds the unit for one logfeed and the one for several together:
// what an instance has for itself, and nothing else, is different.
func TestUnits(t *testing.T) {
	one, several := unit(t, "logfeed.service"), unit(t, "logfeed@.service")
	own := strings.NewReplacer(
		"Description=Feed Apache access logs to Graphite", "Description=Feed Apache access logs to Graphite (%i)",
		"EnvironmentFile=-/etc/default/logfeed", "EnvironmentFile=-/etc/default/logfeed-%i",
		"--flags-file /etc/logfeed/flags", "--flags-file /etc/logfeed/%i.flags --prefix apache.{hostname}.%i",
		"StateDirectory=logfeed", "StateDirectory=logfeed-%i",
		"unix:/run/logfeed/", "unix:/run/logfeed-%i/",
		"RuntimeDirectory=logfeed", "RuntimeDirectory=logfeed-%i",
	)
	for i, line := range one {
		one[i] = own.Replace(line)
	}
	if !slices.Equal(one, several) {
		t.Errorf("logfeed@.service has\n%s\nand logfeed.service\n%s", strings.Join(several, "\n"), strings.Join(one, "\n"))
	}
}

// TestUnitStarts gives logfeed the command line of the units, with the files of
// flags that the packages bring and with empty ones.
func TestUnitStarts(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "flags")
	write(t, empty, "")
	for _, name := range []string{"logfeed.service", "logfeed@.service"} {
		for _, flags := range []string{empty, "../../deploy/packaging/flags"} {
			c, _, wrong := parseArgs(commandOf(t, name, flags, "/var/log/apache2/*access.log"))
			if len(wrong.all) > 0 {
				t.Errorf("%s with %s: %v", name, flags, wrong.all)
			}
			if instance := strings.HasSuffix(c.rollup.Prefix, ".shop"); instance != (name == "logfeed@.service") {
				t.Errorf("%s has the prefix %s", name, c.rollup.Prefix)
			}
		}
	}
}

// commandOf returns the arguments of ExecStart in a unit, for the instance shop,
// with another file of flags and one file to follow.
func commandOf(t *testing.T, name, flags, file string) []string {
	t.Helper()
	for _, line := range unit(t, name) {
		if command, ok := strings.CutPrefix(line, "ExecStart=/usr/bin/logfeed "); ok {
			command = regexp.MustCompile(`/etc/logfeed/\S+`).ReplaceAllLiteralString(command, flags)
			command = strings.NewReplacer("%i", "shop", "$LOGFEED_OPTS", file).Replace(command)
			return strings.Fields(command)
		}
	}
	t.Fatalf("%s starts nothing", name)
	return nil
}

// unit returns the settings of a unit.
func unit(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../deploy/systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(data), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "#")
	})
}
