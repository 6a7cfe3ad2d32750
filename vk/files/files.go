// Package files writes files whole or not at all.
//
// It writes a file under a temporary name in the folder of its target, syncs it, renames it over the target, and syncs the folder. Once
// [Write] returns, the file survives a power loss; until then the old file is unchanged. A killed process leaves a temporary file behind,
// which the next Write to the same target, or [Clear], removes. The writing process locks its temporary file, so that those of processes
// that are still writing stay.
//
// It is below package vk, which also writes such files, so that all packages can import it; it knows nothing of devices.
//
// The well-known library for this, renameio, was rejected: it does not sync the folder, replaces symbolic links by files, and does not
// support Windows.
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

// partial is the ending of a temporary file's name.
const partial = ".genview-partial"

// Write replaces the file at path by what write writes. When Write returns nil, the file is whole and survives a power loss; otherwise the
// old file is unchanged, unless only the folder could not be synced: then the new file is there, and may not survive a power loss. Write
// follows a symbolic link. It writes directly to a device or a pipe, such as /dev/stdout. An error names path
// and the problem; errors of write are returned unchanged.
func Write(path string, write func(w io.Writer) error) error {
	return replace(path, public, func(t *temporary) error { return t.fill(path, write) }, func() error { return stream(path, write) })
}

// WritePrivate is [Write] for a file that only its owner may read; one that is replaced is that afterwards, too.
func WritePrivate(path string, write func(w io.Writer) error) error {
	return replace(path, private, func(t *temporary) error { return t.fill(path, write) }, func() error { return stream(path, write) })
}

// CreateNew writes a file with a mode, and syncs it. It never replaces a file: the error is then [fs.ErrExist].
func CreateNew(path string, p []byte, perm fs.FileMode) error {
	if err := fails(Create, path); err != nil {
		return unwritable(path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return unwritable(path, err)
	}
	_, err = write(f, p)
	if err = errors.Join(err, syncFile(f), f.Close()); err != nil {
		return errors.Join(unwritable(path, err), os.Remove(path))
	}
	return SyncDir(filepath.Dir(path))
}

// Modes of new files, before the user's mask.
const (
	public  fs.FileMode = 0o644
	private fs.FileMode = 0o600
)

// Replace is [Write] for a write that seeks in the file, or that has another program write to the file of that name. It refuses devices and
// pipes, in which nobody can seek. write must not close the file.
func Replace(path string, write func(f *os.File) error) error {
	return replace(path, public, func(t *temporary) error {
		var at *fs.PathError
		switch err := write(t.file); {
		case errors.As(err, &at) && at.Path == t.name:
			return unwritable(path, err)
		case err != nil:
			return err
		}
		return t.close(path)
	}, func() error {
		return fmt.Errorf("%s cannot be written: it is a device or a pipe, and has no place to go back to; give the name of a file", path)
	})
}

// replace fills a temporary file and renames it to path; if path is a device or a pipe, it calls other. A public file that replaces another
// one has its mode.
func replace(path string, perm fs.FileMode, fill func(t *temporary) error, other func() error) error {
	target, err := resolve(path)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: give the name of a file", path)
	case err == nil && !info.Mode().IsRegular():
		return other()
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return unwritable(path, err)
	}
	dir := filepath.Dir(target)
	clearOf(dir, filepath.Base(target))
	if info != nil && perm == public {
		perm = info.Mode().Perm()
	}
	tmp, err := create(target, perm)
	if err != nil {
		return unwritable(path, err)
	}
	if err := fill(tmp); err != nil {
		return errors.Join(err, tmp.discard())
	}
	if err := Rename(tmp.name, target); err != nil {
		return errors.Join(unwritable(path, err), tmp.discard())
	}
	_ = tmp.lock.Unlock()
	return SyncDir(dir)
}

// WriteBytes is [Write] for bytes.
func WriteBytes(path string, p []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(p)
		return err
	})
}

// SyncDir makes file creations, renames and removals in a folder survive a power loss. On systems that cannot sync folders (Windows, some
// network file systems), it does nothing.
func SyncDir(dir string) error {
	if err := fails(Folder, dir); err != nil {
		return fmt.Errorf("%s cannot be synced: %w", dir, cause(err))
	}
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

// Clear removes temporary files of killed processes from a folder. It leaves those that a process is writing.
func Clear(dir string) { clearOf(dir, "") }

// Partial tells whether a file's name is that of a temporary file of this package.
func Partial(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, partial)
}

// clearOf removes abandoned temporary files of one target, or of all targets if target is empty. Files that cannot be removed stay; they do
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
		if !locks { // an open file cannot be removed there
			_ = os.Remove(name)
			continue
		}
		lock := flock.New(name, flock.SetFlag(os.O_RDWR)) // without O_CREATE, because it may have been removed
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

// create makes and locks an empty file beside target, which will be renamed to it.
func create(target string, perm fs.FileMode) (*temporary, error) {
	name := filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+rand.Text()[:8]+partial)
	if err := fails(Create, name); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, perm)
	if err != nil {
		return nil, err
	}
	t := &temporary{name, f, flock.New(name, flock.SetFlag(os.O_RDWR))}
	if locks {
		_, _ = t.lock.TryLock() // on a file system without locks, Clear cannot lock it either, and leaves it
	}
	return t, nil
}

// fill writes and syncs the contents.
func (t *temporary) fill(path string, write func(io.Writer) error) error {
	w := &writer{path: path, to: t.file}
	buffered := bufio.NewWriterSize(w, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return t.close(path)
}

// close syncs and closes the file.
func (t *temporary) close(path string) error {
	if err := syncFile(t.file); err != nil {
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
	f, err := os.OpenFile(path, os.O_WRONLY|nonblocking, 0) // a pipe without a reader is an error and must not block
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

// A writer replaces the name of the temporary file in errors by that of the target.
type writer struct {
	path string
	to   *os.File
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := write(w.to, p)
	if err != nil {
		err = unwritable(w.path, err)
	}
	return n, err
}

// unwritable returns the error of a file that cannot be written, with the cause and a remedy.
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

// cause strips the call and the path from an error of package os, because the message contains the path.
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

// resolve follows symbolic links, also to files that do not exist.
func resolve(path string) (string, error) {
	for range 40 {
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return path, nil // the caller gets the same error
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
