// Package whisper reads Graphite's whisper files. It shares no code with the
// servers that write them, so that what it finds is what is on the disk.
package whisper

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// A File is the content of one whisper file.
type File struct {
	// Method is how a coarser archive is made of a finer one: average, sum,
	// last, max or min.
	Method string
	// XFilesFactor is the share of finer points that a coarser one needs.
	XFilesFactor float64
	// Archives are ordered from the finest to the coarsest.
	Archives []Archive
}

// An Archive holds the points of one step.
type Archive struct {
	Step   int64             // seconds
	Slots  int               // for how many points there is room
	Values map[int64]float64 // by bucket start, Unix seconds
}

// The sizes of the parts of a file, all big-endian: method, longest retention,
// xFilesFactor and number of archives; offset, step and slots of each archive;
// time and value of each point.
const (
	headerSize  = 4 + 4 + 4 + 4
	archiveSize = 4 + 4 + 4
	pointSize   = 4 + 8
)

// ErrUnfinished means that a file is shorter than it says, as one is while it
// is being made.
var ErrUnfinished = errors.New("shorter than it says")

// Read reads the file at path.
func Read(path string) (File, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return File{}, fmt.Errorf("read a whisper file: %w", err)
	}
	file, err := decode(content)
	if err != nil {
		return File{}, fmt.Errorf("read the whisper file %s: %w", path, err)
	}
	return file, nil
}

func decode(content []byte) (File, error) {
	if len(content) < headerSize {
		return File{}, ErrUnfinished
	}
	word := func(offset int) uint32 { return binary.BigEndian.Uint32(content[offset:]) }
	file := File{
		Method:       method(word(0)),
		XFilesFactor: float64(math.Float32frombits(word(8))),
	}
	archives := int(word(12))
	if len(content) < headerSize+archives*archiveSize {
		return File{}, ErrUnfinished
	}
	for i := range archives {
		at := headerSize + i*archiveSize
		archive, err := decodeArchive(content, int(word(at)), int64(word(at+4)), int(word(at+8)))
		if err != nil {
			return File{}, err
		}
		file.Archives = append(file.Archives, archive)
	}
	return file, nil
}

// decodeArchive takes the points out of a ring. One that is older than the
// newest by the retention or more is a leftover in a slot not used since.
func decodeArchive(content []byte, offset int, step int64, slots int) (Archive, error) {
	if len(content) < offset+slots*pointSize {
		return Archive{}, ErrUnfinished
	}
	archive := Archive{Step: step, Slots: slots, Values: make(map[int64]float64)}
	newest := int64(0)
	for i := range slots {
		point := content[offset+i*pointSize:]
		when := int64(binary.BigEndian.Uint32(point))
		if when == 0 {
			continue
		}
		archive.Values[when] = math.Float64frombits(binary.BigEndian.Uint64(point[4:]))
		newest = max(newest, when)
	}
	for when := range archive.Values {
		if when <= newest-step*int64(slots) {
			delete(archive.Values, when)
		}
	}
	return archive, nil
}

func method(number uint32) string {
	names := []string{"", "average", "sum", "last", "max", "min"}
	if int(number) >= len(names) || number == 0 {
		return fmt.Sprintf("method %d", number)
	}
	return names[number]
}

// TreeName returns the name that ReadTree gives to the file of a series. With
// tags that is the hash of its name.
func TreeName(series string) string {
	if !strings.Contains(series, ";") {
		return series
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(series)))
	return strings.Join([]string{"_tagged", hash[:3], hash[3:6], hash}, ".")
}

// ReadTree reads all whisper files below dir, by the name of their series (see
// TreeName). A
// directory that does not exist holds none.
func ReadTree(dir string) (map[string]File, error) {
	files := make(map[string]File)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, ok := strings.CutSuffix(path, ".wsp")
		if !ok || !entry.Type().IsRegular() {
			return nil
		}
		relative, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		file, err := Read(path)
		files[strings.ReplaceAll(relative, string(filepath.Separator), ".")] = file
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil
	}
	return files, err
}
