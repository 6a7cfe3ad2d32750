package tensor

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"genview/tensor/internal/codegen"
	"genview/vk"
	"genview/vk/vktest"
)

// TestPassingErrorsChooseNoWinner checks that no winner is kept if one of the kernels could not be tried because memory ran out.
func TestPassingErrorsChooseNoWinner(t *testing.T) {
	var made, fails atomic.Int64
	dev := vktest.OpenWith(t, vk.Options{Fail: func(call string) error {
		if call == "vkCreateComputePipelines" {
			if made.Add(1) == fails.Load() {
				return &vk.Error{Call: call, Result: -1} // VK_ERROR_OUT_OF_HOST_MEMORY
			}
		}
		return nil
	}})
	for _, failing := range []bool{false, true} {
		rt, err := NewRuntimeWith(dev, Options{Family: ForGPU, Tuning: NewTuning(dev.Info())})
		if err != nil {
			t.Fatal(err)
		}
		rt.mustSettle()
		rt.tuning.Allow(Effort{Time: time.Hour, Turns: 1})
		made.Store(0)
		n := 1024 // so large that there are several kernels with the same bits
		if failing {
			fails.Store(2) // the first call makes the rule's kernel
			n = 1088       // a size for which no kernels exist yet
		}
		x := Var("x", Full(1, n, n))
		p, err := rt.Compile(Outputs{Fetch: []*Tensor{x.MatMul(x)}})
		if err != nil {
			t.Fatal(err)
		}
		if kept := rt.tuning.Fresh(); kept == failing || made.Load() < 2 {
			t.Errorf("failing %t: a winner is kept: %t; %d kernels were made", failing, kept, made.Load())
		}
		p.Close()
		rt.Close()
	}
}

// products has products of all kinds: transposed, sliced, in batches, of odd sizes, of convolutions, and fused with other ops.
func products() map[string]*Tensor {
	rng := NewRNG("rng", 7)
	x := func(shape ...int) *Tensor { return Var("x", rng.Normal(shape...)) }
	image, weight := x(4, 8, 12, 12), x(32, 8, 3, 3)
	conv := image.Conv2d(weight, ConvOptions{Padding: []int{1}})
	return map[string]*Tensor{
		"plain":     x(70, 64).MatMul(x(64, 130)),
		"long":      x(40, 512).MatMul(x(512, 64)),
		"aT":        x(64, 72).T().MatMul(x(64, 65)),
		"bT":        x(33, 264).MatMul(x(96, 264).T()),
		"aT bT":     x(48, 36).T().MatMul(x(64, 48).T()),
		"odd":       x(37, 39).MatMul(x(39, 41)),
		"batch":     x(3, 2, 40, 32).MatMul(x(3, 2, 32, 40)),
		"broadcast": x(4, 40, 32).MatMul(x(1, 32, 24)),
		"sliced":    x(64, 200).Slice(1, 3, 67).MatMul(x(64, 64)),
		"fused":     x(64, 128).MatMul(x(128, 64)).Add(x(64)).GELU(),
		"conv":      conv,
		"weight":    Grad(conv.Square().Sum(), weight)[0],
		"transpose": x(2, 16, 6, 6).ConvTranspose2d(x(16, 12, 4, 4), ConvTransposeOptions{Stride: []int{2}, Padding: []int{1}}),
	}
}

// force returns a tuning in which every class of a program uses its nth kernel, or its last one. It also returns the forms of these
// kernels, and the largest number of kernels of a class.
func force(rt *Runtime, o Outputs, n int) (tuning *Tuning, forms []string, ways int, err error) {
	c := newCompilation(rt, o)
	p, err := c.program()
	if err != nil {
		return nil, nil, 0, err
	}
	defer p.Close()
	tuning = NewTuning(rt.dev.Info())
	for _, e := range c.entries() {
		form := e.Candidates[min(n, len(e.Candidates)-1)].Form
		tuning.made[e.Class] = form
		forms, ways = append(forms, form), max(ways, len(e.Candidates))
	}
	return tuning, forms, ways, nil
}

