package tail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packedEndings are the endings that compressors add to a name.
func packedEndings() []string { return []string{".gz", ".bz2", ".xz", ".zst", ".zstd"} }

// IsRotation says whether a path has the name of a rotation of a log in the same
// directory, compressed or not, or of the log compressed.
func IsRotation(path, log string) bool {
	if filepath.Dir(path) != filepath.Dir(log) {
		return false
	}
	name, base := filepath.Base(path), filepath.Base(log)
	return Unpacked(name) == base || rotationOf(name, base)
}

// Unpacked returns path without the ending of a compressor.
func Unpacked(path string) string {
	for _, e := range packedEndings() {
		if s, ok := strings.CutSuffix(path, e); ok {
			return s
		}
	}
	return path
}

// Stem returns what the names of all rotations of a log have in common:
// "access.log" for access.log, access.log.1, access.log-20260110.gz and
// access-20260110.log alike.
func Stem(path string) string {
	base := Unpacked(filepath.Base(path))
	for {
		i := strings.LastIndexAny(base, ".-")
		if i <= 0 || !numbering(base[i+1:]) {
			break
		}
		base = base[:i]
	}
	ext := filepath.Ext(base)
	name := strings.TrimSuffix(base, ext)
	for {
		i := strings.LastIndexAny(name, ".-")
		if i <= 0 || !numbering(name[i+1:]) {
			return name + ext
		}
		name = name[:i]
	}
}

// leadsTo returns what path is a link to, at its end or on the way there, and
// path itself if it is none. A link that leads to nothing counts, too: the log
// may just be on its way to another name.
func leadsTo(path string) string {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		return target
	}
	if target, err = os.Readlink(path); err != nil {
		return path
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return target
}

// stemsOf returns the stems of paths. A log is rotated or copied under its own
// name and under that of a link to it.
func stemsOf(paths ...string) []string {
	var stems []string
	for _, p := range paths {
		if p != "" {
			stems = append(stems, Stem(p))
		}
	}
	slices.Sort(stems)
	return slices.Compact(stems)
}

// numbering says whether s, without its separator, is what a rotation adds to a
// name: a number, a date or a time, or "old".
func numbering(s string) bool {
	if s == "old" {
		return true
	}
	return s != "" && strings.Trim(s, "0123456789_:T") == ""
}

// rotationOf says whether name is a rotation of the log called base, in the
// same directory.
func rotationOf(name, base string) bool {
	rest, ok := strings.CutPrefix(Unpacked(name), base)
	if !ok || rest == "" || rest[0] != '.' && rest[0] != '-' {
		return false
	}
	for part := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == '.' || r == '-' }) {
		if !numbering(part) {
			return false
		}
	}
	return true
}

func hasMeta(path string) bool { return strings.ContainsAny(path, "*?[{") }

func hasDoubleStar(path string) bool { return strings.Contains(path, "**") }
