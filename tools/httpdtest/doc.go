// Package httpdtest holds logfeed to a real Apache httpd, Debian's apache2, which
// it starts on loopback with a ServerRoot of its own. The server that the system
// runs is left alone, and nothing is installed.
//
// The differential test sends more than a hundred odd requests and has httpd
// write every line beside the values of its directives, each logged alone:
//
//	UNIQUE_ID TAB begin TAB end TAB value TAB value … TAB TAB the line
//
// No value that is written there can hold a raw tab, so each line carries its own
// answer. What the parser makes of the line has to be these values, or be flagged
// as ambiguous, or be rejected; of formats that are not called ambiguous no line
// may be flagged or rejected.
//
// The test of acceptance has httpd judge generated format strings and compares
// the verdict and its words with those of Compile.
//
// The tests of configurations have httpd expand Debian's own one and random trees
// of Include, Define, If sections and macros, and compare with the reader of
// --httpd-conf byte for byte. Then httpd is started with such trees, and what it
// writes in which log has to be what the list of logs says.
//
// The test of the piped log restarts httpd gracefully under load, with logfeed at
// the end of the pipe, and compares what is counted with a log of the same lines.
//
// The tests need Debian's package apache2 and have a build tag:
//
//	LOGFEED_BINARY=… go test -tags httpdtest -count=1 ./httpdtest
//
// Random formats and strings come from a seed that is printed. HTTPD_SEED chooses
// it, HTTPD_FORMATS, HTTPD_STRINGS and HTTPD_TREES how many there are. With HTTPD_CAPTURE=DIR
// the lines of the named formats are written to DIR, for testdata.
package httpdtest
