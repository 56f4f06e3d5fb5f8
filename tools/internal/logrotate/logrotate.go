// Package logrotate has the real logrotate rotate logs, at once and with a
// state of its own.
package logrotate

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is where Debian's package logrotate puts the program. It is not in
// the search path of every user.
const Program = "/usr/sbin/logrotate"

// A Stanza is one stanza of logrotate's configuration.
type Stanza struct {
	Logs       string   // path or glob
	Directives []string // such as "rotate 14"
	Postrotate string   // shell commands to run after the renaming, before the compressing
}

// Apache returns the directives that Debian's apache2 rotates its logs with.
func Apache() []string {
	return []string{"daily", "missingok", "rotate 14", "compress", "delaycompress", "notifempty", "create 640 root adm", "sharedscripts"}
}

// Rotate rotates the logs of the stanza whether they are due or not, and
// returns when logrotate has ended. The configuration and the state are kept
// in dir, which has to be the same for the next rotation.
func Rotate(ctx context.Context, dir string, s Stanza) error {
	configuration := filepath.Join(dir, "logrotate.conf")
	if err := os.WriteFile(configuration, []byte(s.text()), 0o644); err != nil {
		return fmt.Errorf("write the configuration of logrotate: %w", err)
	}
	command := exec.CommandContext(ctx, Program, "--force", "--verbose",
		"--state", filepath.Join(dir, "logrotate.state"), configuration)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("logrotate: %w:\n%s", err, output)
	}
	return nil
}

func (s Stanza) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s {\n", s.Logs)
	for _, directive := range s.Directives {
		fmt.Fprintf(&b, "\t%s\n", directive)
	}
	if s.Postrotate != "" {
		fmt.Fprintf(&b, "\tpostrotate\n\t\t%s\n\tendscript\n", s.Postrotate)
	}
	b.WriteString("}\n")
	return b.String()
}
