package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// bareSender sends go-carbon what logfeed has made of a log, and does nothing
// else: whoever delivers these points to this go-carbon cannot take less time.
func (b *bench) bareSender(name string, interval time.Duration, of *contestant) *contestant {
	path := b.path(fmt.Sprintf("points%.0f", interval.Seconds()))
	c := &contestant{name: name, log: log{path: path}, runs: of.runs, scale: 1, owed: of.owed}
	prefix := func(n int) string { return fmt.Sprintf("bench.%.0fs.bare.run%d", interval.Seconds(), n) }
	c.before = func(n int) (err error) {
		c.log.bytes, err = write(path, prefix(n), of.args(n))
		return err
	}
	c.args = func(int) []string { return []string{os.Args[0], "-send", path, "-to", b.carbon.Addr()} }
	c.check = func(ctx context.Context, n int) (err error) {
		c.points, err = checkTotals(ctx, b.carbon, prefix(n), c.owed(prefix(n)))
		return err
	}
	return c
}

// write has a logfeed that was to feed go-carbon write its points to a file, and
// returns how large that is.
func write(path, prefix string, args []string) (size int64, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	args[slices.Index(args, "--prefix")+1] = prefix
	cmd := exec.Command(args[0], append(args[1:], "--dry-run")...)
	cmd.Stdout = file
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return file.Seek(0, io.SeekCurrent)
}

// send sends a file to an address, and returns when the other side has read all
// of it and closed the connection.
func send(path, address string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Not by sendfile, which no sender of points could use.
	if _, err := io.CopyBuffer(struct{ io.Writer }{conn}, struct{ io.Reader }{file}, make([]byte, 64<<10)); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}
