//go:build statustest

package statustest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPage watches the page while lines arrive.
func TestPage(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	s.begin("--status-lines")
	b := openBrowser(t)
	b.resize(1280, 1000, "light")
	b.run(chromedp.Navigate(s.url))
	b.await("a verdict that is good", `document.querySelector("#verdict").className === "verdict good"`)
	b.await("a row for each log", `document.querySelectorAll("#files tbody tr").length === 3`)
	b.await("a card for Carbon", `document.querySelectorAll("#destinations .card.good").length === 1`)
	b.await("three charts", `charts.slice(0, 3).every((c) => c.plot && c.plot.data[0].length === 31)`)

	b.await("numbers of each log", `[...document.querySelectorAll("#files tbody tr")].every((r) => {
		const of = (label) => r.querySelector("[data-label='" + label + "']").textContent;
		return of("size").endsWith("kB") && of("position") === of("size") && of("behind") === "0 B" && of("log time behind") === "0 s" &&
			Number(of("lines/s")) > 0 && of("rejected") === (r.textContent.includes("vhost0") ? "1" : "0"); })`)
	b.expect("version and uptime", `/version \S+, *up for \d+/.test(document.querySelector(".since").textContent)`)
	b.expect("the number of series and their bound", `/series6 of 10,000/.test(document.querySelector("#sums").textContent)`)
	b.expect("the flags given, and no others", `document.querySelector("#flags").innerText.includes("--status-lines") && !document.querySelector("#flags").innerText.includes("--lateness")`)
	b.run(chromedp.Click(chromedp.CSS("#all-flags")))
	b.await("all flags in force", `/--lateness\s+30m/.test(document.querySelector("#flags").innerText)`)
	b.run(chromedp.Click(chromedp.CSS("#all-flags")))

	// The bucket in progress grows, or the next one has begun.
	newest := `(() => { const v = charts[0].plot.data[1].filter((x) => x !== null); return charts[0].plot.data[0].at(-1) * 1e6 + v.at(-1); })()`
	for range 3 {
		before := ask[float64](b, newest)
		b.await("the chart to move", fmt.Sprintf(`%s > %f`, newest, before))
	}

	b.await("the text of a hostile line", `document.querySelector("#rejections").textContent.includes("<script>document.title = 'owned'</script>")`)
	b.expect("no script out of a log", `document.querySelectorAll("#rejections script").length === 0 && !document.title.includes("owned")`)
	b.expect("a policy that lets no other script run", `(() => { const s = document.createElement("script"); s.textContent = "window.owned = true"; document.body.append(s); s.remove(); return window.owned === undefined; })()`)

	b.await("a line without holes for a status that is rare", `charts[2].plot && charts[2].plot.data.length === 5 && charts[2].plot.data.slice(1).every((v) => !v.includes(null))`)
	b.run(chromedp.SendKeys(chromedp.CSS("#pick"), "apache.web1.status.4xx.count"))
	b.await("the series that was picked", `charts[3].plot && charts[3].plot.data[1].some((v) => v !== null)`)

	b.await("a receipt", `[...document.querySelectorAll("#destinations dd")].some((e) => e.textContent.endsWith(" ago"))`)
	b.pictures("status")

	s.carbon.Kill()
	b.await("word of a Carbon that is away", `document.querySelector("#verdict").className === "verdict warn" && document.querySelector("#sentence").textContent.includes("away")`)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.carbon.Start(ctx); err != nil {
		t.Fatal(err)
	}
	b.await("a Carbon that is back, and a replay", `document.querySelector("#destinations .card.good") && /replays\s+1/.test(document.querySelector("#destinations").innerText)`)
	s.stop()
	b.await("word of a logfeed that is gone", `document.body.classList.contains("stale")`)
	b.forgive("Content Security Policy", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")
	b.quiet()
}

// TestLinesStaySecret follows without --status-lines.
func TestLinesStaySecret(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	s.begin()
	b := openBrowser(t)
	b.run(chromedp.Navigate(s.url))
	b.await("the reason of a rejection", `document.querySelectorAll("#rejections tbody tr:not(.none)").length > 0`)
	b.expect("nothing of the line", `!document.body.textContent.includes("owned")`)
	b.quiet()
}

// TestManyLogs has ten thousand logs and a page that stays small.
func TestManyLogs(t *testing.T) {
	t.Parallel()
	s := startSite(t)
	for i := range 10_000 {
		write(t, filepath.Join(s.dir, fmt.Sprintf("site%05d.log", i)), line(time.Now(), 200, "many"))
	}
	s.begin()
	b := openBrowser(t)
	b.run(chromedp.Navigate(s.url))
	b.await("the number of all", `document.querySelector("#files-count").textContent.startsWith("10 of 10,003")`)
	b.expect("few rows", `document.querySelectorAll("#files tbody tr").length === 10`)
	b.run(chromedp.Click(chromedp.CSS("#more")))
	b.await("more rows", `document.querySelectorAll("#files tbody tr").length === 100`)
	b.run(chromedp.SendKeys(chromedp.CSS("#match"), "site01234"))
	b.await("the one that is looked for", `document.querySelectorAll("#files tbody tr").length === 1 && document.querySelector("#files tbody").textContent.includes("site01234")`)
	took := ask[float64](b, `(async () => { const begin = performance.now(); for (let i = 0; i < 10; i++) await showStatus(); return (performance.now() - begin) / 10; })()`)
	t.Logf("the page asks and shows in %.1f ms", took)
	b.quiet()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func line(when time.Time, status int, agent string) string {
	return fmt.Sprintf("192.0.2.7 - - [%s] \"GET /index.html HTTP/1.1\" %d 5120 \"-\" \"%s\"\n",
		when.Format("02/Jan/2006:15:04:05 -0700"), status, strings.ReplaceAll(agent, `"`, `\"`))
}
