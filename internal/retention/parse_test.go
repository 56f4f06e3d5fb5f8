package retention

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const (
	minute = 60
	hour   = 3600
	day    = 86400
	year   = 365 * day
)

func TestParse(t *testing.T) {
	stock := List{{60, day}, {5 * minute, 30 * day}, {hour, 3 * year}}
	for text, want := range map[string]List{
		"60s:1d,5m:30d,1h:3y":           stock,
		" 60s:1d,\t5m:30d , 1h:3y ":     stock,
		"1h:3y,60s:1d,5m:30d":           stock, // whisper sorts
		"60:1440,300:8640,3600:26280":   stock,
		"60:1d,5m:8640,1h:1095d":        stock,
		"60s:1440":                      {{60, day}},
		"1min:7d,10mi:5years":           {{60, 7 * day}, {600, 5 * year}},
		"1w:1y":                         {{7 * day, 52 * 7 * day}}, // whole points only
		"7s:1m":                         {{7, 56}},
		"1s:136y":                       {{1, 136 * year}},
		"10s:6h,1minutes:6d,10m:1800da": {{10, 6 * hour}, {60, 6 * day}, {600, 1800 * day}},
		"1s:4294967295s":                {{1, 1<<32 - 1}},
	} {
		got, err := Parse(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Parse(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                    `column 1: "" is no archive; right would be STEP:SPAN, such as 60s:1d, or SECONDS:POINTS, such as 60:1440`,
		"60s:1d,":             `column 8: "" is no archive`,
		"60s:1d, 5m":          `column 9: "5m" is no archive`,
		"60s:1d;5m:30d":       `column 6: unknown unit "d;`,
		"60s:1q":              `column 6: unknown unit "q"; known are s, m, h, d, w and y`,
		"60S:1d":              `column 3: unknown unit "S"`,
		"1mon:1y":             `column 2: unknown unit "mon"`,
		"s:1d":                `column 1: "s" begins with no number`,
		"60s: 1d":             `column 5: " 1d" begins with no number`,
		"-60s:1d":             `column 1: "-60s" begins with no number`,
		"60s:1d:2d":           `column 6: unknown unit "d:`,
		"0:1d":                `column 1: a step of 0 seconds`,
		"60s:0":               `column 5: an archive without room for one point; right would be at least 60s`,
		"5m:4m":               `column 4: an archive without room for one point; right would be at least 5m`,
		"1s:137y":             `column 4: "137y" is too long: whisper has 32 bits for it`,
		"60:71582789":         `column 4: "71582789" is too long`,
		"60:4294967296":       `column 4: "4294967296" is too large`,
		"60s:1d,60:2880":      `column 8: two archives with the same step, 60s:1d and 60:2880`,
		"180s:7d,300s:30d":    `column 9: its step is no whole multiple of the one of 180s:7d, so whisper cannot make its points of finer ones; right would be a step of 6m`,
		"1h:3y, 60s:1d,7m:2d": `column 1: its step is no whole multiple of the one of 7m:2d, so whisper cannot make its points of finer ones; right would be a step of 63m`,
		"60s:1d,5m:1d":        `column 8: it reaches back no further than 60s:1d, but whisper wants coarser archives to; right would be more than 1d`,
		"60s:1d,5m:23h":       `column 8: it reaches back no further`,
		"1h:30d, 60s:30m":     `column 9: it has 30 points, but 60 make one of 1h:30d; right would be at least 60s:1h`,
	} {
		got, err := Parse(text)
		var where *ListError
		if !errors.As(err, &where) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v\n want %s", text, got, err, want)
		}
	}
}

func TestDoubts(t *testing.T) {
	for text, want := range map[string]int{
		"60s:1d,5m:30d": 0, "60:1440": 0, "60:1d": 0, "60s:1440": 1, "10s:1d, 1m:14400,5m:288000": 2, "10s:1h,60s:1d": 1, "": 0,
	} {
		if got := Doubts(text); len(got) != want {
			t.Errorf("Doubts(%q) = %q, want %d", text, got, want)
		}
	}
	want := "1m:1440 is 1440 points for carbon, and so for logfeed, but 1440 seconds for go-carbon; give both numbers a unit, or none"
	short := "10s:1h is too short to be fed: points wait in Carbon, and lines come late, so all lines are summed to 60s from the beginning; right would be 10s:91m or longer"
	if got := Doubts("10s:1h,1m:1440"); !slices.Equal(got, []string{want, short}) {
		t.Errorf("%q, want %q and %q", got, want, short)
	}
}

func TestListIsWrittenInGraphitesSyntax(t *testing.T) {
	for _, text := range []string{"60s:1d,5m:30d,1h:3y", "10s:6h,60s:7d,10m:5y", "7s:56s", "1d:1y", "90s:1d", "1s:60s", ""} {
		list, err := Parse(text)
		if text != "" && err != nil {
			t.Fatal(err)
		}
		if got := list.String(); got != text {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}

// TestRandomListsReadBack writes valid lists in every spelling.
func TestRandomListsReadBack(t *testing.T) {
	random := seeded(t)
	for range 1000 {
		list := randomList(random)
		spelt := make([]string, len(list))
		for i, a := range list {
			switch random.IntN(3) {
			case 0:
				spelt[i] = a.String()
			case 1:
				spelt[i] = fmt.Sprintf("%d:%d", a.Step, a.Span/a.Step)
			case 2: // a rest that makes no whole point
				spelt[i] = fmt.Sprintf("%dsec:%ds", a.Step, a.Span+random.Int64N(a.Step))
			}
		}
		random.Shuffle(len(spelt), func(i, j int) { spelt[i], spelt[j] = spelt[j], spelt[i] })
		text := strings.Join(spelt, ",")
		if got, err := Parse(text); err != nil || !slices.Equal(got, list) {
			t.Fatalf("Parse(%q) = %v, %v; want %v", text, got, err, list)
		}
	}
}

// seeded returns numbers that a failing test can have again.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// randomList returns one to four archives that whisper takes, from tiny ones to
// years.
func randomList(random *rand.Rand) List {
	pick := func(of ...int64) int64 { return of[random.IntN(len(of))] }
	step := pick(1, 7, 10, 30, 60, 60, 60, 300)
	var list List
	reach := int64(0)
	for range 1 + random.IntN(4) {
		ratio := int64(1)
		if len(list) > 0 {
			ratio = pick(2, 3, 5, 6, 12, 60)
			before := &list[len(list)-1]
			before.Span = max(before.Span, step*ratio)
			reach = before.Span
		}
		if step *= ratio; step > day {
			break // larger ones are rare, and the oracles slow
		}
		span := reach + step*(1+random.Int64N(pick(3, 50, 500, 5000)))
		list = append(list, Archive{step, span / step * step})
	}
	return list
}

// TestShortArchiveAdvice takes the advice: an archive of the length that is
// told is fed, and one point less is not.
func TestShortArchiveAdvice(t *testing.T) {
	for _, text := range []string{"10s:1h,60s:1d", "7s:1h,14s:1d", "45s:30m,15m:1d"} {
		list, _, advice := strings.Cut(text, ",")
		step, _, _ := strings.Cut(list, ":")
		doubts := Doubts(text)
		if len(doubts) != 1 || !advice {
			t.Fatalf("%s: %q", text, doubts)
		}
		_, long, _ := strings.Cut(doubts[0], "right would be ")
		long = strings.TrimSuffix(long, " or longer")
		better, err := Parse(strings.Replace(text, list, long, 1))
		if err != nil || len(better.Fed()) != len(better) || !strings.HasPrefix(long, step+":") {
			t.Errorf("%s: %s, but of %s is fed %s (%v)", text, doubts[0], better, better.Fed(), err)
			continue
		}
		better[0].Span -= better[0].Step
		if len(better.Fed()) == len(better) {
			t.Errorf("%s: %s, but %s is fed too", text, doubts[0], better)
		}
	}
}
