package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"genview/models/encrypt"
	"genview/vk/files"

	"github.com/gofrs/flock"
)

// lockName is the file in a run folder that the writing process locks. The operating system releases the lock when the process ends.
const lockName = ".genview-lock"

// ErrLocked says that another process trains in the run.
var ErrLocked = errors.New("another genview trains in it")

// A lock is a writer's claim on a run folder.
type lock struct {
	file *flock.Flock // nil: the file system has no locks
	made bool         // the file is new
}

// takeLock locks the folder of a run for this process, or says which process has it. Where the file system has no locks, nothing is
// locked.
func takeLock(dir string) (*lock, error) {
	path := filepath.Join(dir, lockName)
	_, err := os.Lstat(path)
	l := &lock{file: flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR)), made: errors.Is(err, fs.ErrNotExist)}
	ok, err := l.file.TryLock()
	for range mostPeeks {
		if ok || err != nil {
			break
		}
		time.Sleep(peek) // perhaps [Run.InUse] looks just now
		ok, err = l.file.TryLock()
	}
	switch {
	case err != nil && noLocks(err):
		_ = l.file.Close()
		l.file = nil
	case err != nil:
		return nil, fmt.Errorf("train: the run cannot be written: %w", err)
	case !ok:
		return nil, fmt.Errorf("train: %s is in use, %w%s: wait for it or end it; looking at the run is free", dir, ErrLocked, owner(path))
	}
	_ = os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o644) // only for the error message of other processes
	return l, nil
}

// A writer that finds a run locked tries so often again, after that time each: whoever looks whether it is locked holds a lock for moments.
const (
	mostPeeks = 3
	peek      = 10 * time.Millisecond
)

// InUse tells whether a process trains in the run. Where the file system has no locks, nobody seems to.
func (r *Run) InUse() bool {
	if r.lock != nil {
		return true
	}
	f := flock.New(filepath.Join(r.Dir, lockName), flock.SetFlag(os.O_RDONLY)) // nothing is made in the folder
	ok, err := f.TryRLock()
	_ = f.Close()
	return !ok && err == nil
}

// owner names the process that holds a lock, if it is known.
func owner(path string) string {
	p, err := os.ReadFile(path)
	if pid, bad := strconv.Atoi(strings.TrimSpace(string(p))); err == nil && bad == nil {
		return fmt.Sprintf(" (process %d)", pid)
	}
	return ""
}

// noLocks tells whether an error means that the file system has no locks, as some network file systems.
func noLocks(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOLCK)
}

// stands tells whether the lock is still that of the folder: somebody may have deleted and recreated it.
func (l *lock) stands(dir string) bool {
	now, err := os.Stat(filepath.Join(dir, lockName))
	if l.file == nil {
		return err == nil
	}
	held, err2 := l.file.Stat()
	return err == nil && err2 == nil && os.SameFile(now, held)
}

func (l *lock) release() {
	if l.file != nil {
		_ = l.file.Close()
	}
}

// Lock claims the run for writing until [Run.Close] or the end of the process, and removes the partial files of killed writers. If another
// process holds the claim, the error is [ErrLocked].
func (r *Run) Lock() error {
	l, err := takeLock(r.Dir)
	if err != nil {
		return err
	}
	r.lock = l
	if path, _, none := r.Newest(); none == nil && r.secret == nil && strings.HasSuffix(path, encrypt.Ending) {
		r.Close()
		return fmt.Errorf("train: %s has lost its %s, and %s is encrypted: put that file back, with public keys of age's, one a line", r.Dir, encrypt.RecipientsName, filepath.Base(path))
	}
	for _, dir := range []string{r.Dir, filepath.Join(r.Dir, checkpoints), filepath.Join(r.Dir, samples)} {
		files.Clear(dir)
	}
	return nil
}

// Unprotected tells whether the run's file system has no locks, so that nothing keeps a second process from training in the run.
func (r *Run) Unprotected() bool { return r.lock != nil && r.lock.file == nil }

// Close gives up the claim on the run.
func (r *Run) Close() {
	if r.lock != nil {
		r.lock.release()
		r.lock = nil
	}
}

// unlockNew gives up the claim of a run that could not be created.
func (r *Run) unlockNew() {
	if r.lock == nil {
		return
	}
	if r.lock.made {
		_ = os.Remove(filepath.Join(r.Dir, lockName))
	}
	r.Close()
}
