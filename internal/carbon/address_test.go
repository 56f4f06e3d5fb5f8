package carbon

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		in   string
		want Address
		out  string
	}{
		{"127.0.0.1:2003", Address{Network: "tcp", Host: "127.0.0.1", Port: 2003}, "127.0.0.1:2003"},
		{"carbon.example.com:1", Address{Network: "tcp", Host: "carbon.example.com", Port: 1}, "carbon.example.com:1"},
		{"tcp://carbon:65535", Address{Network: "tcp", Host: "carbon", Port: 65535}, "carbon:65535"},
		{"udp://carbon:2003", Address{Network: "udp", Host: "carbon", Port: 2003}, "udp://carbon:2003"},
		{"[::1]:2003", Address{Network: "tcp", Host: "::1", Port: 2003}, "[::1]:2003"},
		{"udp://[fe80::1%eth0]:2003", Address{Network: "udp", Host: "fe80::1%eth0", Port: 2003}, "udp://[fe80::1%eth0]:2003"},
		{"file:///var/spool/a?b=c %25", Address{Network: "file", Path: "/var/spool/a?b=c %25"}, "file:///var/spool/a?b=c %25"},
		{"file:///var//spool/./points", Address{Network: "file", Path: "/var/spool/points"}, "file:///var/spool/points"},
	}
	for _, tt := range tests {
		got, err := ParseAddress(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v; want %+v", tt.in, got, err, tt.want)
		}
		if s := got.String(); s != tt.out {
			t.Errorf("%s: String is %s, want %s", tt.in, s, tt.out)
		}
	}
}

func TestParseAddressErrors(t *testing.T) {
	tests := map[string]string{
		"":                      "write HOST:PORT, such as 127.0.0.1:2003",
		"carbon":                "carbon:2003",
		"[::1]":                 "[::1]:2003",
		"::1:2003":              "in brackets, such as [::1]:2003",
		":2003":                 "127.0.0.1:2003",
		"carbon:":               `port "" is not a number from 1 to 65535`,
		"carbon:0":              `port "0"`,
		"carbon:65536":          `port "65536"`,
		"carbon:http":           `port "http"`,
		"http://carbon:2003":    "use tcp://, udp:// or file://",
		"TCP://carbon:2003":     "use tcp://, udp:// or file://",
		"file://points":         "file:///var/lib/logfeed/points",
		"file:/points":          "file:///var/lib/logfeed/points",
		"file://":               "file:///var/lib/logfeed/points",
		"file:///spool/":        "a directory",
		"file:///spool/a\nb":    "a control character",
		"tcp://":                "no host",
		"tcp://carbon:2003/x":   `"/" has no place`,
		"carbon :2003":          `" " has no place`,
		"[carbon]:2003":         "write carbon:2003",
		"[::zz]:2003":           "no IPv6 address",
		"[::1:2003":             "in brackets",
		"tcp://a@b.example:200": `"@" has no place`,
	}
	for in, want := range tests {
		_, err := ParseAddress(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", in, err, want)
		}
	}
}
