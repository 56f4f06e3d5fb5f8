package point

import (
	"regexp"
	"strings"
	"testing"
)

func TestTagValue(t *testing.T) {
	for value, want := range map[string]string{
		"":                      "_empty",
		"-":                     "none",
		"www.example.com:8080":  "www.example.com:8080",
		"..":                    "..",
		"~user/x;y=z":           "_user_x_y_z",
		"a b\n!^\x00é":          "a_b______",
		strings.Repeat("x", 64): strings.Repeat("x", 64),
	} {
		if got := TagValue(value); got != want {
			t.Errorf("TagValue(%q) = %q, want %q", value, got, want)
		}
	}
	if a, b := TagValue(strings.Repeat("x.", 99)+"a"), TagValue(strings.Repeat("x.", 99)+"b"); a == b || len(a) != MaxComponent {
		t.Errorf("two long values became %q and %q", a, b)
	}
}

// Tags stand in the order that carbon gives them, so that our name of a series
// is the one that its patterns are matched with.
func TestPrefixWithTags(t *testing.T) {
	prefix := "apache"
	for _, tag := range []string{"vhost", "a", "host", "a-b", "Z"} {
		prefix = AddTag(prefix, tag, "v.1")
	}
	if want := "apache;Z=v.1;a-b=v.1;a=v.1;host=v.1;vhost=v.1"; prefix != want {
		t.Errorf("prefix %s, want %s", prefix, want)
	}
	series := Join(prefix, "bytes.count")
	if want := "apache.bytes.count;Z=v.1;a-b=v.1;a=v.1;host=v.1;vhost=v.1"; series != want {
		t.Errorf("series %s, want %s", series, want)
	}
	if got := Name(series); got != "apache.bytes.count" {
		t.Errorf("Name is %s", got)
	}
	if got := Join("apache.web1", "bytes.count"); got != "apache.web1.bytes.count" || Name(got) != got {
		t.Errorf("without tags: %s", got)
	}
}

func FuzzTagValue(f *testing.F) {
	f.Add("www.example.com")
	f.Add("~;=")
	f.Add(strings.Repeat("é", 100))
	allowed := regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
	f.Fuzz(func(t *testing.T, value string) {
		got := TagValue(value)
		if !allowed.MatchString(got) || TagValue(got) != got {
			t.Errorf("TagValue(%q) = %q", value, got)
		}
	})
}
