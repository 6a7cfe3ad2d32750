package train

import (
	"context"
	"errors"

	"genview/models/inspect"
	"genview/models/watch"
	"genview/tensor"
)

// once makes the next step time its kernels.
func (i *inspecting) once() error {
	programs := i.programs()
	i.before = make(map[*tensor.Program]int, len(programs))
	for _, p := range programs {
		i.before[p] = p.Runs()
		if err := p.Profile(true); err != nil {
			return errors.Join(err, i.untime())
		}
	}
	return nil
}

// took waits for the step since once, and returns what its kernels took, the slowest first.
func (i *inspecting) took() ([]watch.Kernel, error) {
	var ran []*tensor.Program
	for _, p := range i.programs() {
		if p.Runs() != i.before[p] {
			ran = append(ran, p)
		}
	}
	step, err := inspect.Timings(ran)
	if err = errors.Join(err, i.untime()); err != nil {
		return nil, err
	}
	profile := inspect.Profile{}
	profile.Add(step)
	return profile.Kernels(), nil
}

// untime makes further steps time nothing, unless somebody who looks into the model asked for that.
func (i *inspecting) untime() (err error) {
	if i.timed {
		return nil
	}
	for _, p := range i.programs() {
		err = errors.Join(err, p.Profile(false))
	}
	return err
}

// step makes the step after the one given. It times its kernels if they are wanted, but not those of the first step, which compiles.
func (l *loop) step(ctx context.Context, after int) error {
	if l.WantKernels == nil || after == l.from || !l.WantKernels() {
		return l.model.Step(ctx)
	}
	if err := l.inspecting.once(); err != nil {
		l.untimed(err)
		return l.model.Step(ctx)
	}
	if err := l.model.Step(ctx); err != nil {
		return errors.Join(err, l.inspecting.untime())
	}
	kernels, err := l.inspecting.took()
	if err != nil {
		l.untimed(err)
		return nil
	}
	l.OnKernels(kernels)
	return nil
}

// untimed ends the timing of kernels, and says why. A lost device is told by the next step.
func (l *loop) untimed(err error) {
	if errors.Is(err, tensor.ErrDeviceLost) {
		return
	}
	l.WantKernels = nil
	l.run.notice("the kernels are not timed any more: %v; training goes on", err)
}
