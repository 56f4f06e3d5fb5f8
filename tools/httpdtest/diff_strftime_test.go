//go:build httpdtest

package httpdtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/tools/internal/apache2"
)

// strftimeModules make a server without threads: the C library's %Z is not safe
// among several.
var strftimeModules = []string{"mpm_prefork", "authz_core"}

// TestStrftime reads times in generated formats as httpd logged them in several
// zones. A format that tells an instant gives back that of the request, to its own
// precision.
func TestStrftime(t *testing.T) {
	seed := number(t, "HTTPD_SEED", uint64(time.Now().UnixNano()))
	t.Logf("seed %d: HTTPD_SEED=%d shows a failure again", seed, seed)
	r := rand.New(rand.NewPCG(seed, 3))
	const count = 200
	for _, zoneName := range zones {
		var formats []string
		for range count {
			format := randomStrftime(r)
			if r.IntN(2) == 0 {
				format = randomInstant(r)
			}
			formats = append(formats, format)
		}
		t.Run(zoneName, func(t *testing.T) { checkStrftime(t, zoneName, formats) })
	}
}

// randomInstant makes an argument of %t that nearly always tells an instant.
func randomInstant(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	return pick("%F", "%Y-%m-%d", "%-d/%-m/%Y", "%12F", "%_d.%_m.%Y", "%a %b %e %Y", "%A, %-d %B %Y", "%D", "%d/%b/%Y", "%Y-%j", "%5d/%^b/%06Y", "%y%m%d", "%x") +
		pick(" ", "T", " at ") +
		pick("%T", "%H:%M:%S", "%R", "%-H:%M:%S", "%r", "%k:%M:%S", "%I:%M:%S %p", "%l.%M.%S%P", "%10T", "%_H:%_M:%_S", "%012X", "%-4H,%5M,%05S") +
		pick("", " %z", " %z", " %Z", " %_z", " %-z", " %8z", " %6Z", " %s")
}

func checkStrftime(t *testing.T, zoneName string, formats []string) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	s := startClockSite(t, zoneName, formats)
	for range 2 {
		if err := s.send(oddRequest{send: get("/")}); err != nil {
			t.Fatal(err)
		}
	}
	s.stop(t)
	instants := 0
	for i, format := range formats {
		f, err := apachelog.Compile("%{" + format + "}t")
		if err != nil {
			t.Fatal(err)
		}
		p := f.NewParser(apachelog.ParserOptions{Need: f.Provides(), Zone: zone})
		for _, line := range s.read(t, fmt.Sprintf("%d.log", i)) {
			at, value, _ := strings.Cut(line, "\t")
			var rec apachelog.Record
			if err := p.Parse([]byte(value), &rec); err != nil {
				t.Errorf("%s in %s: %q: %v", format, zoneName, value, err)
				continue
			}
			if f.Provides()&apachelog.Time == 0 {
				continue
			}
			instants++
			if wrong := wrongTime(f, &rec, at, at); wrong != "" {
				t.Errorf("%s in %s: %q: %s", format, zoneName, value, wrong)
			}
		}
	}
	t.Logf("%d formats, %d instants", len(formats), instants)
}

// startClockSite starts a server that does nothing but log the time.
func startClockSite(t *testing.T, zone string, formats []string) *site {
	t.Helper()
	s := newSite(t)
	s.choosePorts(t, "plain")
	config := fmt.Sprintf("Listen 127.0.0.1:%d\nStartServers 1\nGracefulShutdownTimeout 20\n", s.ports["plain"])
	for i, format := range formats {
		config += fmt.Sprintf("CustomLog logs/%d.log %s\n", i, apache2.Quote(`%{usec}t\t%{`+format+`}t`))
	}
	s.start(t, zone, strftimeModules, config, s.address("plain"))
	return s
}
