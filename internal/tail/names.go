package tail

import (
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

// stemsOf returns the stems of paths and of the files they are links to: a log
// is rotated or copied under either name.
func stemsOf(paths ...string) []string {
	var stems []string
	for _, p := range paths {
		stems = append(stems, Stem(p))
		if target, err := filepath.EvalSymlinks(p); err == nil {
			stems = append(stems, Stem(target))
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
