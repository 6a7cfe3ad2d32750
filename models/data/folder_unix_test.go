//go:build unix

package data

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPipesAreNotOpened(t *testing.T) {
	dir := tree(t, numbered(t, 20))
	pipe := filepath.Join(dir, "pipe.png")
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	d, lines, err := opened(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Train.Len() + d.Test.Len(); n != 20 || len(lines) != 2 || !strings.Contains(lines[1], pipe+": it is no file") {
		t.Errorf("%d pictures are read, and %q is said", n, lines)
	}
	if _, err := ReadImage(pipe, 1, 8, 8); err == nil || !strings.Contains(err.Error(), "it is no file") {
		t.Errorf("a pipe alone gives %v", err)
	}
}

func TestIDXThatIsAPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, idxFiles[0])
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	_, err := Open(context.Background(), Options{Name: "mnist", Dir: dir})
	if err == nil || !strings.Contains(err.Error(), pipe+": it is no file") {
		t.Errorf("got %v, want that it is a pipe", err)
	}
}
