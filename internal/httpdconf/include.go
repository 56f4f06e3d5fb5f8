package httpdconf

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// include reads all files that an Include names, in httpd's order.
func (r *reader) include(in *input, name string, optional bool) error {
	if r.depth++; r.depth > maxDepth {
		return in.wrong("Exceeded maximum include depth of %d, There appears to be a recursion.", maxDepth)
	}
	defer func() { r.depth-- }()
	i := inclusion{r: r, in: in, optional: optional}
	full := r.absolute(name)
	if !hasWildcard(full) {
		return i.plain(full, 0)
	}
	return i.wild("/", strings.TrimPrefix(full, "/"))
}

// inclusion is the work of one Include.
type inclusion struct {
	r        *reader
	in       *input
	optional bool // IncludeOptional: nothing there is no mistake
}

// plain reads a file, or all files below a directory, hidden ones too.
func (i *inclusion) plain(name string, depth int) error {
	info, err := fs.Stat(i.r.fsys, fsName(name))
	switch {
	case err != nil && i.optional:
		return nil
	case err == nil && info.IsDir():
		if depth >= maxDepth {
			return i.in.wrong("Directory '%s' exceeds the maximum include directory nesting level of %d", name, maxDepth)
		}
		entries, err := fs.ReadDir(i.r.fsys, fsName(name))
		if err != nil {
			return i.fail(fmt.Errorf("could not open directory %s: %w", name, err))
		}
		for _, e := range entries {
			if err := i.plain(path.Join(name, e.Name()), depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := i.r.file(name); err != nil {
		var placed *Error
		if errors.As(err, &placed) {
			return err // in the file, which was read
		}
		return i.fail(err)
	}
	return nil
}

// fail makes an error of what could not be read.
func (i *inclusion) fail(err error) error {
	e := &Error{Place: i.in.place(), Err: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Want = "a file that the user who runs logfeed may read, or the output of apache2ctl -t -D DUMP_CONFIG in place of the configuration"
	case errors.Is(err, fs.ErrNotExist):
		e.Want = "a file that exists, or IncludeOptional"
	}
	return e
}

// wild reads what matches a path with wildcards below dir. They match hidden
// names only by a dot, and in the middle of a path only directories.
func (i *inclusion) wild(dir, rest string) error {
	part, rest, more := strings.Cut(rest, "/")
	if !hasWildcard(part) {
		dir = path.Join(dir, part)
		if !more {
			return i.plain(dir, 0)
		}
		return i.wild(dir, rest)
	}
	entries, err := fs.ReadDir(i.r.fsys, fsName(dir))
	if err != nil {
		if i.optional && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return i.fail(fmt.Errorf("could not open directory %s: %w", dir, err))
	}
	found := false
	for _, e := range entries {
		if !matches(part, e.Name()) || more && !e.IsDir() {
			continue
		}
		found = true
		name := path.Join(dir, e.Name())
		if more {
			err = i.wild(name, rest)
		} else {
			err = i.plain(name, 0)
		}
		if err != nil {
			return err
		}
	}
	if !found && !i.optional {
		err := i.in.wrong("No matches for the wildcard '%s' in '%s', failing", part, dir)
		err.Want = "IncludeOptional, if there may be none"
		return err
	}
	return nil
}

// hasWildcard says whether httpd takes a path for a pattern: a bracket counts
// only where it is closed.
func hasWildcard(p string) bool {
	open := false
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '*', '?':
			return true
		case '\\':
			i++
		case '[':
			open = true
		case ']':
			if open {
				return true
			}
		}
	}
	return false
}

// matches is fnmatch for one part of a path, with a leading dot to be matched by
// a dot alone.
func matches(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return false
	}
	ok, err := path.Match(strings.ReplaceAll(pattern, "[!", "[^"), name)
	return ok && err == nil
}
