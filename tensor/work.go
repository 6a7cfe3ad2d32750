package tensor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"genview/vk"
)

// A Kernel describes one dispatch of a program and its amount of work.
type Kernel struct {
	Ops    string  // the names of the ops that it computes
	Form   string  // the kind of kernel, and its tile if it has one
	Code   string  // the expressions that it computes from variables, inputs and values stored by other kernels: one per line
	Shapes [][]int // of the tensors that it writes
	FLOPs  float64 // each addition, multiplication, function and comparison counts as one
	Bytes  int     // each element that it reads or writes counts once
	Live   int     // the inputs, results and intermediate values that must be in memory while it runs

	Compiled []vk.Statistic // the statistics of the driver's compiler, if the driver has them and the device was opened with Profile
}

// Kernels lists the dispatches of a run in order. The caller must not change them.
func (p *Program) Kernels() []Kernel { return p.kernels }

// LeastBytes returns the bytes that any implementation of the graph must read and write: variables, inputs and constants once, results
// once.
func (p *Program) LeastBytes() int { return p.least }

// A Timing says when a kernel of the newest run began, on the device's clock, and how long it took. For a copy or a fill, the kernel has
// only Ops and Form.
type Timing struct {
	Kernel          Kernel
	Start, Duration time.Duration
}

// Profile makes the runs from the next one on time their kernels, or ends that: see [vk.Program.Profile].
func (p *Program) Profile(on bool) error { return p.prog.Profile(on) }

// Timings returns when each kernel of the newest run ran. The device must have been opened with Profile, or the program told to Profile before
// that run.
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

// describe returns the description of a launch.
func (c *compilation) describe(l launch) Kernel {
	w := c.Work(l.Launch)
	k := Kernel{Ops: l.Title(), Form: w.Form, FLOPs: w.FLOPs, Bytes: w.Bytes, Live: l.Live, Code: w.Code}
	for _, t := range l.Outs {
		k.Shapes = append(k.Shapes, t.Shape)
	}
	k.Compiled, _ = l.kernel.Statistics() // the statistics are for readers only: the program runs without them
	return k
}

// String lists the dispatches: the ops, the form of the kernel, and how much it reads and writes.
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
