package script

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"genview/models/family"
	"genview/models/film"
	"genview/models/run"

	"go.starlark.net/starlark"
)

// A Session is a run that a script has opened.
type Session = run.Session

// host is what a script's functions work with. It is for one goroutine at a time.
type host struct {
	ctx   context.Context // of what runs now
	o     Options
	open  map[string]*opened
	last  *model          // the one that was opened last
	asked map[string]bool // parameters that the script reads

	printed int          // bytes that what runs now has printed
	since   atomic.Int64 // Unix nanoseconds since which the script itself computes; 0: the host does
}

// opened is a session, with the step of the weights that it has now.
type opened struct {
	*Session
	dir    string
	keys   []int // steps of which there are weights
	rewind func(step int) error
	newest int
	loaded int
}

func newHost(o Options) *host {
	if o.Steps == 0 {
		o.Steps = usualSteps
	}
	if o.Memory == 0 {
		o.Memory = usualMemory
	}
	if o.Time == 0 {
		o.Time = usualTime
	}
	if o.Write == nil {
		o.Write = film.Write
	}
	return &host{o: o, open: map[string]*opened{}, asked: map[string]bool{}}
}

// close closes what the script opened, once.
func (h *host) close() error {
	var errs []error
	for _, s := range h.open {
		errs = append(errs, s.Close())
	}
	h.open = nil
	return errors.Join(errs...)
}

func (h *host) print(text string) {
	if h.o.Print != nil {
		h.o.Print(text)
	}
}

func (h *host) count(unit string) func(done, of int) {
	return func(done, of int) {
		if h.o.Count != nil {
			h.o.Count(unit, done, of)
		}
	}
}

// A model is a run in a script, with the weights of one step.
type model struct {
	h    *host
	s    *opened
	step int
}

func callModel(h *host, _ *starlark.Thread, name string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	dir := ""
	if err := starlark.UnpackArgs(name, args, kwargs, "run?", &dir); err != nil {
		return nil, err
	}
	if dir == "" {
		dir = h.o.Run
	}
	if dir == "" {
		return nil, errors.New(`model: no run was given with the script: give one, or write model("runs/letters")`)
	}
	s := h.open[dir]
	if s == nil {
		made, err := h.o.Open(h.ctx, dir)
		if err != nil {
			return nil, err
		}
		keys, err := made.Keys()
		if err != nil { // without a recording there is only what it was opened with
			keys = []int{made.Step}
		}
		s = &opened{keys: keys, Session: made, dir: dir, rewind: made.Rewinder(), newest: made.Step, loaded: made.Step}
		h.open[dir] = s
	}
	h.last = &model{h, s, s.newest}
	return h.last, nil
}

// load gives the session the weights of the model's step.
func (m *model) load() error {
	if m.s.loaded == m.step {
		return nil
	}
	if err := m.s.rewind(m.step); err != nil {
		return err
	}
	m.s.loaded = m.step
	return nil
}

// String, Type, Freeze, Truth, Hash, Attr and AttrNames make a model a value of Starlark.
func (m *model) String() string        { return fmt.Sprintf("model(%q, step %d)", m.s.dir, m.step) }
func (m *model) Type() string          { return "model" }
func (m *model) Freeze()               {}
func (m *model) Truth() starlark.Bool  { return true }
func (m *model) Hash() (uint32, error) { return 0, errors.New("a model cannot be a key") }
func (m *model) AttrNames() []string   { return methodNames("model") }

func methodNames(kind string) []string {
	var names []string
	for _, f := range Methods[kind] {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// Attr returns a property or a method.
func (m *model) Attr(name string) (starlark.Value, error) {
	switch name {
	case "step":
		return starlark.MakeInt(m.step), nil
	case "z", "shape":
		d, err := run.As[family.Decoder](m.s.Session)
		if err != nil {
			return nil, err
		}
		if name == "z" {
			return starlark.MakeInt(d.Z()), nil
		}
		c, h, w := d.Shape()
		return starlark.Tuple{starlark.MakeInt(c), starlark.MakeInt(h), starlark.MakeInt(w)}, nil
	case "layers":
		d, err := run.As[family.Opened](m.s.Session)
		if err != nil {
			return nil, err
		}
		var names []starlark.Value
		for _, l := range d.Layers() {
			names = append(names, starlark.String(l))
		}
		return starlark.NewList(names), nil
	}
	return method(m.h, "model", name, m)
}

// method returns a method of a value of the host; nil: there is none. It notes that the host computes meanwhile; h may be nil.
func method(h *host, kind, name string, of starlark.Value) (starlark.Value, error) {
	for _, f := range Methods[kind] {
		if f.Name == name && f.method != nil {
			return starlark.NewBuiltin(kind+"."+name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
				if h != nil {
					h.computes(false)
					defer h.computes(true)
				}
				return f.method(of, b.Name(), args, kwargs)
			}), nil
		}
	}
	return nil, nil
}
