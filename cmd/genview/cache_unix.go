//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// temporaryCache returns a folder of the user's own in the folder for temporary files, where anybody may make folders and links: what
// others could have put there, or could change, is an error.
func temporaryCache() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("genview-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir) // of a link it tells of the link
	if err != nil {
		return "", err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return "", fmt.Errorf("%s is no folder", dir)
	case !ok || int(owner.Uid) != os.Getuid():
		return "", fmt.Errorf("%s belongs to somebody else", dir)
	case info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("%s is open to others: make it 0700", dir)
	}
	return dir, nil
}
