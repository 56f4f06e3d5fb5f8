// Package realtest runs logfeed against what it meets in the field: Debian's
// carbon-cache and logrotate as they are installed, go-carbon killed with its
// memory, a network that swallows packets, and a terminal that breaks its lines
// anew when it becomes narrower. Whatever is killed, rotated or
// cut, the whisper files read back must hold what the writers of the logs have
// counted, cell by cell.
//
// The tests need root, Debian and its packages, which is why they have a build
// tag:
//
//	apt-get install --no-install-recommends graphite-carbon logrotate iproute2 util-linux gzip tmux
//	LOGFEED_BINARY=… GO_CARBON_BINARY=… go test -tags realtest -count=1 -parallel 8 ./realtest
//
// They take about four minutes, most of it waiting for logfeed's own delays.
// With LOGFEED_SOAK=1 there are five times as many series, and the network is
// cut for longer: about twenty minutes, for which -timeout 30m is needed.
// Everything listens on loopback, or in network namespaces of its own.
package realtest
