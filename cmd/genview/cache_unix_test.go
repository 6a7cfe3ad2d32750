//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCacheWithoutHome has no folder of the user's for caches, and one for temporary files in which others may have been before.
func TestCacheWithoutHome(t *testing.T) {
	keepMachineCode(t)
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	own := fmt.Sprintf("genview-%d", os.Getuid())
	type folder struct {
		before func(dir string) error
		want   string // "": it is taken
	}
	folders := map[string]folder{
		"nothing there":     {func(string) error { return nil }, ""},
		"our own":           {func(dir string) error { return os.Mkdir(dir, 0o700) }, ""},
		"open to others":    {func(dir string) error { return os.Mkdir(dir, 0o755) }, "is open to others"},
		"a file":            {func(dir string) error { return os.WriteFile(dir, nil, 0o600) }, "is no folder"},
		"a link":            {func(dir string) error { return os.Symlink(t.TempDir(), dir) }, "is no folder"},
		"a link to nowhere": {func(dir string) error { return os.Symlink("/nonexistent", dir) }, "is no folder"},
	}
	if os.Getuid() == 0 { // only root can give folders away
		folders["somebody else's"] = folder{func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 12345, 12345))
		}, "belongs to somebody else"}
	}
	for name, c := range folders {
		tmp := t.TempDir()
		t.Setenv("TMPDIR", tmp)
		dir := filepath.Join(tmp, own)
		if err := c.before(dir); err != nil {
			t.Fatal(err)
		}
		got, err := temporaryCache()
		if c.want == "" {
			info, failed := os.Stat(dir)
			if err != nil || got != dir || failed != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%s: got %q, %v; and the folder is %v", name, got, err, info)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || cached("x") != "" {
			t.Errorf("%s: got %q, %v, and keeps x in %q; want the error %q", name, got, err, cached("x"), c.want)
		}
		if name != "a link" { // one is enough for the rest
			continue
		}
		run := filepath.Join(tmp, "run")
		_, stderr, code := genview(t, tiny("--out", run, "--steps", "1")...)
		if code != 0 || strings.Count(stderr, "nothing is kept") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: train ends with %d and says %q", name, code, stderr)
		}
		if left, err := os.ReadDir(tmp); err != nil || len(left) != 2 {
			t.Errorf("%s: %v lies beside the run (%v)", name, left, err)
		}
	}
}
