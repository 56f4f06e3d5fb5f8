//go:build statustest

package statustest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// busySite has four hundred virtual hosts with names as long as they come, of
// which one writes what cannot be read, and one a log that cannot be opened.
func busySite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	for i := range 400 {
		s.visit(i, strings.Repeat(virtual(i)+" "+line(time.Now(), 200, "many"), 3))
	}
	s.visit(77, virtual(77)+" no request line\n")
	if err := os.Symlink("loop_access.log", filepath.Join(s.dir, "loop_access.log")); err != nil {
		t.Fatal(err)
	}
	return s
}

func virtual(i int) string {
	return fmt.Sprintf("customer-%03d.some-rather-long-name-of-a-shop.department.example.org:443", i)
}

func (s *site) visit(i int, text string) {
	s.t.Helper()
	write(s.t, filepath.Join(s.dir, strings.TrimSuffix(virtual(i), ":443")+"_ssl_access.log"), text)
}

// TestTroubleAtNight has many logs, one of them unreadable, lines that cannot be
// parsed, and a Carbon that goes away: what is wrong stands on top.
func TestTroubleAtNight(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	s.begin("--format", "vhost_combined", "--by", "vhost")
	b := openBrowser(t)
	b.run(chromedp.Navigate(s.url))
	b.await("the number of all", `document.querySelector("#files-count").textContent.startsWith("10 of 400")`)
	b.await("the log that rejects lines, first", `document.querySelector("#files tbody tr").textContent.includes("customer-077")`)
	b.await("the path that cannot be read, in the sentence", `document.querySelector("#sentence").textContent.includes("loop_access.log")`)
	b.run(chromedp.SendKeys(chromedp.CSS("#pick"), "customer-123"))
	b.await("names to choose from", `document.querySelectorAll("#names option").length === 3`) // bytes, requests, 2xx
	s.carbon.Kill()
	b.await("word of a Carbon that is away", `document.querySelector("#sentence").textContent.includes("away")`)
	if code := ask[int](b, `fetch("healthz").then((answer) => answer.status)`); code != http.StatusOK {
		t.Errorf("/healthz answers %d because of a Carbon that is away", code)
	}
	if said := ask[string](b, `fetch("metrics").then((answer) => answer.text())`); !strings.Contains(said, fmt.Sprintf("logfeed_carbon_connected{carbon=%q} 0\n", s.carbon.Addr())) {
		t.Errorf("/metrics does not tell that Carbon is away: %s", said)
	}
	b.pictures("trouble")
	b.quiet()
}

// TestReaderThatIsStuck prints points to somebody who takes them no more. That
// holds the reader up, as a network file system does that has died.
func TestReaderThatIsStuck(t *testing.T) {
	t.Parallel()
	s := busySite(t)
	taken, points, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "logfeed.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c := exec.Command(binary(t, "LOGFEED_BINARY"), "--dry-run", "--from-start", "--interval", "1s", "--prefix", "apache.web1",
		"--format", "vhost_combined", "--by", "vhost", "--status", "127.0.0.1:0", filepath.Join(s.dir, "customer*.log"))
	c.Stdout, c.Stderr = points, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	points.Close()

	// The first points are taken, so that there is something to show; of those of one more line
	// each, a pipe has not room for all.
	if _, err := io.CopyN(io.Discard, taken, 100_000); err != nil {
		t.Fatal(err)
	}
	url := servedAt(t, log.Name())
	b := openBrowser(t)
	b.run(chromedp.Navigate(url))
	b.await("the number of all", `document.querySelector("#files-count").textContent.startsWith("10 of 400")`)
	for i := range 400 {
		s.visit(i, virtual(i)+" "+line(time.Now(), 200, "many"))
	}
	b.await("word of the reader that is stuck", `document.querySelector("#verdict").className === "verdict bad" && document.querySelector("#sentence").textContent.includes("has not gone round")`)
	answer, err := http.Get(url + "healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if reason, err := io.ReadAll(answer.Body); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(reason), "has not gone round") {
		t.Errorf("/healthz: %s %q, %v", answer.Status, reason, err)
	}
	b.pictures("stuck")
	b.quiet()
}
