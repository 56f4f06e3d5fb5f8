package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// denied adds to an error for want of permission what stands in the way: the
// directory or the file, its mode and owner, and who this process runs as.
func denied(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	at, info := barrier(path)
	if info == nil {
		return err
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return err
	}
	group := groupName(sys.Gid)
	hint := ""
	need := fs.FileMode(0o040)
	if info.IsDir() {
		need = 0o050
	}
	if info.Mode()&need == need {
		hint = "; a member of the group " + group + " may read it"
	}
	return fmt.Errorf("%w: %s is %s %s:%s, and this runs as %s%s", fs.ErrPermission,
		at, lsMode(info), userName(sys.Uid), group, userName(uint32(os.Geteuid())), hint)
}

// barrier returns the first thing on the way to path that keeps it from being
// read: a directory that may not be entered, else path itself.
func barrier(path string) (at string, info fs.FileInfo) {
	at = "/"
	info, err := os.Stat(at)
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		next := filepath.Join(at, part)
		inside, failed := os.Stat(next)
		if failed != nil {
			return at, info
		}
		at, info = next, inside
	}
	if err != nil {
		return at, nil
	}
	return at, info
}

// lsMode writes a mode as ls -l does, without its marks for special files.
func lsMode(info fs.FileInfo) string {
	kind := "-"
	if info.IsDir() {
		kind = "d"
	}
	return kind + info.Mode().Perm().String()[1:]
}

func userName(id uint32) string {
	if u, err := user.LookupId(strconv.FormatUint(uint64(id), 10)); err == nil {
		return u.Username
	}
	return strconv.FormatUint(uint64(id), 10)
}

func groupName(id uint32) string {
	if g, err := user.LookupGroupId(strconv.FormatUint(uint64(id), 10)); err == nil {
		return g.Name
	}
	return strconv.FormatUint(uint64(id), 10)
}
