// Command notices writes the licences of everything that a Go binary is made of,
// Go itself included: most of them ask to stand beside a binary. It needs the
// modules as Go has downloaded them, and is to be run where the go.mod is that
// the binary was built by.
package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: notices BINARY")
		os.Exit(2)
	}
	text, err := notices(os.Args[1])
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

// A module is a part of the binary, and where its source is.
type module struct{ name, dir string }

func notices(binary string) ([]byte, error) {
	modules, err := modulesOf(binary)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, m := range modules {
		if err := m.notice(&out); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// modulesOf asks Go what is in the binary, and where that is.
func modulesOf(binary string) ([]module, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	modules := []module{{"Go " + strings.TrimPrefix(info.GoVersion, "go"), root[0]}}
	paths := []string{"list", "-m", "-f", "{{.Path}} {{.Version}}\t{{.Dir}}"}
	for _, m := range info.Deps {
		paths = append(paths, m.Path)
	}
	lines, err := output("go", paths...)
	if err != nil {
		return nil, err
	}
	for i, line := range lines {
		name, dir, _ := strings.Cut(line, "\t")
		if want := info.Deps[i].Path + " " + info.Deps[i].Version; name != want {
			return nil, fmt.Errorf("%s is in the binary, and %s in the go.mod here", want, name)
		}
		modules = append(modules, module{name, dir})
	}
	return modules, nil
}

func output(name string, args ...string) ([]string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	return strings.Split(strings.TrimSpace(string(text)), "\n"), err
}

var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([._-].*)?$`)

// notice appends the licences in the directory of a module and below, where it
// has taken in the work of others. For Go the one at the top stands for all.
func (m module) notice(out *bytes.Buffer) error {
	found := false
	err := filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != m.dir && (d.Name() == "testdata" || strings.HasPrefix(m.name, "Go ")):
			return fs.SkipDir
		case d.IsDir() || !licence.MatchString(d.Name()) || filepath.Ext(path) == ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found = true
		below, err := filepath.Rel(m.dir, path)
		fmt.Fprintf(out, "==== %s, %s\n\n%s\n\n", m.name, below, bytes.TrimSpace(text))
		return err
	})
	if err == nil && !found {
		err = errors.New(m.name + " brings no licence")
	}
	return err
}