// TestEveryKernelGivesTheSameBits compares all kernels of all kinds of products, in both families, with the rule's kernel. Equal bits are
// the reason why a run may continue with another tuning.
func TestEveryKernelGivesTheSameBits(t *testing.T) {
	t.Parallel()
	dev := vktest.Open(t)
	for _, family := range []Family{ForDevice, ForGPU} {
		several := 0
		for name, y := range products() {
			if testing.Short() && name != "bT" && name != "conv" {
				continue
			}
			o := Outputs{Fetch: []*Tensor{y}}
			rt, err := NewRuntimeWith(dev, Options{Family: family})
			if err != nil {
				t.Fatal(err)
			}
			var want []uint32
			for n, ways := 0, 1; n < ways; n++ {
				var forms []string
				rt.tuning = nil
				rt.mustSettle()
				if rt.tuning, forms, ways, err = force(rt, o, n); err != nil {
					t.Fatal(err)
				}
				got, ran := computed(t, rt, y)
				for _, f := range forms {
					if !slices.ContainsFunc(ran, func(k Kernel) bool { return k.Form == f }) {
						t.Fatalf("%s, family %d: %s was to run, and %v did", name, family, f, ran)
					}
				}
				if n == 0 {
					want = got
				} else if several++; !slices.Equal(got, want) {
					t.Errorf("%s, family %d: %v gives other bits than the rule's kernel", name, family, forms)
				}
			}
			rt.Close()
		}
		if dev.Info().Lavapipe && family == ForDevice && several < 8 {
			t.Errorf("only %d kernels were compared", several)
		}
	}
}

