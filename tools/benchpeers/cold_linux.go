package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// forget puts a file out of the page cache. It fails where the kernel keeps it,
// as on a file system in memory.
func forget(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	fd := int(file.Fd())
	if err := unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("forget %s: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	const looks = 16
	for i := range int64(looks) {
		_, err := unix.Preadv2(fd, [][]byte{make([]byte, 1)}, info.Size()/looks*i, unix.RWF_NOWAIT)
		if !errors.Is(err, unix.EAGAIN) {
			return fmt.Errorf("forget %s: it is still in the page cache (%v)", path, err)
		}
	}
	return nil
}
