package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/carbon/carbontest"
)

// TestSecondFollowerIsRefused starts two followers of one prefix and
// destination: the second ends at once and says why.
func TestSecondFollowerIsRefused(t *testing.T) {
	t.Parallel()
	carbon := listen(t)
	first := start(t, carbon, "--from-start", realLog)
	until(t, "the first to follow", func() bool { return strings.Contains(first.stderr.String(), "caught up") })
	second := start(t, carbon, realLog)
	if code := second.exit(t); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(second.stderr.String(), "another logfeed on this machine already feeds apache.web1") {
		t.Error("the second does not say why it ended")
	}
	if code := start(t, carbon, "--prefix", "apache.web2", "--once", "--from-start", realLog).exit(t); code != 0 {
		t.Errorf("another prefix: exit code %d", code)
	}
}

// TestClaimName has the same claim for every name of this machine, and another
// one for everything else.
func TestClaimName(t *testing.T) {
	name := func(addr string) string {
		a, err := carbon.ParseAddress(addr)
		if err != nil {
			t.Fatal(err)
		}
		return claimName(&config{}, a)
	}
	for addr, same := range map[string]bool{
		"127.0.0.1:2003": true, "localhost:2003": true, "[::1]:2003": true, "127.0.1.1:2003": true, "tcp://localhost:2003": true,
		"localhost:2004": false, "udp://127.0.0.1:2003": false, "192.0.2.1:2003": false, "graphite.example:2003": false,
	} {
		if (name(addr) == name("127.0.0.1:2003")) != same {
			t.Errorf("%s: the claim is %q", addr, name(addr))
		}
	}
}

// TestBackfillBesideAFollower runs a backfill of a part of the lines while a
// follower feeds the same series: buckets that are the follower's keep its
// totals, older ones are filled.
func TestBackfillBesideAFollower(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now().Truncate(time.Minute)
	live, old := create(t, dir+"/live.log"), create(t, dir+"/old.log")
	carbon := listen(t)
	follower := start(t, carbon, "--from-start", live.Name())
	live.WriteString(combined(now, 200, 1) + combined(now, 200, 1))
	until(t, "the follower", func() bool { return strings.Contains(follower.stderr.String(), "caught up") })
	time.Sleep(time.Second) // for the lines, which are not told of

	yesterday := now.Add(-24 * time.Hour)
	old.WriteString(combined(yesterday, 200, 5) + combined(now, 200, 7))
	backfill := start(t, carbon, "--from-start", "--once", old.Name())
	if code := backfill.exit(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if said := backfill.stderr.String(); !strings.Contains(said, "are left alone") || !strings.Contains(said, "lines=1 ") || !strings.Contains(said, "left_to_follower=1") {
		t.Error("it does not say what it left alone")
	}
	follower.terminate(t)
	want := map[carbontest.Key]string{
		{Series: "apache.web1.bytes.count", Time: yesterday.Unix()}:      "5",
		{Series: "apache.web1.requests.count", Time: yesterday.Unix()}:   "1",
		{Series: "apache.web1.status.2xx.count", Time: yesterday.Unix()}: "1",
		{Series: "apache.web1.bytes.count", Time: now.Unix()}:            "2",
		{Series: "apache.web1.requests.count", Time: now.Unix()}:         "2",
		{Series: "apache.web1.status.2xx.count", Time: now.Unix()}:       "2",
	}
	if d := difference(traffic(carbon), want); d != "" {
		t.Error(d)
	}
}

// TestPipedLoggerWaitsForTheOneBefore starts a second follower of standard
// input while the first still reads, as Apache does at a graceful restart.
func TestPipedLoggerWaitsForTheOneBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	carbon := listen(t)
	pipe := func() (*program, io.WriteCloser) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := startReading(t, carbon, r, "--state-dir", dir, "-")
		r.Close()
		return p, w
	}
	first, in := pipe()
	until(t, "the first to follow", func() bool { return strings.Contains(first.stderr.String(), "caught up") })
	second, next := pipe()
	time.Sleep(300 * time.Millisecond)
	if said := second.stderr.String(); said != "" {
		t.Errorf("the second did not wait: %s", said)
	}
	in.Close()
	if code := first.exit(t); code != 0 {
		t.Errorf("exit code %d of the first", code)
	}
	until(t, "the second to follow", func() bool { return strings.Contains(second.stderr.String(), "caught up") })
	next.Close()
	if code := second.exit(t); code != 0 {
		t.Errorf("exit code %d of the second", code)
	}
	if !strings.Contains(second.stderr.String(), "msg=stopped lines=0") {
		t.Error("no record at the end of the input")
	}
}
