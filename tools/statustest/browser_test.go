//go:build statustest

package statustest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A browser is a headless Chromium with a profile of its own.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string // errors on its console
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: install Debian's package chromium", err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-dev-shm-usage", true))
	allocator, cancelAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	b.run(chromedp.Navigate("about:blank"))
	messages := chromedp.Console(ctx)
	// Ends with the browser.
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.hear(m)
		}
	}()
	return b
}

// hear keeps what the console says of errors.
func (b *browser) hear(m chromedp.ConsoleMessage) {
	if m.Type != chromedp.ConsoleError && m.Type != chromedp.ConsoleWarning && !m.IsException() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, m.Text+" "+m.URL)
}

// forgive forgets errors that were meant to come.
func (b *browser) forgive(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = slices.DeleteFunc(b.said, func(said string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(said, text) })
	})
}

// quiet fails where the console has said anything.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.said) > 0 {
		b.t.Errorf("the console says %q", b.said)
	}
}

func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates an expression, and waits if it is a promise.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *browser) is(condition string) bool {
	b.t.Helper()
	return ask[bool](b, `Boolean(`+condition+`)`)
}

func (b *browser) expect(what, condition string) {
	b.t.Helper()
	if !b.is(condition) {
		b.t.Errorf("there is not %s", what)
	}
}

func (b *browser) await(what, condition string) {
	b.t.Helper()
	for limit := time.Now().Add(patience); !b.is(condition); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			b.t.Fatalf("waited too long for %s; the page says:\n%s", what, ask[string](b, `document.body.innerText`))
		}
	}
}

// fits fails where something is cut off: the page is as wide as the screen, and
// so is every table.
func (b *browser) fits() {
	b.t.Helper()
	b.expect("a page no wider than the screen", `document.documentElement.scrollWidth <= innerWidth`)
	if cut := ask[string](b, `[...document.querySelectorAll(".scroll")].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.firstChild.id).join(" ")`); cut != "" {
		b.t.Errorf("at a width of %d there is not room for: %s", ask[int](b, "innerWidth"), cut)
	}
}

func (b *browser) resize(width, height int64, scheme string) {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(width, height))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// pictures looks at the page at both widths, light and dark.
func (b *browser) pictures(name string) {
	b.t.Helper()
	ask[any](b, `document.activeElement.blur()`)
	for _, screen := range []struct {
		name          string
		width, height int64
	}{{"wide", 1280, 900}, {"phone", 390, 844}} {
		for _, scheme := range []string{"light", "dark"} {
			b.resize(screen.width, screen.height, scheme)
			b.await("the charts in their place", `charts.every((c) => !c.plot || c.plot.width === document.getElementById(c.id).clientWidth && c.plot.width > 0)`)
			b.await("the colours", fmt.Sprintf(`charts.every((c) => !c.plot || c.key.includes(themed("--back"))) && matchMedia("(prefers-color-scheme: %s)").matches`, scheme))
			b.fits()
			b.shoot(name + "-" + screen.name + "-" + scheme)
		}
	}
}

// shoot keeps a picture of the whole page in the directory that STATUS_SHOTS
// names.
func (b *browser) shoot(name string) {
	b.t.Helper()
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	dir := os.Getenv("STATUS_SHOTS")
	if dir == "" {
		return
	}
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&small, paletted(picture)); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), small.Bytes(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// paletted is a picture in 256 colours, which takes a third of the bytes: those
// that are most frequent, without such as hardly differ from a more frequent one,
// so that there is room for a rare one that says something.
func paletted(from image.Image) *image.Paletted {
	times := make(map[color.RGBA]int)
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(from.At(x, y)).(color.RGBA) }
	area := from.Bounds()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			times[at(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(times), func(a, b color.RGBA) int { return cmp.Compare(times[b], times[a]) })
	var palette color.Palette
	for _, c := range colors {
		if len(palette) < 256 && !slices.ContainsFunc(palette, func(p color.Color) bool { return near(p.(color.RGBA), c) }) {
			palette = append(palette, c)
		}
	}
	place := make(map[color.RGBA]uint8)
	for _, c := range colors {
		place[c] = uint8(palette.Index(c))
	}
	to := image.NewPaletted(area, palette)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			to.SetColorIndex(x, y, place[at(x, y)])
		}
	}
	return to
}

func near(a, b color.RGBA) bool {
	far := func(a, b uint8) bool { return max(a, b)-min(a, b) > 8 }
	return !far(a.R, b.R) && !far(a.G, b.G) && !far(a.B, b.B)
}
