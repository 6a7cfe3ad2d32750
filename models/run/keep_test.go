package run

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"genview/models/data"
	"genview/vk/files"
)

// TestPointsOfARun: a run has a copy of the points that it learns from, and is whole wherever it is moved. If the disk has no room for the
// copy, nothing is left of the run.
func TestPointsOfARun(t *testing.T) {
	h, at := host(t), t.TempDir()
	mine, dir, moved := filepath.Join(at, "mine.csv"), filepath.Join(at, "run"), filepath.Join(at, "moved")
	if err := data.WritePoints(mine, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	create := func() error {
		c, err := New("points")
		if err != nil {
			return err
		}
		if err := errors.Join(c.Set("data.name", mine), c.Set("model.hidden", "8"), c.Set("batch", "8")); err != nil {
			return err
		}
		if _, err := Configure(t.Context(), c, func(string) bool { return true }); err != nil {
			return err
		}
		learner, err := h.Create(t.Context(), dir, c)
		if err != nil {
			return err
		}
		return learner.Close()
	}
	for _, c := range []struct {
		call files.Call
		file string
		nth  int // of the calls for that file
	}{ // the folder of the run is synced for each folder in it, the configuration, and the points
		{files.Written, "points.csv", 1}, {files.Written, "config.yaml", 2}, {files.Folder, "run", 4},
	} {
		count := 0
		restore := files.FailWith(func(call files.Call, path string) error {
			if call != c.call || !strings.Contains(filepath.Base(path), c.file) {
				return nil
			}
			if count++; count != c.nth {
				return nil
			}
			return syscall.ENOSPC
		})
		err := create()
		restore()
		if _, gone := os.Stat(dir); !errors.Is(err, syscall.ENOSPC) || !errors.Is(gone, os.ErrNotExist) {
			left, _ := filepath.Glob(filepath.Join(dir, "*"))
			t.Errorf("without room to %s %s: %v; left are %v", c.call, c.file, err, left)
		}
		_ = os.RemoveAll(dir)
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Rename(dir, moved), os.Remove(mine)); err != nil {
		t.Fatal(err)
	}
	if r, err := h.Check(t.Context(), moved, Place{}); err != nil || !r.Whole {
		t.Errorf("a run that was moved: %+v, %v", r, err)
	}
}
