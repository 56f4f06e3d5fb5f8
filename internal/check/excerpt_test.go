package check

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestShow(t *testing.T) {
	long := strings.Repeat("abcdefghi ", 100)
	for _, c := range []struct {
		line   string
		column int
		width  int
		want   string // with the caret below
	}{
		{"short", 3, 20, "short\n  ^"},
		{"short", 6, 20, "short\n     ^"},
		{"", 1, 20, "\n^"},
		{"a\tb\x01\xff\"", 6, 40, `a\tb\x01\xff"` + "\n            ^"},
		{"é!", 3, 40, `\xc3\xa9!` + "\n        ^"},
		{long, 1, 20, "abcdefghi abcdefghi…\n^"},
		{long, 500, 20, "…ij abcdefghi abcdef…\n"},
		{long, 1001, 20, "…bcdefghi abcdefghi \n" + strings.Repeat(" ", 20) + "^"},
	} {
		shown, caret := pieceAround([]byte(c.line), c.column).show(c.width)
		got := shown + "\n" + strings.Repeat(" ", caret) + "^"
		if c.column == 500 {
			// The exact window does not matter; the random test sees to the place.
			if n := utf8.RuneCountInString(shown); n > c.width+1 || !strings.HasPrefix(shown, "…") || !strings.HasSuffix(shown, "…") {
				t.Errorf("%q has %d characters", shown, n)
			}
			continue
		}
		if got != c.want {
			t.Errorf("column %d of %q:\n%s\nwant\n%s", c.column, c.line, got, c.want)
		}
	}
}

// TestShowRandomly sees that the caret stands under the byte of the column, and
// the line fits, whatever the bytes.
func TestShowRandomly(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		line := make([]byte, rnd.IntN(1+rnd.IntN(2000)))
		for i := range line {
			if line[i] = byte(' ' + rnd.IntN(95)); rnd.IntN(4) == 0 {
				line[i] = byte(rnd.IntN(256))
			}
		}
		column := 1 + rnd.IntN(len(line)+1)
		width := 20 + rnd.IntN(180)
		shown, caret := pieceAround(line, column).show(width)
		runes := []rune(shown)
		if len(runes) > width+1 {
			t.Fatalf("%q, column %d: %d characters in a width of %d", line, column, len(runes), width)
		}
		rest := string(runes[caret:])
		if column == len(line)+1 {
			if rest != "" {
				t.Fatalf("%q, column %d: %q stands behind the end", line, column, rest)
			}
			continue
		}
		if !strings.HasPrefix(rest, visibleByte(line[column-1])) {
			t.Fatalf("%q, column %d: the caret stands under %q", line, column, rest)
		}
	}
}
