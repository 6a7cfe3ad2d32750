package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

func content(t *testing.T, path string) string {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// alone fails where a folder holds anything but the files named.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
}

func TestWriteReplacesWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, text := range []string{"one", "two"} {
		if err := WriteBytes(path, []byte(text)); err != nil || content(t, path) != text {
			t.Fatalf("wrote %q, %v; want %q", content(t, path), err, text)
		}
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		return broken
	})
	if !errors.Is(err, broken) || content(t, path) != "two" {
		t.Errorf("a write that failed leaves %q, %v", content(t, path), err)
	}
	alone(t, dir, "a")
}

func TestWriteKeepsPermissionsAndFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := WriteBytes(link, []byte("new")); err != nil || content(t, path) != "new" {
		t.Errorf("through a link: %q, %v", content(t, path), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode became %v", info.Mode())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(link, []byte("again")); err != nil || content(t, path) != "again" {
		t.Errorf("through a link to nothing: %v", err)
	}
	if err := os.Symlink("loop", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(filepath.Join(dir, "loop"), nil); err == nil || !strings.Contains(err.Error(), "loop") {
		t.Errorf("a link to itself: %v", err)
	}
}

func TestWriteRefusesFoldersAndNamesThePath(t *testing.T) {
	dir := t.TempDir()
	if err := WriteBytes(dir, nil); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("over a folder: %v", err)
	}
	path := filepath.Join(dir, "missing", "a")
	if err := WriteBytes(path, nil); err == nil || !strings.Contains(err.Error(), path+" cannot be written") || strings.Contains(err.Error(), partial) {
		t.Errorf("in a missing folder: %v", err)
	}
}

func TestClearLeavesWhatIsBeingWritten(t *testing.T) {
	dir := t.TempDir()
	dead, foreign := filepath.Join(dir, ".a.abcdefgh"+partial), filepath.Join(dir, ".a.swp")
	for _, p := range []string{dead, foreign} {
		if err := os.WriteFile(p, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := Write(filepath.Join(dir, "b"), func(io.Writer) error {
		Clear(dir)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	alone(t, dir, ".a.swp", "b")

	// The next write to a target clears what earlier ones left of it, and nothing of others.
	other := filepath.Join(dir, ".b.abcdefgh"+partial)
	for _, p := range []string{dead, other} {
		if err := os.WriteFile(p, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteBytes(filepath.Join(dir, "a"), nil); err != nil {
		t.Fatal(err)
	}
	alone(t, dir, ".a.swp", ".b.abcdefgh"+partial, "a", "b")
	held := flock.New(other)
	if ok, err := held.TryLock(); err != nil || !ok {
		t.Fatal(err)
	}
	Clear(dir)
	alone(t, dir, ".a.swp", ".b.abcdefgh"+partial, "a", "b")
	_ = held.Unlock()
	Clear(dir)
	alone(t, dir, ".a.swp", "a", "b")
}

func TestPipesAndDevices(t *testing.T) {
	if _, err := os.Stat("/dev/null"); err != nil {
		t.Skip("no /dev/null here")
	}
	if err := WriteBytes("/dev/null", []byte("x")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatal("/dev/null was replaced by a file")
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if err := WriteBytes("/dev/full", []byte("x")); err == nil || !strings.Contains(err.Error(), "/dev/full cannot be written") {
			t.Errorf("to a full device: %v", err)
		}
	}
}

func TestPipeThatNobodyReads(t *testing.T) {
	path := pipe(t)
	done := make(chan error, 1)
	go func() { done <- WriteBytes(path, []byte("x")) }()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "cannot be written") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a reader")
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Error("the pipe was replaced")
	}
}

// TestReplace: what goes back in a file leaves it whole, or as it was; an error names the file and not the temporary one.
func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	again := func(head string, end error) error {
		return Replace(path, func(f *os.File) error {
			if _, err := f.WriteString("????, world"); err != nil {
				return err
			}
			if _, err := f.WriteAt([]byte(head), 0); err != nil {
				return err
			}
			return end
		})
	}
	if err := again("good", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := again("evil", broken); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of what writes", err)
	}
	err := Replace(path, func(f *os.File) error {
		_, err := f.WriteAt(nil, -1)
		return err
	})
	if err == nil || !strings.HasPrefix(err.Error(), path+" cannot be written: ") || strings.Contains(err.Error(), "partial") {
		t.Errorf("got %v, want an error of %s", err, path)
	}
	if p, err := os.ReadFile(path); err != nil || string(p) != "good, world" {
		t.Errorf("the file has %q, %v", p, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := Replace(os.DevNull, func(*os.File) error { return nil }); err == nil || !strings.Contains(err.Error(), "a device or a pipe") {
		t.Errorf("a device: %v", err)
	}
}
