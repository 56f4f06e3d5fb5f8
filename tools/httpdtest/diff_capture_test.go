//go:build httpdtest

package httpdtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// captured are the named formats whose lines are kept for testdata: those that say
// something which the others do not.
var captured = map[string]bool{
	"extended": true, "forwarded_quoted": true, "ltsv": true, "begin_end": true, "user_quoted": true, "ports": true, "original_final": true,
	"answer": true, "cookies": true, "threads": true, "ispconfig_pipes": true, "user_path": true, "deflate": true,
}

// Lines of testdata are to be read by people too: long ones are left out.
const (
	longestCaptured = 700
	mostOfRandom    = 15 // lines of each random format
	mostRandom      = 40 // random formats
)

// capture writes lines to the directory that HTTPD_CAPTURE names: those of a named
// format to a file of their own, those of the first random formats to one together.
// In front of the lines of a format stands one with the zone and the format.
func capture(t *testing.T, m madeFormat, zone string, lines []string) {
	t.Helper()
	dir := os.Getenv("HTTPD_CAPTURE")
	file, most := m.name, len(lines)
	if text, ok := strings.CutPrefix(m.name, "random"); ok {
		file, most = "random", mostOfRandom
		if n, err := strconv.Atoi(text); err != nil || n >= mostRandom {
			return
		}
	}
	if dir == "" || file != "random" && !captured[m.name] {
		return
	}
	var b strings.Builder
	b.WriteString("#\t" + zone + "\t" + m.source() + "\n")
	n := 0
	for i, line := range lines {
		// Of a random format, lines from all over the requests.
		if file == "random" && i%(len(lines)/most+1) != 0 || len(line) > longestCaptured {
			continue
		}
		if n++; n > most {
			break
		}
		b.WriteString(line + "\n")
	}
	out, err := os.OpenFile(filepath.Join(dir, file+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.WriteString(b.String()); err != nil {
		t.Fatal(err)
	}
}
