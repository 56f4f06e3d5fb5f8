// Package checkpoint keeps one state on disk so that it survives a crash at
// any instant: positions, buckets and points that belong together are one
// file, replaced as a whole.
package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Names of the files in the directory of a store.
const (
	current   = "checkpoint"
	previous  = "checkpoint.1"
	temporary = "checkpoint.tmp"
	damaged   = "checkpoint.damaged"
	lockFile  = "lock"
)

// ErrLocked means that another process holds the directory.
var ErrLocked = errors.New("another logfeed uses it")

// A Store is one directory that this process alone uses until Close. It is
// for one goroutine.
type Store struct {
	dir  string
	lock *os.File
}

// Open makes the directory if it is missing and locks it. When another
// process has it, the error is ErrLocked.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	// The lock is the kernel's: it ends with the process, however that ends.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("state directory %s: %w", dir, ErrLocked)
		}
		return nil, fmt.Errorf("lock state directory %s: %w", dir, err)
	}
	return &Store{dir: dir, lock: lock}, nil
}

// Close gives the directory free.
func (s *Store) Close() error { return s.lock.Close() }

// Save replaces the state by payload. When it returns nil the new state is on
// the disk and the one before it is kept beside; when it returns an error the
// old state is still there. A full disk never costs the old state.
func (s *Store) Save(payload []byte) error {
	tmp := s.path(temporary)
	if err := writeSynced(tmp, seal(payload)); err != nil {
		os.Remove(tmp) // what it holds of a full disk is given back
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := os.Rename(s.path(current), s.path(previous)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the previous checkpoint: %w", err)
	}
	// A crash here leaves no current file but a good previous one, which
	// Load takes.
	if err := os.Rename(tmp, s.path(current)); err != nil {
		return fmt.Errorf("put checkpoint in place: %w", err)
	}
	return syncDir(s.dir)
}

// Loaded says what Load has found.
type Loaded struct {
	Payload []byte // nil when there was no checkpoint
	Damage  error  // why the newest one could not be used, nil if it could
}

// Load returns the newest state that is whole. A damaged file is set aside
// under another name and the one before it is taken. An error means that the
// directory cannot be read; a missing or damaged state is none.
func (s *Store) Load() (Loaded, error) {
	var out Loaded
	for _, name := range []string{current, previous} {
		data, err := os.ReadFile(s.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Loaded{}, fmt.Errorf("read checkpoint: %w", err)
		}
		payload, err := unseal(data)
		if err == nil {
			out.Payload = payload
			return out, nil
		}
		out.Damage = fmt.Errorf("%s: %w", s.path(name), err)
		if err := os.Rename(s.path(name), s.path(damaged)); err != nil {
			return Loaded{}, fmt.Errorf("set damaged checkpoint aside: %w", err)
		}
	}
	return out, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync state directory: %w", err)
	}
	err = d.Sync()
	if err = errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("sync state directory: %w", err)
	}
	return nil
}
