package tensor

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"genview/vk"
)

// A Program is a compiled graph: one submission computes all of its outputs. It is for one goroutine.
type Program struct {
	rt      *Runtime
	prog    *vk.Program
	scratch *scratch // nil if the program needs none
	own     []*vk.Buffer
	feeds   []feedSlot
	results map[*Tensor]result
	ticket  vk.Ticket
	running bool
	closed  bool
	runs    int // that were begun
	peak    int
	kernels []Kernel
	least   int
}

type feedSlot struct {
	input *Tensor
	dev   *vk.Buffer
	host  *vk.Buffer // nil where dev is mapped
}

type result struct {
	view  vk.View
	host  vk.View // a copy of the result, where device memory is not mapped
	dtype DType
	bytes int
}

// Peak returns the memory that the program takes, in bytes: its inputs, its results and its intermediate values, whose memory it shares
// with the runtime's other programs. Variables and constants belong to the runtime and are not counted.
func (p *Program) Peak() int { return p.peak }

// Dispatches returns the number of kernels that a run launches.
func (p *Program) Dispatches() int { n, _ := p.prog.Stats(); return n }

// Runs returns how often the program was run: that tells whether its newest Timings are new.
func (p *Program) Runs() int { return p.runs }

// Steps lists the commands of a run: the dispatches of Kernels in their order, with copies and fills between them.
func (p *Program) Steps() iter.Seq[vk.Step] { return p.prog.Steps() }

// Run copies the feed to the device and submits the program. It waits for the previous run, and does not wait for this one.
func (p *Program) Run(ctx context.Context, f Feed) error {
	if p.closed {
		return errors.New("tensor: Run: the program is closed")
	}
	if err := p.wait(ctx); err != nil {
		return err
	}
	for _, s := range p.feeds {
		values, ok := f[s.input]
		if !ok {
			return fmt.Errorf("tensor: Run: the input %s was not fed", s.input)
		}
		b := s.dev
		if s.host != nil {
			b = s.host
		}
		if err := put(b.Bytes()[:s.input.bytes()], s.input.op.DType, values); err != nil {
			return fmt.Errorf("tensor: Run: input %s: %w", s.input, err)
		}
	}
	t, err := p.prog.Submit()
	if err != nil {
		return err
	}
	p.ticket, p.running, p.runs = t, true, p.runs+1
	return nil
}

// Warm has the driver compile the programs' kernels to machine code, which it would otherwise do in their first run. It returns when that
// is done or when ctx ends, which is no error. Meanwhile another goroutine may prepare the first feed. The programs are of one runtime.
// Warm reports each kernel to its [Options.Progress]; an error that Progress returns ends Warm.
func Warm(ctx context.Context, programs ...*Program) error {
	if len(programs) == 0 {
		return nil
	}
	var all []*vk.Program
	for _, p := range programs {
		all = append(all, p.prog)
	}
	progress := programs[0].rt.progress
	if progress == nil {
		return vk.Warm(ctx, nil, all...)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var ended error
	err := vk.Warm(ctx, func(done, all int) {
		if ended = progress(done, all); ended != nil {
			stop()
		}
	}, all...)
	return errors.Join(err, ended)
}

// Wait returns when the newest run has ended.
func (p *Program) Wait(ctx context.Context) error { return p.wait(ctx) }

// wait waits until the newest run has ended, if one is running.
func (p *Program) wait(ctx context.Context) error {
	if !p.running {
		return nil
	}
	if err := p.ticket.Wait(ctx); err != nil {
		return err
	}
	p.running = false
	return nil
}

// Fetch waits for the newest run and copies x, one of the program's outputs, to dst: a []float32, []int32 or []bool of x's length. F16
// and BF16 are read as float32. The value of a variable is the one from before that run.
func (p *Program) Fetch(x *Tensor, dst any) error {
	r, ok := p.results[x]
	if !ok {
		return fmt.Errorf("tensor: Fetch %s: it is not among the program's outputs", x)
	}
	if err := p.wait(context.Background()); err != nil {
		return err
	}
	if b := p.bytes(r); b != nil {
		if err := take(dst, r.dtype, b); err != nil {
			return fmt.Errorf("tensor: Fetch %s: %w", x, err)
		}
		return nil
	}
	return fmt.Errorf("tensor: Fetch %s: its memory is not mapped", x)
}

// Float fetches a tensor of one element.
func (p *Program) Float(x *Tensor) (float64, error) {
	var v [1]float32
	err := p.Fetch(x, v[:])
	return float64(v[0]), err
}

// bytes returns a result in memory that the host can read, or nil if it must be copied first.
func (p *Program) bytes(r result) []byte {
	v := r.view
	if r.host.Buffer != nil {
		v = r.host
	}
	b := v.Buffer.Bytes()
	if b == nil {
		return nil
	}
	return b[v.Lo : v.Lo+r.bytes]
}

func (p *Program) fetch(x *Tensor, dst []byte) error {
	if err := p.wait(context.Background()); err != nil {
		return err
	}
	copy(dst, p.bytes(p.results[x]))
	return nil
}

// Close waits for the newest run and frees the program's memory.
func (p *Program) Close() {
	p.closed = true
	_ = p.wait(context.Background()) // an error means that the device is lost: then there is no run to wait for
	if p.prog != nil {
		p.prog.Close()
	}
	for _, b := range p.own {
		b.Close()
	}
	p.own = nil
	p.rt.giveBack(p.scratch)
	p.scratch = nil
}

// Compile turns a graph into a program: it lowers and fuses the nodes, plans memory by lifetimes and records every dispatch. If the graph
// has a poisoned tensor, Compile returns the first error.
func (rt *Runtime) Compile(o Outputs) (*Program, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := rt.affords(o, 0, 0); err != nil { // before the passes walk through a large graph
		return nil, err
	}
	if err := rt.settle(); err != nil {
		return nil, err
	}
	return newCompilation(rt, o).finished()
}

// finished returns the program. On an error it frees everything that the program had allocated.
func (c *compilation) finished() (*Program, error) {
	p, err := c.program()
	if err != nil {
		c.p.Close()
		return nil, err
	}
	return p, nil
}
