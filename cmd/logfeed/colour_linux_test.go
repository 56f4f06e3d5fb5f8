package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a new terminal: what is written to the one end, as on its
// screen, can be read from the other.
func terminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return screen, program
}

// TestColours shows a report on a terminal, where it has colours unless the
// user does not want any, and in a pipe, where it has none.
func TestColours(t *testing.T) {
	t.Parallel()
	shown := func(env ...string) string {
		screen, program := terminal(t)
		cmd := exec.Command("logfeed", "--check", realLog)
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdout = program
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		program.Close()
		text, _ := io.ReadAll(screen) // it fails when nobody has the terminal open any more
		_ = cmd.Wait()                // with 1, for the line that is rejected
		return string(text)
	}
	if text := shown("TERM=xterm", "NO_COLOR="); !strings.Contains(text, "\x1b[1mFiles\x1b[0m") {
		t.Errorf("no colours on a terminal: %.200q", text)
	}
	if text := shown("TERM=xterm", "NO_COLOR=1"); !strings.Contains(text, "Files") || strings.Contains(text, "\x1b") {
		t.Errorf("colours against the user's will: %.200q", text)
	}
	piped, _ := exec.Command("logfeed", "--check", realLog).Output()
	if !strings.Contains(string(piped), "Files") || strings.Contains(string(piped), "\x1b") {
		t.Errorf("colours in a pipe: %.200q", piped)
	}
}
