package apachelog

import "strings"

// nickname is a format that has a name.
type nickname struct{ name, format string }

// nicknames holds the names of httpd's own documentation and of widespread
// distributions. A format is as it stands after the unquoting of httpd.conf.
var nicknames = []nickname{
	{"common", `%h %l %u %t "%r" %>s %b`},
	{"combined", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"combinedio", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O`},
	{"vhost_common", `%v %h %l %u %t "%r" %>s %b`},
	{"vhost_combined", `%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"debian_common", `%h %l %u %t "%r" %>s %O`},
	{"debian_combined", `%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"debian_vhost_combined", `%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"combined_plus_vhost", `%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`},
	{"vcommon", `%V %h %l %u %t "%r" %s %b`},
	{"CLF", `%h %l %u %t "%r" %>s %b`},
	{"referer", `%{Referer}i -> %U`},
	{"agent", `%{User-agent}i`},
	{"ssl_request", `%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b`},
	{"deflate", `"%r" %{outstream}n/%{instream}n (%{ratio}n%%)`},
	{"usertrack", `%{Apache}n %r %t`},
	{"combined_ispconfig", `%v %h %l %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`},
	{"plesklog", `%a %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"ltsv", "host:%h\tident:%l\tuser:%u\ttime:%t\treq:%r\tstatus:%>s\tsize:%b\treferer:%{Referer}i\tua:%{User-Agent}i\ttaken:%D"},
	{"nginx", `%h - %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`},
	{"lighttpd", `%h %V %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"varnishncsa", `%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i"`},
	{"tomcat_common", `%h %l %u %t "%r" %s %b`},
	{"tomcat_combined", `%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"`},
	{"jetty", `%a - %u %t "%r" %s %O`},
	{"jetty_combined", `%a - %u %t "%r" %s %O "%{Referer}i" "%{User-Agent}i"`},
}

// Nickname returns the format of a name, which is looked up in any case.
func Nickname(name string) (format string, ok bool) {
	for _, n := range nicknames {
		if strings.EqualFold(n.name, name) {
			return n.format, true
		}
	}
	return "", false
}

// Nicknames returns all names, the usual ones first.
func Nicknames() []string {
	names := make([]string, len(nicknames))
	for i, n := range nicknames {
		names[i] = n.name
	}
	return names
}

// Nearest returns the nickname that takes the fewest changes of a letter to make
// out of name.
func Nearest(name string) string {
	best, least := "", -1
	for _, n := range nicknames {
		if d := distance(strings.ToLower(name), strings.ToLower(n.name)); least < 0 || d < least {
			best, least = n.name, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
