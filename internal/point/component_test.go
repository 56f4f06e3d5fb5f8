package point

import (
	"regexp"
	"strings"
	"testing"
)

func TestComponent(t *testing.T) {
	for value, want := range map[string]string{
		"":                      "_empty",
		"-":                     "none",
		"www-1_A":               "www-1_A",
		"www.example.com":       "www_example_com",
		"caf\xe9":               "caf_",
		"é":                     "__",
		"a b\n;c=d/..":          "a_b__c_d___",
		strings.Repeat("x", 64): strings.Repeat("x", 64),
	} {
		if got := Component(value); got != want {
			t.Errorf("Component(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestLongComponentsStayApart(t *testing.T) {
	long := strings.Repeat("/x", 4000)
	a, b := Component(long+"a"), Component(long+"b")
	if a == b || len(a) != MaxComponent || len(b) != MaxComponent {
		t.Errorf("two values of 8001 bytes became %q and %q", a, b)
	}
}

func FuzzComponent(f *testing.F) {
	f.Add("www.example.com")
	f.Add("\x00\xff ")
	f.Add(strings.Repeat("é", 100))
	allowed := regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	f.Fuzz(func(t *testing.T, value string) {
		if got := Component(value); !allowed.MatchString(got) {
			t.Errorf("Component(%q) = %q", value, got)
		}
	})
}
