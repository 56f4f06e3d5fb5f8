// Package unit runs a service as its systemd unit says, where there is no systemd:
// the command line and the environment, the user and its groups, the umask, the
// state directory, the signal that stops it, and what is restarted when. The
// sandbox and the limits of memory are systemd's alone and are left out.
package unit

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A unit is what the section [Service] says, and it is read where it is used.
type unit map[string][]string

// read reads the section [Service] of a unit file; instance is what stands for
// %i.
func read(path, instance string) (unit, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a unit: %w", err)
	}
	u := make(unit)
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		key, value, ok := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "["):
			section = line
		case section != "[Service]" || line == "" || line[0] == '#':
		case !ok || strings.HasSuffix(line, `\`):
			return nil, fmt.Errorf("read %s: no single setting: %s", path, line)
		default:
			u[key] = append(u[key], strings.ReplaceAll(value, "%i", instance))
		}
	}
	return u, nil
}

// one returns a setting that has to be there once.
func (u unit) one(key string) (string, error) {
	if len(u[key]) != 1 {
		return "", fmt.Errorf("the unit has %d settings %s, want one", len(u[key]), key)
	}
	return u[key][0], nil
}

// seconds returns a setting in whole seconds.
func (u unit) seconds(key string) (time.Duration, error) {
	value, err := u.one(key)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, fmt.Errorf("%s=%s of the unit is no number of seconds", key, value)
	}
	return time.Duration(n) * time.Second, nil
}

// environment reads the files that EnvironmentFile= names; one with a hyphen
// before its name may be missing.
func (u unit) environment() (map[string]string, error) {
	variables := make(map[string]string)
	for _, path := range u["EnvironmentFile"] {
		path, optional := strings.CutPrefix(path, "-")
		file, err := os.Open(path)
		if optional && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("environment of the unit: %w", err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
			if ok && name[0] != '#' {
				variables[name] = strings.Trim(value, `"`)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("environment of the unit: %w", err)
		}
	}
	return variables, nil
}

// words returns the program and its arguments. A variable that stands alone is
// as many words as its value has.
func (u unit) words(variables map[string]string) ([]string, error) {
	line, err := u.one("ExecStart")
	if err != nil {
		return nil, err
	}
	var words []string
	for _, word := range strings.Fields(line) {
		if name, ok := strings.CutPrefix(word, "$"); ok {
			words = append(words, strings.Fields(variables[name])...)
			continue
		}
		words = append(words, word)
	}
	return words, nil
}

// stateDirectory makes the state directory and returns its path.
func (u unit) stateDirectory() (string, error) {
	name, err := u.one("StateDirectory")
	if err != nil {
		return "", err
	}
	text, err := u.one("StateDirectoryMode")
	if err != nil {
		return "", err
	}
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil {
		return "", fmt.Errorf("StateDirectoryMode of the unit: %w", err)
	}
	owner, err := u.one("User")
	if err != nil {
		return "", err
	}
	account, err := user.Lookup(owner)
	if err != nil {
		return "", fmt.Errorf("user of the unit: %w", err)
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return "", fmt.Errorf("user of the unit: %w", err)
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return "", fmt.Errorf("user of the unit: %w", err)
	}
	dir := filepath.Join("/var/lib", name)
	if err := os.MkdirAll(dir, fs.FileMode(mode)); err != nil {
		return "", fmt.Errorf("state directory of the unit: %w", err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return "", fmt.Errorf("state directory of the unit: %w", err)
	}
	return dir, nil
}

// command returns what becomes the service: its program with the rights and the
// environment that the unit gives it. More arguments stand behind those of
// ExecStart, more variables beside those of the unit.
func (u unit) command(more []string, variables ...string) ([]string, error) {
	environment, err := u.environment()
	if err != nil {
		return nil, err
	}
	words, err := u.words(environment)
	if err != nil {
		return nil, err
	}
	state, err := u.stateDirectory()
	if err != nil {
		return nil, err
	}
	owner, err := u.one("User")
	if err != nil {
		return nil, err
	}
	umask, err := u.one("UMask")
	if err != nil {
		return nil, err
	}
	for name, value := range environment {
		variables = append(variables, name+"="+value)
	}
	variables = append(variables, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "USER="+owner, "LOGNAME="+owner, "STATE_DIRECTORY="+state)
	groups := strings.Join(slices.Concat([]string{owner}, u["SupplementaryGroups"]), ",")
	return slices.Concat(
		[]string{"setpriv", "--reuid", owner, "--regid", owner, "--groups", groups, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
			"sh", "-c", "umask " + umask + ` && exec "$@"`, "sh", "env", "-i"},
		variables, words, more), nil
}
