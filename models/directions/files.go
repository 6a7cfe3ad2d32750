package directions

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"genview/models/walk"
)

const (
	folder = "directions" // in a run folder
	ending = ".npy"
)

// Names returns the names of the directions that are kept in a run folder, in order; there may be none.
func Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ending); ok && CheckName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Read reads a direction of z numbers from a run folder.
func Read(dir, name string, z int) ([]float32, error) {
	if err := known(dir, name); err != nil {
		return nil, err
	}
	all, err := walk.ReadLatents(pathOf(dir, name), z)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("directions: %s holds %d vectors, where one is a direction", pathOf(dir, name), len(all))
	}
	return all[0], nil
}

// Write keeps a direction in a run folder, in place of the one of that name. It is a file of its own, written whole or not at all, so that
// several programs may keep directions at once. A direction with NaN or an infinity is an error.
func Write(dir, name string, v []float32) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
		return err
	}
	return walk.WriteLatents(pathOf(dir, name), [][]float32{v})
}

// Remove removes a direction from a run folder.
func Remove(dir, name string) error {
	if err := known(dir, name); err != nil {
		return err
	}
	return os.Remove(pathOf(dir, name))
}

func pathOf(dir, name string) string { return filepath.Join(dir, folder, name+ending) }

// known returns an error if there is no direction of a name; it says which there are.
func known(dir, name string) error {
	names, err := Names(dir)
	switch {
	case err != nil:
		return err
	case slices.Contains(names, name):
		return nil
	case len(names) == 0:
		return fmt.Errorf("there is no direction %q: the run has none", name)
	}
	return fmt.Errorf("there is no direction %q, but %s", name, strings.Join(names, ", "))
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// CheckName returns an error if a direction cannot have a name. The signs of sums are no part of names.
func CheckName(name string) error {
	if !nameForm.MatchString(name) || len(name) > 100 {
		return fmt.Errorf("directions: %q cannot be the name of a direction: use letters, digits, _ and ., a letter first", name)
	}
	return nil
}
