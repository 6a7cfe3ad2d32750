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

// temporaryCache returns a folder that belongs to the user in the folder for temporary files. There anybody can make folders and links, so
// it is an error if others could have made the folder or can change it.
func temporaryCache() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("genview-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir) // does not follow a link
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
