package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"genview/models/encrypt"
	"genview/models/safetensors"
)

// Check verifies every file of a recording in a folder, and passes the name of each on with what is wrong with it; nil: it is whole.
// [ErrUnfinished] is no damage. A folder that is not there has no files.
func Check(ctx context.Context, dir string, found func(name string, err error)) error {
	all, err := scan(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	r := &Recording{dir: dir}
	for _, step := range slices.Sorted(maps.Keys(all)) {
		f := all[step]
		r.looks = []int{step}
		paths := slices.Sorted(slices.Values(f.files))
		if f.weights != "" {
			paths = append(paths, f.weights)
		}
		for _, path := range paths {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := r.check(path, step)
			if _, gone := os.Lstat(path); errors.Is(gone, os.ErrNotExist) { // the process that trains in the run has dropped it meanwhile
				continue
			}
			if err == nil && !f.look && path != f.weights {
				err = ErrUnfinished
			}
			found(filepath.Base(path), err)
		}
	}
	return nil
}

// ErrUnfinished says that a file is of a look that a killed process did not finish. Going on with the run removes it.
var ErrUnfinished = errors.New("is of a look that was not finished: it is removed when the run goes on")

// check returns what is wrong with a file of a step.
func (r *Recording) check(path string, step int) error {
	switch filepath.Ext(strings.TrimSuffix(path, encrypt.Ending)) {
	case numbersEnding:
		_, err := safetensors.Intact(path)
		return err
	case picturesEnding:
		p, err := encrypt.ReadFile(path)
		if err == nil {
			_, err = png.Decode(bytes.NewReader(p))
		}
		return err
	}
	m, err := r.At(step)
	if err == nil && len(m.Lost) > 0 {
		err = errors.New(strings.Join(m.Lost, "; "))
	}
	return err
}
