package apache2

import (
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		`%h`:      `"%h"`,
		`"%r"`:    `"\"%r\""`,
		`a\tb\\n`: `"a\\tb\\\\n"`,
	} {
		if got := Quote(word); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}

// TestMissing says what to install, with apache2 and without it.
func TestMissing(t *testing.T) {
	wrong := Missing("no_such_thing")
	if len(wrong) != 1 || !strings.Contains(wrong[0], "apt-get install apache2") {
		t.Errorf("%q", wrong)
	}
}

// TestLine counts from the first line of the configuration that was given.
func TestLine(t *testing.T) {
	o := Options{Dir: "/srv/x", Modules: []string{"a", "b"}, Config: "Listen 80\nNonsense\n"}
	before := strings.Count(o.text(), "\n") - 2
	for _, c := range []struct {
		at   int
		want int
	}{{before + 1, 1}, {before + 2, 2}, {before, 0}} {
		says := "AH00526: Syntax error on line " + string(rune('0'+c.at/10)) + string(rune('0'+c.at%10)) + " of /srv/x/conf/httpd.conf:\nwrong"
		if got := o.Line(says); got != c.want {
			t.Errorf("line %d of all is line %d, want %d", c.at, got, c.want)
		}
	}
	if got := o.Line("Syntax error on line 3 of /etc/other.conf:"); got != 0 {
		t.Errorf("line %d of another file", got)
	}
}
