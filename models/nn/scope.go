package nn

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"genview/tensor"
)

// Named is a tensor and its name in a checkpoint. It is an alias so that optim's, which is the same, needs no conversion.
type Named = struct {
	Name   string
	Tensor *tensor.Tensor
}

// A Scope makes and registers the variables of a network under a path. Scopes of one network share the register; they are for one
// goroutine.
type Scope struct {
	path string
	net  *network
}

// network is shared by all scopes of a network.
type network struct {
	seed    uint64
	entries []entry
	names   map[string]bool // of the entries
}

type entry struct {
	Named
	buffer bool
}

// NewScope returns the root scope of a new network. Equal seeds give equal initial values.
func NewScope(seed uint64) *Scope { return &Scope{net: &network{seed: seed, names: map[string]bool{}}} }

// Sub returns the scope of a part of the network.
func (s *Scope) Sub(name string) *Scope { return &Scope{path: s.join(name), net: s.net} }

// Path returns the prefix of the names of the scope's variables; "" for the root.
func (s *Scope) Path() string { return s.path }

// Var makes a trainable variable of this shape. It panics if the scope already has that name.
func (s *Scope) Var(name string, init Init, shape ...int) *tensor.Tensor {
	return s.add(name, init, shape, false)
}

// Buffer makes a variable that checkpoints hold but training does not change, such as a running mean.
func (s *Scope) Buffer(name string, init Init, shape ...int) *tensor.Tensor {
	return s.add(name, init, shape, true)
}

// add makes and registers a variable. Its first value depends on the seed and its path alone, so another layer does not change it.
func (s *Scope) add(name string, init Init, shape []int, buffer bool) *tensor.Tensor {
	path := s.join(name)
	if s.net.names[path] {
		panic(fmt.Sprintf("nn: two variables are named %q", path))
	}
	s.net.names[path] = true
	h := fnv.New64a()
	h.Write([]byte(path))
	seed, stream := s.net.seed, h.Sum64()
	first := tensor.ConstFunc(func(values []float32) { init(rand.New(rand.NewPCG(seed, stream)), values) }, shape...)
	v := tensor.Var(path, first)
	s.net.entries = append(s.net.entries, entry{Named{Name: path, Tensor: v}, buffer})
	return v
}

func (s *Scope) join(name string) string {
	if s.path == "" {
		return name
	}
	return s.path + "." + name
}

func (s *Scope) holds(path string) bool { return s.path == "" || strings.HasPrefix(path, s.path+".") }

// Vars returns the trainable variables of this scope and its subscopes, in order of creation.
func (s *Scope) Vars() []*tensor.Tensor { return s.tensors(false) }

// Buffers returns the other variables of this scope and its subscopes, in order of creation.
func (s *Scope) Buffers() []*tensor.Tensor { return s.tensors(true) }

func (s *Scope) tensors(buffers bool) []*tensor.Tensor {
	var ts []*tensor.Tensor
	for _, e := range s.net.entries {
		if e.buffer == buffers && s.holds(e.Name) {
			ts = append(ts, e.Tensor)
		}
	}
	return ts
}

// Parameters returns the number of trainable parameters in this scope and its subscopes.
func (s *Scope) Parameters() int {
	n := 0
	for _, v := range s.Vars() {
		n += v.Len()
	}
	return n
}

// Under adds a prefix to the names of tensors.
func Under(prefix string, all []Named) []Named {
	var out []Named
	for _, n := range all {
		out = append(out, Named{Name: prefix + n.Name, Tensor: n.Tensor})
	}
	return out
}

// Named returns all variables of this scope and its subscopes with their full paths, in order of creation.
func (s *Scope) Named() []Named {
	var all []Named
	for _, e := range s.net.entries {
		if s.holds(e.Name) {
			all = append(all, e.Named)
		}
	}
	return all
}
