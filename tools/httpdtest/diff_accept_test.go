//go:build httpdtest

package httpdtest

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/logfeed/logfeed/internal/apachelog"
	"github.com/logfeed/logfeed/tools/internal/apache2"
)

// acceptModules are those that add directives, and what httpd does not start
// without.
var acceptModules = []string{"mpm_event", "authz_core", "socache_shmcb", "ssl"}

// TestAcceptance has httpd judge format strings in the spelling of httpd.conf and
// holds Compile to its verdicts, its words, and the place of the mistake.
func TestAcceptance(t *testing.T) {
	seed := number(t, "HTTPD_SEED", uint64(time.Now().UnixNano()))
	count := int(number(t, "HTTPD_STRINGS", 800))
	t.Logf("seed %d: HTTPD_SEED=%d HTTPD_STRINGS=%d shows a failure again", seed, seed, count)
	r := rand.New(rand.NewPCG(seed, 2))
	var words []string
	for range count {
		words = append(words, randomWord(r))
	}
	says := judge(t, words)
	refused := 0
	var prefixes, causes []string // what stands in front of a mistake, and with it
	var wanted []string
	for i, word := range words {
		f, err := apachelog.Compile(spelling(word))
		var bad *apachelog.FormatError
		switch {
		case says[i] == "" && err != nil:
			t.Errorf("httpd accepts %s: %v", word, err)
		case says[i] != "" && !errors.As(err, &bad):
			t.Errorf("httpd refuses %s: %s; Compile: %v, %v", word, says[i], f, err)
		case says[i] != "":
			refused++
			if bad.Err.Error() != says[i] {
				t.Errorf("httpd says of %s: %s; Compile: %v", word, says[i], bad)
			}
			if front, ok := before(word, bad.Column); ok {
				prefixes = append(prefixes, apache2.Quote("x"+front))
				causes = append(causes, apache2.Quote("x"+front+bad.Directive))
				wanted = append(wanted, says[i])
			}
		}
	}
	// A column is right if httpd accepts everything in front of it, and says the
	// same as of the whole when the directive is added.
	for i, verdict := range judge(t, prefixes) {
		if verdict != "" {
			t.Errorf("httpd refuses what stands in front of the column, %s: %s", prefixes[i], verdict)
		}
	}
	for i, verdict := range judge(t, causes) {
		if verdict != wanted[i] {
			t.Errorf("httpd says of the directive alone, %s: %q, want %q", causes[i], verdict, wanted[i])
		}
	}
	t.Logf("%d strings, %d refused, %d columns", len(words), refused, len(prefixes))
	if refused < count/10 || refused > count*9/10 || len(prefixes) < refused*8/10 {
		t.Errorf("the strings are too much of one kind")
	}
}

// judge returns what httpd says of each LogFormat line, empty if it accepts it.
// httpd stops at the first mistake, so it is asked again about what comes after.
func judge(t *testing.T, words []string) []string {
	t.Helper()
	dir, err := os.MkdirTemp("", "httpdtest")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	verdicts := make([]string, len(words))
	for begin := 0; begin < len(words); {
		var b strings.Builder
		for _, word := range words[begin:] {
			b.WriteString("LogFormat " + word + "\n")
		}
		o := apache2.Options{Dir: dir, Modules: acceptModules, Config: b.String()}
		says, accepted, err := apache2.Check(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if accepted {
			break
		}
		n := o.Line(says)
		if n == 0 {
			t.Fatalf("httpd refuses something else: %s", says)
		}
		verdicts[begin+n-1] = reason(says)
		begin += n
	}
	return verdicts
}

// reason is the last line of what httpd says of a mistake.
func reason(says string) string {
	lines := strings.Split(strings.TrimRight(says, "\n"), "\n")
	return lines[len(lines)-1]
}

// spelling is the word as somebody pastes it. Compile undoes the quoting of
// httpd.conf only for strings that have \" in them, so the others go without.
func spelling(word string) string {
	if strings.Contains(word, `\"`) {
		return word
	}
	return unquoted(word)
}

// unquoted undoes the quoting of a word in quotation marks.
func unquoted(word string) string {
	inner := strings.TrimSuffix(strings.TrimPrefix(word, `"`), `"`)
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(inner)
}

// before returns what stands in front of a column, unquoted.
func before(word string, column int) (string, bool) {
	given := spelling(word)
	if column < 1 || column > len(given)+1 {
		return "", false
	}
	front := given[:column-1]
	if given == word {
		front = unquoted(front + `"`)
	}
	// A backslash that loses what it escapes would be another format.
	return front, !strings.HasSuffix(front, `\`)
}

// randomWord makes a format string in the quotation marks of httpd.conf out of
// pieces of formats, right ones and wrong ones.
func randomWord(r *rand.Rand) string {
	pieces := []string{"%h", "%>s", "%{Referer}i", "%", "%%", " ", `"`, `\`, "\\n", "{", "}", "%{", "%{a", "%{a}", "%!", "%<", "%200", "%200,304", "^", "%^", "%^F", "%^FB", "%^ti", "%^to",
		"%^tx", "%{x}^ti", "%c", "%{x}x", "%z", "%j", "%w", "%-5s", "% s", "%{a}}i", "%{a}{b}i", "%{}t", "%>{x}200,!i", "é", "%é", "%{é}i", "a", "0", ",", "%,,,m", "\\\\%z", "%{%d}t", "%{bogus}T",
		"%E", "%g", "%G", "%J", "%K", "%M", "%N", "%Q", "%W", "%Y", "%Z", "%d", "%y", "%F", "%n", "%!!200", "%1x", "%.s", "%#s", "%*s", "%$", "%'", "%/", "%;"}
	var b strings.Builder
	for range 1 + r.IntN(6) {
		if r.IntN(3) > 0 { // mostly right
			b.WriteString([]string{"%h", "%>s", " ", "a", `"`, "%{Host}i", "%200,304{b}>e", "%t"}[r.IntN(8)])
			continue
		}
		if r.IntN(8) == 0 {
			b.WriteString("%" + string(rune(0x21+r.IntN(0x5e))))
			continue
		}
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return apache2.Quote(b.String())
}
