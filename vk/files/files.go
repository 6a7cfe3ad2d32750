// Package files writes files whole or not at all.
//
// A file is written under a temporary name in the folder of its target, synced, renamed over the target, and the folder is synced
// too: once [Write] returns, the file survives a power loss, and until then the old one is as it was. A process that is killed
// leaves a temporary file behind; the next Write to the same target, or [Clear], removes it. Temporary files are locked by the
// process that writes them, so that those of others who write at the same time stay.
//
// It lies below package vk, which keeps such files too, so that all may import it; it knows nothing of devices.
//
// It is our own because the well-known library for it, renameio, does not sync the folder, replaces symbolic links by files, and
// has no Windows.
package files

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

// partial ends the name of a file that is being written.
const partial = ".genview-partial"

// Write replaces the file at path by what write writes. The file is whole and on the disk when Write returns nil; otherwise what was
// there is unchanged. A symbolic link is followed. A device or a pipe, such as /dev/stdout, is written to as it is. An error names
// path and what is wrong with it; errors of write are returned as they are.
func Write(path string, write func(w io.Writer) error) error {
	target, err := resolve(path)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: give the name of a file", path)
	case err == nil && !info.Mode().IsRegular():
		return stream(path, write)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return unwritable(path, err)
	}
	dir := filepath.Dir(target)
	clearOf(dir, filepath.Base(target))
	perm := fs.FileMode(0o644)
	if info != nil {
		perm = info.Mode().Perm()
	}
	tmp, err := create(target, perm)
	if err != nil {
		return unwritable(path, err)
	}
	if err := tmp.fill(path, write); err != nil {
		return errors.Join(err, tmp.discard())
	}
	if err := os.Rename(tmp.name, target); err != nil {
		return errors.Join(unwritable(path, err), tmp.discard())
	}
	_ = tmp.lock.Unlock()
	return SyncDir(dir)
}

// WriteBytes is [Write] of bytes.
func WriteBytes(path string, p []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(p)
		return err
	})
}

// SyncDir makes what was created, renamed and removed in a folder survive a power loss. Systems whose folders cannot be synced
// (Windows, some network file systems) do so by themselves or not at all; there SyncDir does nothing.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("%s cannot be synced: %w", dir, cause(err))
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !cannotSync(err) {
		return fmt.Errorf("%s cannot be synced: %w", dir, cause(err))
	}
	return nil
}

// Clear removes the temporary files that killed processes left in a folder. Those that a process still writes stay.
func Clear(dir string) { clearOf(dir, "") }

// Partial tells whether a file's name is that of a temporary file of this package.
func Partial(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, partial)
}

// clearOf removes abandoned temporary files of one target, or of all where target is empty. What cannot be removed stays: it does
// no harm.
func clearOf(dir, target string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !Partial(e.Name()) || !e.Type().IsRegular() || target != "" && !strings.HasPrefix(e.Name(), "."+target+".") {
			continue
		}
		name := filepath.Join(dir, e.Name())
		if !locks { // a file that is open cannot be removed there
			_ = os.Remove(name)
			continue
		}
		lock := flock.New(name, flock.SetFlag(os.O_RDWR)) // without O_CREATE: it may be gone by now
		if ours, err := lock.TryLock(); err == nil && ours {
			_ = os.Remove(name)
			_ = lock.Unlock()
		}
	}
}

// A temporary is a file that is being written.
type temporary struct {
	name string
	file *os.File
	lock *flock.Flock
}

func create(target string, perm fs.FileMode) (*temporary, error) {
	name := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+rand.Text()[:8]+partial)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, perm)
	if err != nil {
		return nil, err
	}
	t := &temporary{name, f, flock.New(name, flock.SetFlag(os.O_RDWR))}
	if locks {
		_, _ = t.lock.TryLock() // on a file system without locks, Clear cannot lock it either and leaves it
	}
	return t, nil
}

// fill writes the contents and syncs them.
func (t *temporary) fill(path string, write func(io.Writer) error) error {
	w := &writer{path: path, to: t.file}
	buffered := bufio.NewWriterSize(w, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		return unwritable(path, err)
	}
	if err := t.file.Close(); err != nil {
		return unwritable(path, err)
	}
	return nil
}

func (t *temporary) discard() error {
	_ = t.file.Close()
	_ = t.lock.Unlock()
	return os.Remove(t.name)
}

// stream writes to a device or a pipe.
func stream(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|nonblocking, 0) // a pipe that nobody reads is an error, and no endless wait
	if err != nil {
		return unwritable(path, err)
	}
	buffered := bufio.NewWriter(&writer{path: path, to: f})
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if closed := f.Close(); err == nil && closed != nil {
		err = unwritable(path, closed)
	}
	return err
}

// A writer adds to errors which file cannot be written: the name of the temporary one tells nobody anything.
type writer struct {
	path string
	to   io.Writer
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		err = unwritable(w.path, err)
	}
	return n, err
}

// unwritable is the error of a file that cannot be written: which, why, and what to do.
func unwritable(path string, err error) error {
	remedy := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		remedy = "; make that folder, or choose another"
	case errors.Is(err, syscall.ENOSPC):
		remedy = "; make room there, or choose another folder"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		remedy = "; choose a folder that you may write to"
	}
	return fmt.Errorf("%s cannot be written: %w%s", path, cause(err), remedy)
}

// cause takes the call and the path off an error of package os, for the sentence around it has its own.
func cause(err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at):
		return at.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// resolve follows symbolic links, also to files that are not there yet.
func resolve(path string) (string, error) {
	for range 40 {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, nil // what Lstat dislikes, the caller meets
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", cause(err)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", errors.New("too many symbolic links")
}
