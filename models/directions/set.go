package directions

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"genview/models/safetensors"
)

// fileName is the name of the file in a run folder.
const fileName = "directions.safetensors"

// A Set is the directions of a run.
type Set struct {
	path string
	all  []safetensors.Tensor
}

// Load reads the directions that are kept in a run folder; there may be none.
func Load(dir string) (*Set, error) {
	s := &Set{path: filepath.Join(dir, fileName)}
	f, err := safetensors.Read(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	for _, t := range f.Tensors {
		if _, ok := t.Values.([]float32); !ok || len(t.Shape) != 1 {
			return nil, fmt.Errorf("directions: %s has %s, which is no vector of float32", s.path, t.Name)
		}
	}
	s.all = f.Tensors
	return s, nil
}

// Names returns the directions' names, in order.
func (s *Set) Names() []string {
	var names []string
	for _, t := range s.all {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}

// Get returns a direction.
func (s *Set) Get(name string) ([]float32, error) {
	for _, t := range s.all {
		if t.Name == name {
			return t.Values.([]float32), nil
		}
	}
	if len(s.all) == 0 {
		return nil, fmt.Errorf("there is no direction %q: the run has none", name)
	}
	return nil, fmt.Errorf("there is no direction %q, but %s", name, strings.Join(s.Names(), ", "))
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// CheckName returns an error if a direction cannot have a name. The signs of sums are no part of names.
func CheckName(name string) error {
	if !nameForm.MatchString(name) || len(name) > 100 {
		return fmt.Errorf("directions: %q cannot be the name of a direction: use letters, digits, _ and ., a letter first", name)
	}
	return nil
}

// Put adds a direction, or replaces the one of that name.
func (s *Set) Put(name string, v []float32) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if slices.ContainsFunc(v, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }) {
		return fmt.Errorf("directions: %s has numbers that are not finite", name)
	}
	s.remove(name)
	s.all = append(s.all, safetensors.Tensor{Name: name, Shape: []int{len(v)}, Values: slices.Clone(v)})
	return nil
}

// Remove takes a direction out of the set.
func (s *Set) Remove(name string) error {
	if _, err := s.Get(name); err != nil {
		return err
	}
	s.remove(name)
	return nil
}

func (s *Set) remove(name string) {
	s.all = slices.DeleteFunc(s.all, func(t safetensors.Tensor) bool { return t.Name == name })
}

// Save writes the set into its run folder, whole or not at all.
func (s *Set) Save() error { return safetensors.Write(s.path, &safetensors.File{Tensors: s.all}) }
