package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
)

// A Call is a call of the operating system that a test can have fail.
type Call string

// The calls.
const (
	Create  Call = "create"
	Written Call = "write"
	Synced  Call = "sync"
	Renamed Call = "rename"
	Folder  Call = "sync the folder"
	Mkdirs  Call = "mkdir"
	Removed Call = "remove"
)

var failing atomic.Pointer[func(c Call, path string) error]

// FailWith is for tests of what becomes of files on failing disks: before each call of this package f receives it, and an error that f
// returns replaces it. A write for which f returns [io.ErrShortWrite] writes half of its bytes, and fails since the disk is full. restore
// ends that. Only tests call it.
func FailWith(f func(c Call, path string) error) (restore func()) {
	failing.Store(&f)
	return func() { failing.Store(nil) }
}

// fails returns the error that a test has for a call; nil but in tests.
func fails(c Call, path string) error {
	f := failing.Load()
	if f == nil {
		return nil
	}
	if err := (*f)(c, path); err != nil {
		return &fs.PathError{Op: string(c), Path: path, Err: err}
	}
	return nil
}

// write writes to a file.
func write(f *os.File, p []byte) (int, error) {
	err := fails(Written, f.Name())
	switch {
	case errors.Is(err, io.ErrShortWrite):
		n, _ := f.Write(p[:len(p)/2])
		return n, &fs.PathError{Op: string(Written), Path: f.Name(), Err: syscall.ENOSPC}
	case err != nil:
		return 0, err
	}
	return f.Write(p)
}

func syncFile(f *os.File) error {
	if err := fails(Synced, f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

// Rename renames a file. The caller calls [SyncDir].
func Rename(from, to string) error {
	if err := fails(Renamed, from); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Remove removes a file or an empty folder.
func Remove(path string) error {
	if err := fails(Removed, path); err != nil {
		return err
	}
	return os.Remove(path)
}

// Mkdir makes a folder, and syncs the one that it is in. Nobody may read it who may not read that one.
func Mkdir(dir string) error {
	if err := fails(Mkdirs, dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, within(filepath.Dir(dir), 0o755)); err != nil {
		return err
	}
	_ = SyncDir(filepath.Dir(dir)) // a folder that is lost is made again
	return nil
}

// AppendLine adds a line, which p is without its end, to a file, whole or not at all. It makes the file if there is none, for
// those who may read its folder. If the last line of
// the file has no end, as after a power loss, the new one does not continue it. The line survives a power loss after [Sync].
func AppendLine(path string, p []byte) error {
	if err := fails(Create, path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, within(filepath.Dir(path), public))
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	line := append(slices.Clone(p), '\n')
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err == nil && last[0] != '\n' {
		line = slices.Insert(line, 0, '\n')
	}
	n, err := write(f, line)
	if err != nil && n > 0 { // the disk is full
		_ = f.Truncate(info.Size())
	}
	return errors.Join(err, f.Close())
}

// within returns a mode without what the mode of a folder denies to others than its owner.
func within(dir string, perm fs.FileMode) fs.FileMode {
	info, err := os.Stat(dir)
	if err != nil {
		return perm
	}
	return perm & (info.Mode().Perm() | 0o700)
}

// Sync makes the contents of a file survive a power loss.
func Sync(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(syncFile(f), f.Close()); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}
