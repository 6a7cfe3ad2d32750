package tensor

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"genview/vk"
)

// A Program is a compiled graph: one submission that computes what it was compiled for. It is for one goroutine.
type Program struct {
	rt      *Runtime
	prog    *vk.Program
	scratch *scratch // nil if nothing lies in it
	own     []*vk.Buffer
	feeds   []feedSlot
	results map[*Tensor]result
	ticket  vk.Ticket
	running bool
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
	host  vk.View // a copy, where device memory is not mapped
	dtype DType
	bytes int
}

// Peak is the memory that the program takes, in bytes: its inputs, its results and, shared with the runtime's other programs, the
// values between them. Variables and constants are not the program's.
func (p *Program) Peak() int { return p.peak }

// Dispatches is the number of kernels a run launches.
func (p *Program) Dispatches() int { n, _ := p.prog.Stats(); return n }

// Steps lists what a run asks the device to do: the dispatches of Kernels in their order, with copies and fills between them.
func (p *Program) Steps() iter.Seq[vk.Step] { return p.prog.Steps() }

// Run copies the feed to the device and submits the program. It waits for the run before, not for this one.
func (p *Program) Run(ctx context.Context, f Feed) error {
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
	p.ticket, p.running = t, true
	return nil
}

// Warm lets the driver make the machine code of the program's kernels, where it would do so in the first run, until it is done or ctx
// ends, which is no error: meanwhile another goroutine may read what the first run is fed with. [Options.Progress] hears of each
// kernel; an error of it ends Warm.
func (p *Program) Warm(ctx context.Context) error {
	if p.rt.progress == nil {
		return p.prog.Warm(ctx, nil)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var ended error
	err := p.prog.Warm(ctx, func(done, all int) {
		if ended = p.rt.progress(done, all); ended != nil {
			stop()
		}
	})
	return errors.Join(err, ended)
}

// Wait returns when the newest run has ended.
func (p *Program) Wait(ctx context.Context) error { return p.wait(ctx) }

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

// Fetch waits for the newest run and copies x, one of the program's outputs, to dst: a []float32, []int32 or []bool of x's length.
// F16 and BF16 are read as float32. A variable is what it was before that run.
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
	_ = p.wait(context.Background()) // a lost device has nothing left to wait for
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

// Compile turns a graph into a program: it lowers and fuses the nodes, plans memory by lifetimes and records every dispatch. The
// first wrong shape of the graph is its error.
func (rt *Runtime) Compile(o Outputs) (*Program, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := rt.affords(o, 0, 0); err != nil { // before a large graph is gone through
		return nil, err
	}
	if err := rt.settle(); err != nil {
		return nil, err
	}
	return newCompilation(rt, o).finished()
}

// finished is the program, or an error after which nothing of it is left.
func (c *compilation) finished() (*Program, error) {
	p, err := c.program()
	if err != nil {
		c.p.Close()
		return nil, err
	}
	return p, nil
}
