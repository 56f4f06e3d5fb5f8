//go:build httpdtest

package httpdtest

// named are formats that people use: those of httpd's documentation, of
// distributions and of other writers as far as httpd can write them, and some that
// were made to be hard. They stand as they are after the unquoting of httpd.conf.
// Formats of several lines stand here line by line.
var named = []struct{ name, format string }{
	{"common", `%h %l %u %t "%r" %>s %b`},
	{"combined", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"combinedio", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O`},
	{"debian_common", `%h %l %u %t "%r" %>s %O`},
	{"debian_combined", `%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"debian_vhost_combined", `%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"debian_http2", `%v:%p %h %l %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`},
	{"vhost_common", `%v %h %l %u %t "%r" %>s %b`},
	{"combined_plus_vhost", `%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`},
	{"vcommon", `%V %h %l %u %t "%r" %s %b`},
	{"referer", `%{Referer}i -> %U`},
	{"agent", `%{User-agent}i`},
	{"ssl_request", `%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x "%r" %b`},
	{"deflate", `"%r" %{outstream}n/%{instream}n (%{ratio}n%%)`},
	{"usertrack", `%{Apache}n %r %t`},
	{"ms_stamp", `%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t %h "%r" %>s`},
	{"bytes_log_in", `%{%s}t %I .`},
	{"bytes_log_out", `%{%s}t %O .`},
	{"combined_ispconfig", `%v %h %l %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`},
	{"ispconfig_pipes", `%v||||%b||||%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"plesklog", `%a %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`},
	{"extended", `%h %{GEOIP_COUNTRY_CODE}e %u [%{%Y-%m-%d %H:%M:%S}t.%{usec_frac}t] "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{Content-Type}i" %{remote}p %v %A %p %R %{BALANCER_WORKER_ROUTE}e %X "%{cookie}n" %{UNIQUE_ID}e %{SSL_PROTOCOL}x %{SSL_CIPHER}x %I %O %{ratio}n%% %D %{ModSecTimeIn}e %{ApplicationTime}e %{ModSecTimeOut}e %{ModSecAnomalyScoreInPLs}e`},
	{"forwarded", `%{X-Forwarded-For}i %l %u %t "%r" %>s %b`},
	{"forwarded_quoted", `"%{X-Forwarded-For}i" %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"ltsv", `host:%h\tident:%l\tuser:%u\ttime:%t\treq:%r\tstatus:%>s\tsize:%b\treferer:%{Referer}i\tua:%{User-Agent}i\ttaken:%D`},
	{"json", `{"@timestamp":"%{%Y-%m-%dT%H:%M:%S%z}t","ip":"%a","req":"%r","st":%>s,"sz":%B,"ref":"%{Referer}i","ua":"%{User-Agent}i","user":"%u"}`},
	{"tsv", `%{sec}t\t%a\t%u\t%m\t%U\t%q\t%H\t%>s\t%B\t%D\t%{Referer}i\t%{User-Agent}i`},
	{"ms_times", `[%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t] %a "%r" %>s %O %D %{ms}T %k %X %{UNIQUE_ID}e`},
	{"cond", `%h %400,501{User-agent}i %!200,304{Referer}i %200t %>s`},
	{"unquoted", `%T %D %h %l %u %t %r %s %b %{Referer}i %{User-Agent}i`},
	{"litespeed", `"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"begin_end", `%{begin:%F %T}t.%{begin:usec_frac}t %{end:%F %T}t.%{end:usec_frac}t %{%z}t %>s "%r"`},
	{"user_path", `%t %u %U%q %>s`},
	{"user_quoted", `%t "%u" "%U" "%q" "%f" %m %H %>s %^FB`},
	{"ports", `%v:%p %a:%{remote}p %A:%{local}p %t`},
	{"original_final", `%t %s %>s %<s "%U" "%>U" "%<U" "%{X}^ti" "%{X-Tail}^ti" "%{X-Tail}^to" %L %{c}L`},
	{"answer", `%t "%{X-Odd}o" "%{X-Out}o" "%{Set-Cookie}o" "%{Content-Type}o" "%{X-Empty}o"`},
	{"cookies", `%t "%{C}C" "%{abc}C" "%{ODD}e" "%{SSL_TLS_SNI}x" "%{subjectdn}c" "%{SSL_CLIENT_S_DN}x"`},
	{"threads", `%t %P %{pid}P %{tid}P %{hextid}P %k %X %{bogus}T %{bogus}p %{bogus}P %{zzz}m %T %{s}T %{ms}T %{us}T %D`},
	{"nginx", `%h - %u %t "%r" %>s %B "%{Referer}i" "%{User-Agent}i"`},
	{"lighttpd", `%h %V %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`},
	{"jetty", `%a - %u %t "%r" %s %O "%{Referer}i" "%{User-Agent}i"`},
	{"haproxy", `%a:%{remote}p [%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t] %v %V %D/%T %>s %O "%{C}C" "%r"`},
	{"cloudfront", `%{%Y-%m-%d}t\t%{%H:%M:%S}t\t%V\t%O\t%a\t%m\t%{Host}i\t%U\t%>s\t%{Referer}i\t%{User-Agent}i\t%q`},
}

// ambiguous are the named formats of which compiling has to warn; it must not
// warn of any other.
var ambiguous = map[string]bool{
	"referer": true, "deflate": true, "usertrack": true, "extended": true, "cond": true, "unquoted": true, "user_path": true, "forwarded": true,
	"ispconfig_pipes": true,
}

// huge are the named formats for which the line of three megabytes is written.
// One with a reference takes twice that.
var huge = map[string]bool{"combined": true, "debian_vhost_combined": true, "agent": true, "json": true, "tsv": true, "unquoted": true}
