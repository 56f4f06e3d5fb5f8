package tail

import "golang.org/x/sys/unix"

// tellsAll says whether dir lies on a file system that only this kernel changes,
// so that there is an event for whatever happens to the files in it. On NFS, CIFS,
// FUSE and overlays there may be none, and inotify(7) does not say so when it is
// asked to watch: what is not known to tell all does not.
func tellsAll(dir string) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	}
	return false
}
