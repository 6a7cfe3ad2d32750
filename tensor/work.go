package tensor

import (
	"context"
	"slices"
	"strings"
	"time"

	"genview/vk"
)

// A Kernel is one dispatch of a program, and how much it has to do.
type Kernel struct {
	Ops    string  // what it computes: the names of the ops
	Form   string  // how: which kernel, with its tile where it has one
	Code   string  // what it computes, as expressions of variables, inputs and what other kernels have stored: a line each
	Shapes [][]int // of what it writes
	FLOPs  float64 // additions, multiplications, functions and comparisons, each as one
	Bytes  int     // read and written, each element once
	Live   int     // bytes of all inputs, results and values between them that have to be in memory while it runs

	Compiled []vk.Statistic // what the driver's compiler says of it, if it does and the device was opened with Profile
}

// Kernels lists the dispatches of a run, in their order. The caller must not change them.
func (p *Program) Kernels() []Kernel { return p.kernels }

// LeastBytes is what any way to run the graph has to read and write: variables, inputs and constants once, results once.
func (p *Program) LeastBytes() int { return p.least }

// A Timing is when a kernel of the newest run began, on the device's clock, and how long it took. Of a copy or a fill, the kernel has
// Ops and Form only.
type Timing struct {
	Kernel          Kernel
	Start, Duration time.Duration
}

// Timings returns when each kernel of the newest run ran; the device must have been opened with Profile.
func (p *Program) Timings() ([]Timing, error) {
	if err := p.wait(context.Background()); err != nil {
		return nil, err
	}
	commands, err := p.prog.Timings()
	if err != nil {
		return nil, err
	}
	var out []Timing
	kernels := p.kernels
	for _, c := range commands {
		t := Timing{Kernel{Ops: c.Label, Form: strings.ToLower(c.Label)}, c.Start, c.Duration}
		if c.Kernel != "" {
			t.Kernel, kernels = kernels[0], kernels[1:]
		}
		out = append(out, t)
	}
	return out, nil
}

// describe says what a launch does.
func (c *compilation) describe(l launch) Kernel {
	k := Kernel{Ops: l.title(), Form: l.generated.form, FLOPs: l.flops, Live: l.live, Code: c.code(l.unit)}
	if k.Form == "" {
		k.Form = l.unit.form()
	}
	reads, flops := c.work(l.unit)
	k.FLOPs += flops
	for t, n := range reads {
		k.Bytes += t.op.DType.Bytes(n)
	}
	for _, t := range l.outs {
		k.Shapes = append(k.Shapes, t.op.Shape)
		k.Bytes += t.bytes()
	}
	k.Compiled, _ = l.kernel.Statistics() // they are for readers: without them the program runs all the same
	return k
}

// form names the kind of a unit whose generator does not say.
func (u *unit) form() string {
	switch {
	case u.node == nil:
		return "elementwise"
	case u.node.op.Reduce == nil:
		return u.node.op.Name
	case u.node.op.Shape[1] > 1:
		return "columns"
	}
	return "rows"
}

// work returns how many elements a unit reads of each stored tensor, and what its elementwise nodes and its reduction compute.
func (c *compilation) work(u *unit) (reads map[*Tensor]int, flops float64) {
	reads = map[*Tensor]int{}
	own, seen := map[*Tensor]bool{u.node: true}, map[*Tensor]bool{}
	for _, t := range slices.Concat(u.more, u.elems) {
		own[t] = true
	}
	reduces := u.reductions() != nil
	var visit func(t *Tensor)
	visit = func(t *Tensor) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch {
		case t.op.Reduce != nil && reduces:
			flops += float64(t.in[0].Len())
		case t.isElementwise() && len(t.in) > 0:
			flops += float64(t.Len())
		}
		for i, x := range t.in {
			p := c.low.where[x]
			switch b := p.base; {
			case own[b] || reduces && !u.stops[b] && !c.fused.stored[b]:
				visit(b)
			case inlined(b) && !c.fused.stored[b]:
			case t.op.Table && i == 0:
				reads[b] = min(reads[b]+t.Len(), b.Len())
			default:
				reads[b] = min(reads[b]+p.view.Reach(), b.Len())
			}
		}
	}
	if u.node != nil {
		visit(u.node)
	}
	for _, t := range slices.Concat(u.more, u.elems) {
		visit(t)
	}
	return reads, flops
}

// leastBytes counts what units read of leaves and write of results.
func (c *compilation) leastBytes() int {
	least := map[*Tensor]int{}
	for _, u := range c.fused.units {
		if u.node != nil && u.node.op.Pack != nil {
			continue
		}
		reads, _ := c.work(u)
		for t, n := range reads {
			if t.isLeaf() {
				least[t] = max(least[t], n)
			}
		}
	}
	sum := 0
	written := map[*Tensor]bool{}
	for _, t := range append(c.fetch[:len(c.fetch):len(c.fetch)], c.values...) {
		if b := c.base(t); !b.isLeaf() && !written[b] {
			written[b] = true
			sum += b.bytes()
		}
	}
	for t, n := range least {
		sum += t.op.DType.Bytes(n)
	}
	return sum
}