// computed returns the bits of a tensor, and the kernels that ran.
func computed(t *testing.T, rt *Runtime, x *Tensor) ([]uint32, []Kernel) {
	t.Helper()
	p, err := rt.Compile(Outputs{Fetch: []*Tensor{x}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	v := make([]float32, x.Len())
	if err := errors.Join(p.Run(context.Background(), nil), p.Fetch(x, v)); err != nil {
		t.Fatal(err)
	}
	bits := make([]uint32, len(v))
	for i, x := range v {
		bits[i] = math.Float32bits(x)
	}
	return bits, p.Kernels()
}

// TestCompileTries checks that Compile finds the fastest kernels once for each class, and then keeps using them.
func TestCompileTries(t *testing.T) {
	dev := vktest.Open(t)
	if !dev.Info().Lavapipe {
		t.Skip("on lavapipe only: there must be several kernels")
	}
	rng := NewRNG("rng", 3)
	x, w, v := Var("x", rng.Normal(33, 64)), Var("w", rng.Normal(64, 64)), Var("v", rng.Normal(64, 64))
	y := x.MatMul(w).Add(x.MatMul(v)).Add(x.MatMul(v.T()).ReLU())
	plain := NewRuntime(dev)
	defer plain.Close()
	want, byRule := computed(t, plain, y)

	var trials []Trial
	tuning := NewTuning(dev.Info())
	tuning.Allow(Effort{Time: time.Hour, Turns: 1, Heard: func(trial Trial) { trials = append(trials, trial) }})
	rt, err := NewRuntimeWith(dev, Options{Tuning: tuning})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	got, ran := computed(t, rt, y)
	if !slices.Equal(got, want) {
		t.Error("a tuned program gives other bits")
	}
	if len(trials) != 2 || trials[0].Occurrences != 2 || trials[1].Occurrences != 1 {
		t.Fatalf("tried %+v, want a class of two products, and one of one", trials)
	}
	for _, trial := range trials {
		if trial.Batch != 1 || trial.M != 33 || trial.K != 64 || trial.N != 64 || len(trial.Candidates) < 4 {
			t.Errorf("tried %+v", trial)
		}
		for _, c := range trial.Candidates {
			if c.MS <= 0 || c.Excluded != "" {
				t.Errorf("%s was not timed: %s", c.Form, c.Excluded)
			}
		}
		if !slices.ContainsFunc(ran, func(k Kernel) bool { return k.Form == trial.Winner }) {
			t.Errorf("%s won, and %v ran", trial.Winner, ran)
		}
	}
	forms := func(all []Kernel) (f []string) {
		for _, k := range all {
			f = append(f, k.Form)
		}
		return f
	}
	if _, again := computed(t, rt, y); len(trials) != 2 || !slices.Equal(forms(again), forms(ran)) {
		t.Errorf("compiled again: %d trials, and %v became %v", len(trials), forms(ran), forms(again))
	}

	next := NewTuning(dev.Info()) // the tuning of the next process, which tries nothing
	if err := next.Load(tuning.Bytes()); err != nil {
		t.Fatal(err)
	}
	later, err := NewRuntimeWith(dev, Options{Tuning: next})
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if _, again := computed(t, later, y); !slices.Equal(forms(again), forms(ran)) {
		t.Errorf("with what was kept %v became %v", forms(ran), forms(again))
	}

	idle := NewTuning(dev.Info())
	still, err := NewRuntimeWith(dev, Options{Tuning: idle})
	if err != nil {
		t.Fatal(err)
	}
	defer still.Close()
	if _, again := computed(t, still, y); idle.Fresh() || !slices.Equal(forms(again), forms(byRule)) {
		t.Errorf("without leave to try, %v became %v", forms(byRule), forms(again))
	}
	if _, err := NewRuntimeWith(dev, Options{Tuning: NewTuning(aDevice)}); err == nil || !strings.Contains(err.Error(), "a device") {
		t.Errorf("a tuning of another device gives the error %v", err)
	}
}

// TestOnlyEqualKernelsContend adds kernels that omit four terms, or that no device can make, to the candidates.
func TestOnlyEqualKernelsContend(t *testing.T) {
	dev := vktest.Open(t)
	if !dev.Info().Lavapipe {
		t.Skip("on lavapipe only: there must be several kernels")
	}
	rt := NewRuntime(dev)
	defer rt.Close()
	c := newCompilation(rt, Outputs{Fetch: []*Tensor{Var("x", Full(1, 32, 64)).MatMul(Var("y", Full(1, 64, 64)))}})
	p, err := c.program()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	e := c.entries()[0]
	change := func(v codegen.Variant, form string, id int, to uint32) codegen.Variant {
		return codegen.Variant{Form: form, Generate: func() codegen.Generated {
			g := v.Generate()
			g.Consts[id].Value = to
			return g
		}}
	}
	real := e.ways
	e.ways = func() []codegen.Variant {
		return []codegen.Variant{real()[0], change(real()[0], "short", 3, 60), change(real()[0], "wide", 8, 1<<20), real()[1]}
	}
	e.Candidates = nil
	for _, v := range e.ways() {
		e.Candidates = append(e.Candidates, Candidate{Form: v.Form})
	}
	c.try(e, Effort{Time: time.Hour, Turns: 1})
	for i, want := range []string{"", "other bits", "workgroup", ""} {
		if got := e.Candidates[i]; (got.Excluded == "") != (want == "") || !strings.Contains(got.Excluded, want) || (got.MS > 0) != (want == "") {
			t.Errorf("%+v, want it excluded for %q", got, want)
		}
	}
	if e.Winner != e.Candidates[0].Form && e.Winner != e.Candidates[3].Form {
		t.Errorf("the winner is %q", e.Winner)
	}
	e.Winner = ""
	if c.try(e, Effort{Time: time.Nanosecond, Turns: 1}); e.Winner != "" {
		t.Errorf("in no time at all %s won", e.Winner)
	}
}
