package tensor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"genview/shaders/spirv"
	"genview/vk"
)

// settle tries the kernels made for lavapipe once. If the device computes wrong numbers with them or does not compile them, the runtime
// uses those for GPUs, which need fewer features: the lavapipe kernels were developed on Mesa's drivers of a few years. Any other error,
// such as a lack of memory, says nothing about the kernels. settle returns it, and the next call tries again. Otherwise a moment's lack
// of memory would choose the kernels, and so the last bits of all results.
func (rt *Runtime) settle() error {
	rt.settling.Lock()
	defer rt.settling.Unlock()
	if rt.settled {
		return nil
	}
	if rt.doubt && rt.target.CPU {
		switch err := rt.trial(rt); {
		case unfit(err):
			rt.target.CPU, rt.target.Lanes = false, 0
		case err != nil:
			return err
		}
	}
	if m := rt.target.Info.Matrices; m.M > 0 && !rt.target.CPU {
		trusted, err := rt.trusts(m)
		if err != nil {
			return err
		}
		if trusted {
			rt.target.Matrices = m
		}
	}
	rt.settled = true
	return nil
}

// unfit tells whether a trial's error says that the device cannot run the kernels that were tried.
func unfit(err error) bool { return errors.Is(err, ErrWrong) || vk.Unbuildable(err) }

// trusts tells whether the device multiplies matrices right, and faster than the tiled kernels. It tries this once for each version of
// the driver and of the kernels. Until a trial has succeeded, the recorded answer is that it multiplies wrong, because a faulty driver
// may end the process or lose the device during the trial.
func (rt *Runtime) trusts(m spirv.Matrices) (bool, error) {
	const name = "matrices"
	kernels := fingerprint(rt.target.Info)
	right, slow, wrong := "right "+kernels, "slow "+kernels, "wrong "+kernels
	before := rt.dev.Recall(name)
	if before == right || before == slow || before == wrong {
		return before == right, nil
	}
	rt.dev.Keep(name, wrong)
	fast, err := rt.tryMatrices(m)
	switch {
	case err == nil && fast:
		rt.dev.Keep(name, right)
	case err == nil:
		rt.dev.Keep(name, slow)
	case unfit(err):
		return false, nil
	case !errors.Is(err, vk.ErrDeviceLost): // it showed nothing
		rt.dev.Keep(name, before)
	}
	return fast, err
}

// timedMatrices is the size of the timed product: large enough to show a difference on any GPU. Tests lower it.
var timedMatrices = 1024

// tryMatrices checks products that use the device's matrix multiplication, and tells whether they are clearly faster than the tiled
// kernels. On some devices they are not, because the matrices do not fit into registers.
func (rt *Runtime) tryMatrices(m spirv.Matrices) (fast bool, err error) {
	defer func() { rt.target.Matrices = spirv.Matrices{} }()
	rt.target.Matrices = m
	for _, n := range [][3]int{{70, 40, 72}, {65, 39, 67}} {
		if err := rt.check(n[0], n[1], n[2], F16); err != nil {
			return false, err
		}
	}
	const turns = 7
	x := Iota(0, timedMatrices, timedMatrices).Cast(F32).Sin().Cast(F16)
	runs := make([]func() (time.Duration, error), 2)
	for i, m := range []spirv.Matrices{{}, m} {
		rt.target.Matrices = m
		c := newCompilation(rt, Outputs{Fetch: []*Tensor{x.MatMul(x).Max()}})
		c.tuning = nil
		p, err := c.finished()
		if err != nil {
			return false, err
		}
		defer p.Close()
		runs[i] = func() (time.Duration, error) {
			began := time.Now()
			if err := p.Run(context.Background(), nil); err != nil {
				return 0, err
			}
			err := p.Wait(context.Background())
			return time.Since(began), err
		}
		if _, err := runs[i](); err != nil { // the driver may still be compiling
			return false, err
		}
	}
	best, _, _, err := contest(turns, runs)
	return best == 1, err
}

// try checks lanes with shuffles, texel loads and wide stores, on whole numbers, which need no rounding.
func (rt *Runtime) try() error { return rt.check(37, 20, 72, F32) }

// check computes a product of operands of a type, and a sum, and compares them with the expected results.
func (rt *Runtime) check(m, k, n int, dt DType) error {
	x, y, want := make([]float32, m*k), make([]float32, k*n), make([]float32, m)
	for i := range x {
		x[i] = float32(i%7 - 3)
	}
	for i := range y {
		y[i] = float32(i%5 - 2)
	}
	for i := range m {
		for j := range n {
			sum := float32(0)
			for l := range k {
				sum += x[i*k+l] * y[l*n+j]
			}
			want[i] += sum * sum
		}
	}
	a, b := Const(x, m, k), Const(y, k, n)
	defer rt.forget(a, b)
	norm := a.Cast(dt).MatMul(b.Cast(dt)).Square().Sum(1)
	c := newCompilation(rt, Outputs{Fetch: []*Tensor{norm}})
	c.tuning = nil // kernels that are in doubt are not timed
	p, err := c.finished()
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Run(context.Background(), nil); err != nil {
		return err
	}
	got := make([]float32, m)
	if err := p.Fetch(norm, got); err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("tensor: %w: %s, products of %s", ErrWrong, rt.dev.Info().Name, dt)
	}
	return nil
}
