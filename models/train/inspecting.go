package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"genview/models/inspect"
	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// inspecting looks into a model while somebody asks for it.
type inspecting struct {
	rt        *tensor.Runtime
	model     any
	inspector *inspect.Inspector      // nil: nobody looks
	timed     bool                    // the kernels of steps are timed
	runs      map[*tensor.Program]int // of the programs of a step, at the last look
	before    map[*tensor.Program]int // the same, before the step that once times
	profile   inspect.Profile
}

const profiled = 32 // steps whose kernels count

// ask begins to look into the model as somebody asks for it, or ends that.
func (i *inspecting) ask(r watch.Inspect) error {
	m, ok := i.model.(interface{ State() []nn.Named })
	if !ok {
		return nil
	}
	if err := i.time(r.On && r.Kernels); err != nil {
		return err
	}
	if !r.On {
		i.close()
		return nil
	}
	if i.inspector == nil {
		in, err := inspect.New(i.rt, m.State(), inspect.TraceOf(i.model))
		if err != nil {
			return err
		}
		i.inspector = in
	}
	i.inspector.Choose(r.Layer)
	return nil
}

// time begins to time the kernels of steps, or ends that.
func (i *inspecting) time(on bool) error {
	if on == i.timed {
		return nil
	}
	for _, p := range i.programs() {
		if err := p.Profile(on); err != nil {
			return err
		}
	}
	i.timed, i.profile, i.runs = on, inspect.Profile{Most: profiled}, map[*tensor.Program]int{}
	i.ran() // runs that began before kernels were timed have no times
	return nil
}

// programs returns those of a step.
func (i *inspecting) programs() []*tensor.Program {
	if m, ok := i.model.(interface{ Programs() []*tensor.Program }); ok {
		return m.Programs()
	}
	return nil
}

// ran returns the programs of a step that ran since the last call: a paused training may make one part of a step alone.
func (i *inspecting) ran() (programs []*tensor.Program) {
	for _, p := range i.programs() {
		if n := p.Runs(); n != i.runs[p] {
			i.runs[p] = n
			programs = append(programs, p)
		}
	}
	return programs
}

// look appends what the model is made of after a step to its views, if somebody looks. If the model cannot be looked into, s says so, and nobody
// looks until somebody asks again.
func (i *inspecting) look(ctx context.Context, s *watch.Snapshot, step int, views []watch.View) ([]watch.View, error) {
	if i.inspector == nil {
		return views, nil
	}
	v, err := i.inspector.Look(ctx, step)
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, tensor.ErrDeviceLost)):
		return nil, err
	case err != nil:
		i.close()
		s.Views, s.Message = without(s.Views), fmt.Sprintf("the model cannot be looked into: %v", err)
		return views, nil
	}
	if i.timed {
		if ran := i.ran(); len(ran) > 0 {
			if times, err := inspect.Timings(ran); err == nil {
				i.profile.Add(times)
			}
		}
		v.Kernels = i.profile.Kernels()
	}
	return append(views, v), nil
}

// close ends all looking.
func (i *inspecting) close() {
	_ = i.time(false) // fails if the programs are closed, which are not timed either
	if i.inspector != nil {
		i.inspector.Close()
		i.inspector = nil
	}
}

// without returns views without that of what a model is made of.
func without(views []watch.View) []watch.View {
	return slices.DeleteFunc(slices.Clone(views), func(v watch.View) bool { return v.Title() == inspect.Name })
}
