package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon/carbontest"
	"github.com/logfeed/logfeed/internal/tail"
)

// routed are the cells of a dry run whose series have one of the routes at their
// third level below the prefix apache.web1.
func routed(t *testing.T, routes []string, args ...string) map[carbontest.Key]string {
	t.Helper()
	all := make(map[carbontest.Key]string)
	for _, line := range cells(t, append([]string{"--prefix", "apache.web1"}, args...)...) {
		key, value := cell(t, line)
		if slices.Contains(routes, strings.Split(key.Series, ".")[3]) {
			all[key] = value
		}
	}
	return all
}

// TestRoutesToDestinations follows a log of many vhosts, more than there is room
// for. The destination of two routes is away, logfeed is killed twice meanwhile,
// and the destination of the third route misses nothing of it. In the end each
// has exactly its own points, and a third one all of them.
func TestRoutesToDestinations(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	images, rest, all, dir := listen(t), listen(t), listen(t), t.TempDir()
	log := create(t, filepath.Join(dir, "access.log"))
	args := []string{"--from-start", "--by", "vhost", "--max-series", "200", "--interval", "1s", "--format", `%v %t "%r" %>s %D`,
		"--where", `method != "OPTIONS"`, "--route", `images=path endsWith ".png"`, "--route", `errors=status >= 500`}
	follow := func() *program {
		return launch(t, exec.Command("logfeed", append([]string{"--prefix", "apache.web1", "--state-dir", filepath.Join(dir, "state"),
			"--carbon", "images=" + images.Addr(), "--carbon", "errors=" + rest.Addr(), "--carbon", "other=" + rest.Addr(), "--carbon", all.Addr(), log.Name()}, args...)...))
	}
	written := 0
	write := func() {
		var lines strings.Builder
		for range 300 {
			when := time.Now().Add(-time.Duration(10+rnd.IntN(50)) * time.Second)
			fmt.Fprintf(&lines, "www%d [%s] \"%s /a%s HTTP/1.1\" %d %d\n", rnd.IntN(20), when.Format("02/Jan/2006:15:04:05 -0700"),
				oneOf(rnd, "GET", "OPTIONS"), oneOf(rnd, ".png", ".html"), 200+100*rnd.IntN(4), rnd.IntN(1<<24))
		}
		written += 300
		log.WriteString(lines.String())
	}
	rest.Refuse()
	for range 2 {
		write()
		p := follow()
		until(t, "the points of the images", func() bool {
			return len(difference(traffic(images), routed(t, []string{"images"}, append(args, log.Name())...))) == 0
		})
		p.cmd.Process.Kill()
		<-p.ended
	}
	if n := len(rest.Lines()); n > 0 {
		t.Errorf("%d lines at a destination that is away", n)
	}
	write()
	if err := rest.Listen(); err != nil {
		t.Fatal(err)
	}
	p := follow()
	until(t, "the log", func() bool { return strings.Contains(p.stderr.String(), "caught up") })
	if code := p.terminate(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, c := range []struct {
		name   string
		carbon *carbontest.Server
		routes []string
	}{{"images", images, []string{"images"}}, {"rest", rest, []string{"errors", "other"}}, {"all", all, []string{"images", "errors", "other"}}} {
		if d := difference(traffic(c.carbon), routed(t, c.routes, append(args, log.Name())...)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	for key := range images.Final() {
		if isOwn(key.Series) {
			t.Errorf("%s at the destination of a route", key.Series)
		}
	}
	said := p.stderr.String()
	if !strings.Contains(said, "filtered=") {
		t.Error("what --where leaves out is not counted")
	}
	var lines, filtered int
	for field := range strings.FieldsSeq(said[strings.LastIndex(said, "msg=stopped"):]) {
		fmt.Sscanf(field, "lines=%d", &lines)
		fmt.Sscanf(field, "filtered=%d", &filtered)
	}
	if lines+filtered != written {
		t.Errorf("%d lines counted and %d left out of %d", lines, filtered, written)
	}
}

func oneOf(rnd *rand.Rand, words ...string) string { return words[rnd.IntN(len(words))] }

// TestHangupFindsFieldsAgain changes httpd's formats below expressions: where a
// format lacks a field the one before stays, else it is read from its new place.
func TestHangupFindsFieldsAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	conf := filepath.Join(dir, "httpd.conf")
	write(t, conf, "CustomLog a.log \"%m %t %U %O\"\n")
	log := create(t, filepath.Join(dir, "a.log"))
	carbon := listen(t)
	p := start(t, carbon, "--httpd-conf", conf, "--metrics", "bytes", "--interval", "1s", "--from-start", "--where", `method == "GET"`, "--route", `api=path startsWith "/api/"`)
	total := func(route string, n int) {
		t.Helper()
		until(t, strconv.Itoa(n)+" bytes of "+route, func() bool {
			sum := 0
			for key, v := range traffic(carbon) {
				if key.Series == "apache.web1."+route+".bytes.count" {
					one, err := strconv.Atoi(v)
					if err != nil {
						t.Fatal(err)
					}
					sum += one
				}
			}
			return sum == n
		})
	}
	hangup := func(says string) {
		t.Helper()
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		until(t, says, func() bool { return strings.Contains(p.stderr.String(), says) })
	}
	fmt.Fprintf(log, "GET [%s] /api/ 1\nPOST [%s] /api/ 2\nGET [%s] / 4\n", now(), now(), now())
	total("api", 1)
	total("other", 4)

	write(t, conf, "CustomLog a.log \"%m %t %O\"\n")
	hangup("not taken over, the one before stays\" error=\"--route api: path needs %U or %r")
	fmt.Fprintf(log, "GET [%s] /api/ 8\n", now())
	total("api", 9)

	write(t, conf, "CustomLog a.log \"%O %t \\\"%r\\\"\"\n")
	hangup("httpd's configuration was read again")
	fmt.Fprintf(log, "16 [%s] \"GET /api/x HTTP/1.1\"\n32 [%s] \"POST /api/x HTTP/1.1\"\n64 [%s] \"GET /?/api/ HTTP/1.1\"\n", now(), now(), now())
	total("api", 25)
	total("other", 68)
	p.terminate(t)
}

// TestRoutesAllocateNothing sums the real log again and again. There is no
// pattern in it: under the race detector a sync.Pool, which those of the standard
// library have, forgets on purpose.
func TestRoutesAllocateNothing(t *testing.T) {
	data, err := os.ReadFile(realLog)
	if err != nil {
		t.Fatal(err)
	}
	allocations := func(flags ...string) float64 {
		c, _, wrong := parseArgs(append(flags, "--from-start", "--once", realLog))
		if len(wrong.all) > 0 {
			t.Fatal(wrong.all)
		}
		w := newWorker(c, false)
		return testing.AllocsPerRun(5, func() {
			w.take(tail.Batch{Log: realLog, Data: data}, c.logs.of(realLog), time.Now())
			w.sum()
		})
	}
	plain := allocations()
	with := allocations("--where", `status < 500`, "--route", `images=path endsWith ".png"`, "--route", `bots=agent contains "bot" or cidr(host, "66.249.0.0/16")`, "--route", `big=bytes > 1000000`)
	if with > plain+100 { // for 10,000 lines
		t.Errorf("%v allocations, and %v without expressions", with, plain)
	}
}
