// Package e2e sees logfeed as an operator has it: installed from its Debian
// package, run by the command lines of its units, behind a real Apache httpd that
// is under load and whose logs logrotate rotates, before a real carbon-cache that
// a real graphite-web reads. What graphite-web answers must be what the logs hold,
// counted without logfeed, and every target of the dashboard deploy/grafana/logfeed.json
// must be answered with data.
//
// It needs root, Debian and its packages, which is why it has a build tag:
//
//	apt-get install --no-install-recommends apache2 apache2-utils graphite-carbon graphite-web gunicorn logrotate util-linux
//	LOGFEED_DEB=… go test -tags e2e -count=1 ./e2e
//
// The package is installed for the test and purged after it. Everything else is in
// temporary directories and on loopback. It takes about a minute, because it waits
// for the end of one. With SHOTS=DIR graphite-web draws a picture of it there.
package e2e
