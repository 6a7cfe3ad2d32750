package tensor

import (
	"context"
	"fmt"
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
	w := c.Work(l.Launch)
	k := Kernel{Ops: l.Title(), Form: w.Form, FLOPs: w.FLOPs, Bytes: w.Bytes, Live: l.Live, Code: w.Code}
	for _, t := range l.Outs {
		k.Shapes = append(k.Shapes, t.Shape)
	}
	k.Compiled, _ = l.kernel.Statistics() // they are for readers: without them the program runs all the same
	return k
}

// String lists the dispatches: what each computes, how, and how much it reads and writes.
func (p *Program) String() string {
	dispatches, barriers := p.prog.Stats()
	var flops float64
	var bytes int
	var lines strings.Builder
	for _, k := range p.kernels {
		flops, bytes = flops+k.FLOPs, bytes+k.Bytes
		fmt.Fprintf(&lines, "\n%s", k)
	}
	return fmt.Sprintf("%d dispatches, %d barriers, %d bytes of memory, %.0f FLOPs, %d bytes read and written%s",
		dispatches, barriers, p.peak, flops, bytes, lines.String())
}

func (k Kernel) String() string {
	var shapes strings.Builder
	for _, s := range k.Shapes {
		shapes.WriteString(" " + dims(s))
	}
	return fmt.Sprintf("%s%s: %s, %.0f FLOPs, %d bytes, %d live\n\t%s", k.Ops, shapes.String(), k.Form, k.FLOPs, k.Bytes, k.Live,
		strings.ReplaceAll(k.Code, "\n", "\n\t"))
}
