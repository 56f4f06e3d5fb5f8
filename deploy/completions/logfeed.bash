# Made of the flags by make manual.

_logfeed() {
	local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}
	# bash takes the = of --flag=value for a word of its own.
	if [[ $word == = ]]; then
		word=
	elif [[ $flag == = ]]; then
		flag=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $flag in
	--format|-f) mapfile -t COMPREPLY < <(compgen -W 'common combined combinedio vhost_common vhost_combined debian_common debian_combined debian_vhost_combined combined_plus_vhost vcommon CLF referer agent ssl_request deflate usertrack combined_ispconfig plesklog ltsv lighttpd nginx ingress_nginx varnishncsa tomcat_common tomcat_combined jetty jetty_combined traefik elb s3 cloudfront' -- "$word") ;;
	--dialect) mapfile -t COMPREPLY < <(compgen -W 'apache nginx tomcat tomcat9 jetty varnish traefik' -- "$word") ;;
	--naming) mapfile -t COMPREPLY < <(compgen -W 'tree tags' -- "$word") ;;
	--metrics) mapfile -t COMPREPLY < <(compgen -W 'bytes requests status bytes_in duration' -- "$word") ;;
	--time) mapfile -t COMPREPLY < <(compgen -W 'start end' -- "$word") ;;
	--check-output) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word") ;;
	--progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word") ;;
	--log-level) mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$word") ;;
	--since|--until|--timezone|--carbon|-c|--buffer|--replay|--replay-every|--spread|--max-rate|--max-creates|--prefix|--interval|--lateness|--by|--route|--where|--max-series|--workers|--status) ;;
	--httpd-conf|--exclude|--retentions|--state-dir|--flags-file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	*)
		if [[ $word == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--format --dialect --httpd-conf --exclude --from-start --once --since --until --timezone --carbon --buffer --replay --replay-every --spread --max-rate --max-creates --dry-run --prefix --interval --retentions --lateness --by --naming --zero-fill --route --where --max-series --histogram --metrics --time --check --check-output --workers --state-dir --status --status-lines --progress --flags-file --log-format --log-level --print-graphite-config --version --help' -- "$word")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		fi
		;;
	esac
}
complete -F _logfeed logfeed
