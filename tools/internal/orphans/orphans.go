// Package orphans ends whatever tests leave behind: processes that a test has
// started, and the files of all of them.
package orphans

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// inside marks the process that runs the tests.
const inside = "LOGFEED_TESTS_INSIDE"

// Inside tells whether this process is the one that runs the tests.
func Inside() bool { return os.Getenv(inside) != "" }

// Run runs the tests in a process of their own, calls run there for that, and
// ends whatever it leaves behind, also where it comes to no orderly end: at a
// panic, at the end of go test's patience, at a Ctrl-C. It returns the exit code.
func Run(run func() int) int {
	if Inside() {
		return run()
	}
	// Orphans become our children, instead of those of process 1.
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER of prctl(2)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		fmt.Fprintln(os.Stderr, "become the parent of orphans:", errno)
		return 1
	}
	// A Ctrl-C reaches the tests too, which end by it.
	signal.Ignore(os.Interrupt)
	tests := exec.Command("/proc/self/exe", os.Args[1:]...)
	tests.Args[0] = os.Args[0]
	dir, err := os.MkdirTemp("", "logfeed-tests")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Some servers have users of their own.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	tests.Env = append(os.Environ(), inside+"=1", "TMPDIR="+dir)
	tests.Stdin, tests.Stdout, tests.Stderr = os.Stdin, os.Stdout, os.Stderr
	// Not even a killed parent leaves the tests running.
	tests.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = tests.Run()
	for reap() {
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "the tests have not ended by themselves:", err)
	return 1
}

// reap ends our children, and tells whether there were any: each may leave
// more.
func reap() bool {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	found := false
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				continue
			}
			found = true
			fmt.Fprintln(os.Stderr, "left behind, and ended: process", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}
	return found
}
