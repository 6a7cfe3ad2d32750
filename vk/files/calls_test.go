package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAppendLine: a line is added whole or not at all, and does not continue one that has no end.
func TestAppendLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, line := range []string{"one", "two"} {
		if err := errors.Join(AppendLine(path, []byte(line)), Sync(path)); err != nil {
			t.Fatal(err)
		}
	}
	if got := content(t, path); got != "one\ntwo\n" {
		t.Fatalf("got %q", got)
	}
	for _, failure := range []error{syscall.ENOSPC, syscall.EIO, io.ErrShortWrite} {
		restore := FailWith(func(c Call, _ string) error {
			if c == Written {
				return failure
			}
			return nil
		})
		err := AppendLine(path, []byte("three"))
		restore()
		if want := failure; failure != io.ErrShortWrite && !errors.Is(err, want) || failure == io.ErrShortWrite && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v: got %v", failure, err)
		}
		if got := content(t, path); got != "one\ntwo\n" {
			t.Errorf("%v leaves %q", failure, got)
		}
	}
	if err := os.WriteFile(path, []byte("one\ntw"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := AppendLine(path, []byte("three")); err != nil || content(t, path) != "one\ntw\nthree\n" {
		t.Errorf("after a torn line: %q, %v", content(t, path), err)
	}
}

// TestEveryCallOfAWriteFails: whichever call fails, the file is the old one, or the new one if only its folder was not synced; nothing else
// is left behind.
func TestEveryCallOfAWriteFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, call := range []Call{Create, Written, Synced, Renamed, Folder} {
		for _, failure := range []error{syscall.ENOSPC, syscall.EIO, io.ErrShortWrite} {
			if err := WriteBytes(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			restore := FailWith(func(c Call, _ string) error {
				if c == call {
					return failure
				}
				return nil
			})
			err := WriteBytes(path, []byte("new"))
			restore()
			want := "old"
			if call == Folder {
				want = "new"
			}
			if err == nil || strings.Contains(err.Error(), partial) || content(t, path) != want {
				t.Errorf("%s, %v: %q, %v", call, failure, content(t, path), err)
			}
			alone(t, dir, "a")
		}
	}
}
