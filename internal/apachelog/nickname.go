package apachelog

import "strings"

// nickname is a format that has a name.
type nickname struct {
	name, format string
	dialect      Dialect
}

// nicknames holds the names of httpd's own documentation and of widespread
// distributions, and of other writers. A format is as it stands after the unquoting of
// httpd.conf.
var nicknames = []nickname{
	{"common", `%h %l %u %t "%r" %>s %b`, Apache},
	{"combined", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"combinedio", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O`, Apache},
	{"vhost_common", `%v %h %l %u %t "%r" %>s %b`, Apache},
	{"vhost_combined", `%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"debian_common", `%h %l %u %t "%r" %>s %O`, Apache},
	{"debian_combined", `%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"debian_vhost_combined", `%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"combined_plus_vhost", `%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`, Apache},
	{"vcommon", `%V %h %l %u %t "%r" %s %b`, Apache},
	{"CLF", `%h %l %u %t "%r" %>s %b`, Apache},
	{"referer", `%{Referer}i -> %U`, Apache},
	{"agent", `%{User-agent}i`, Apache},
	{"ssl_request", `%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b`, Apache},
	{"deflate", `"%r" %{outstream}n/%{instream}n (%{ratio}n%%)`, Apache},
	{"usertrack", `%{Apache}n %r %t`, Apache},
	{"combined_ispconfig", `%v %h %l %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"plesklog", `%a %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"ltsv", "host:%h\tident:%l\tuser:%u\ttime:%t\treq:%r\tstatus:%>s\tsize:%b\treferer:%{Referer}i\tua:%{User-Agent}i\ttaken:%D", Apache},
	{"lighttpd", `%h %V %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`, Apache},
	{"nginx", `%h - %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`, Nginx},
	{"ingress_nginx", `%h - %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i" %I %{request_time:seconds}n ` +
		`[%{proxy_upstream_name:word}n] [%{proxy_alternative_upstream_name:word}n] ` +
		`%{upstream_addr:list}n %{upstream_response_length:list}n %{upstream_response_time:list}n %{upstream_status:list}n %{req_id:word}n`, Nginx},
	{"varnishncsa", `%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i"`, Varnish},
	{"tomcat_common", `%h %l %u %t "%r" %s %b`, Tomcat},
	{"tomcat_combined", `%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"`, Tomcat},
	{"jetty", `%{client}a - %u %t "%r" %s %O`, Jetty},
	{"jetty_combined", `%{client}a - %u %t "%r" %s %O "%{Referer}i" "%{User-Agent}i"`, Jetty},
	{"traefik", `%h - %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %{requests:number}n "%{router}n" "%{server}n" %{ms}Tms`, Traefik},
	{"elb", `%{begin:utc:%Y-%m-%dT%H:%M:%S}t.%{begin:usec_frac}tZ %{elb:word}n %a:%{remote}p %{backend:word}n ` +
		`%{request_processing_time:number}n %{backend_processing_time:seconds}n %{response_processing_time:number}n ` +
		`%>s %{backend_status:word}n %I %O "%r" "%{User-Agent}i" %{SSL_CIPHER}x %{SSL_PROTOCOL}x`, Nginx},
	{"s3", `%{owner:word}n %{bucket:word}n %{begin}t %h %{requester:word}n %{request_id:word}n %{operation:word}n %{key:word}n "%r" ` +
		`%>s %{error:word}n %b %{object_size:number}n %{total_time:ms}n %{turn_around_time:number}n "%{Referer}i" "%{User-Agent}i" %{rest}n`, Nginx},
	{"cloudfront", `%{utc:%Y-%m-%d}t\t%{utc:%H:%M:%S}t\t%{edge}n\t%O\t%h\t%m\t%{Host}i\t%U\t%>s\t%{Referer}i\t%{User-Agent}i\t%{query}n\t%{Cookie}i\t` +
		`%{result}n\t%{id}n\t%{host_header}n\t%{protocol}n\t%I\t%{time_taken:seconds}n\t%{X-Forwarded-For}i\t%{SSL_PROTOCOL}x\t%{SSL_CIPHER}x\t` +
		`%{response_result}n\t%H\t%{fle_status}n\t%{fle_fields}n\t%{port}n\t%{time_to_first_byte:number}n\t%{detailed_result}n\t` +
		`%{content_type}n\t%{content_length}n\t%{range_start}n\t%{range_end}n`, Nginx},
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

// NicknameDialect returns whose directives the format of a name is written in.
func NicknameDialect(name string) Dialect {
	for _, n := range nicknames {
		if strings.EqualFold(n.name, name) {
			return n.dialect
		}
	}
	return Apache
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
