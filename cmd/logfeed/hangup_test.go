package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestHangupReadsTheConfigurationAgain changes httpd's configuration under a
// running logfeed: a broken one is told and the old one stays; of a good one the
// logs are followed from their first bytes and the formats count from then on.
func TestHangupReadsTheConfigurationAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	conf, state := filepath.Join(dir, "httpd.conf"), filepath.Join(dir, "state")
	const formats = `LogFormat "%h %l %u %t \"%r\" %>s %b" common` + "\n" + `LogFormat "%v:%p %h %t %O" short` + "\n"
	write(t, conf, formats+"CustomLog a.log common\n")
	a, b := create(t, filepath.Join(dir, "a.log")), create(t, filepath.Join(dir, "b.log"))
	common := func(bytes string) string {
		return `192.0.2.7 - - [` + now() + `] "GET / HTTP/1.1" 200 ` + bytes + "\n"
	}
	b.WriteString(common("1000"))

	carbon := listen(t)
	flags := []string{"--httpd-conf", conf, "--metrics", "bytes", "--interval", "1s", "--from-start", "--state-dir", state}
	logfeed := start(t, carbon, flags...)
	total := func(n int) {
		t.Helper()
		until(t, strconv.Itoa(n)+" bytes", func() bool { return bytesIn(t, carbon) == n })
	}
	hangup := func(says string) {
		t.Helper()
		before := strings.Count(logfeed.stderr.String(), says)
		if err := logfeed.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		until(t, says, func() bool { return strings.Count(logfeed.stderr.String(), says) > before })
	}
	a.WriteString(common("1"))
	total(1)

	const stays = "httpd's configuration is not taken over, the one before stays"
	write(t, conf, "CustomLog a.log\n")
	hangup(stays)
	write(t, conf, "CustomLog a.log %t\n")
	hangup(stays)
	a.WriteString(common("10"))
	total(11)

	write(t, conf, formats+"CustomLog a.log short\n<VirtualHost *:80>\nCustomLog b.log common\n</VirtualHost>\n")
	hangup("httpd's configuration was read again\" logs=2 formats=2")
	a.WriteString("www.example:80 192.0.2.7 [" + now() + "] 100\n")
	b.WriteString(common("10000"))
	total(11111)
	if code := logfeed.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if said := logfeed.stderr.String(); !strings.Contains(said, "rejected=0") || !strings.Contains(said, `formats="4 by`) {
		t.Error("a line was rejected, or the formats of before were forgotten")
	}

	// The state is that of the configuration read last.
	logfeed = start(t, carbon, flags...)
	a.WriteString("www.example:80 192.0.2.7 [" + now() + "] 100000\n")
	total(111111)
	logfeed.terminate(t)
	if strings.Contains(logfeed.stderr.String(), "another meaning") {
		t.Error("the same configuration does not go on from its state")
	}
}

func now() string { return time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700") }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// bytesIn adds up what Graphite holds of bytes.
func bytesIn(t *testing.T, carbon *carbontest.Server) int {
	t.Helper()
	sum := 0
	for key, v := range traffic(carbon) {
		if !strings.HasSuffix(key.Series, ".bytes.count") {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
