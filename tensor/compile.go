package tensor

import (
	"runtime"
	"sync"
	"sync/atomic"

	"genview/tensor/internal/compile"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/tensor/internal/lower"
	"genview/vk"
)

// A lowering converts tensors to nodes.
type lowering struct {
	*lower.Graph
	done   map[*Tensor]*ir.Node
	leaves map[*Tensor]*ir.Node
	of     map[*ir.Node]*Tensor // the tensor of each leaf
}

func newLowering(g *lower.Graph) *lowering {
	return &lowering{g, map[*Tensor]*ir.Node{}, map[*Tensor]*ir.Node{}, map[*ir.Node]*Tensor{}}
}

// lower returns the node that computes t on the target.
func (l *lowering) lower(t *Tensor) *ir.Node {
	if r, ok := l.done[t]; ok {
		return r
	}
	var r *ir.Node
	switch {
	case t.isLeaf():
		r = l.Add(l.leaf(t))
	case t.op.instead != nil:
		if x := t.op.instead(l.On, t.in); x != nil {
			r = l.lower(x)
			break
		}
		fallthrough
	default:
		in := make([]*ir.Node, len(t.in))
		for i, x := range t.in {
			in[i] = l.lower(x)
		}
		r = l.Apply(t.op.ir(), in)
	}
	l.done[t] = r
	return r
}

// leaf returns the node of a leaf, which need not be in the graph.
func (l *lowering) leaf(t *Tensor) *ir.Node {
	n := l.leaves[t]
	if n == nil {
		n = &ir.Node{Op: t.op.ir(), Label: t.label}
		if t.home != nil {
			n.Home, n.Whole = t.home, t.home.flat == t
		}
		l.leaves[t], l.of[n] = n, t
	}
	return n
}

// units returns the units that compute y on a target.
func units(on ir.Target, y *Tensor) *fuse.Fusion {
	g := lower.New(on)
	return fuse.Units(g, []*ir.Node{g.Whole(newLowering(g).lower(y))}, nil, nil)
}

// A compilation builds the program of a graph.
type compilation struct {
	*compile.Program
	rt      *Runtime
	tuning  *Tuning
	out     Outputs
	low     *lowering
	p       *Program
	inputs  map[*ir.Node]*vk.Buffer
	results *vk.Buffer
	rec     *vk.Recorder
}

func newCompilation(rt *Runtime, o Outputs) *compilation {
	c := &compilation{rt: rt, tuning: rt.tuning, out: o, p: &Program{rt: rt, results: map[*Tensor]result{}}, inputs: map[*ir.Node]*vk.Buffer{}}
	c.Program = compile.New(rt.target, compile.Options{Without: rt.without, Pick: func(class string, forms []string) int { return c.tuning.pick(class, forms) }})
	c.low = newLowering(c.Graph)
	return c
}

// program lowers the outputs, plans the program, and records it.
func (c *compilation) program() (*Program, error) {
	for _, t := range c.out.Fetch {
		c.Fetch(c.low.lower(t))
	}
	var vars []*ir.Node
	for _, u := range c.out.Update {
		vars = append(vars, c.low.leaf(u.Var))
	}
	c.WillUpdate(vars)
	for _, u := range c.out.Update {
		c.Update(c.low.lower(u.Var), c.low.lower(u.Value))
	}
	if err := c.Plan(); err != nil {
		return nil, err
	}
	if err := c.rt.affords(c.out, c.Scratch, c.Results); err != nil {
		return nil, err
	}
	c.tune()
	if err := c.allocate(); err != nil {
		return nil, err
	}
	if err := c.record(); err != nil {
		return nil, err
	}
	return c.p, nil
}

// allocate allocates the program's memory.
func (c *compilation) allocate() error {
	var err error
	if c.Scratch > 0 {
		if c.p.scratch, err = c.rt.borrow(c.Scratch); err != nil {
			return err
		}
		c.p.peak += c.Scratch
	}
	dev := c.rt.dev
	if c.Results > 0 {
		if c.results, err = c.buffer(dev.NewBuffer("results", c.Results)); err != nil {
			return err
		}
	}
	for _, t := range c.Graph.Order {
		if t.Kind != ir.Input {
			continue
		}
		s := feedSlot{input: c.low.of[t]}
		if s.dev, err = c.buffer(dev.NewBuffer(t.Label, ir.Aligned(t.Bytes()))); err != nil {
			return err
		}
		if s.dev.Bytes() == nil {
			if s.host, err = c.buffer(dev.NewHostBuffer(t.Label, s.dev.Size())); err != nil {
				return err
			}
		}
		c.p.feeds = append(c.p.feeds, s)
		c.inputs[t] = s.dev
	}
	return nil
}

// buffer makes a new buffer that the program owns.
func (c *compilation) buffer(b *vk.Buffer, err error) (*vk.Buffer, error) {
	if err == nil {
		c.p.own = append(c.p.own, b)
		c.p.peak += b.Size()
	}
	return b, err
}

// memory returns the memory of a stored node.
func (c *compilation) memory(t *ir.Node) (vk.View, error) {
	s, err := c.Spot(t)
	switch {
	case err != nil:
		return vk.View{}, err
	case s.In == compile.InResults:
		return c.results.Slice(s.At, s.At+t.InQuads()), nil
	case s.In == compile.InScratch:
		return c.p.scratch.Slice(s.At, s.At+t.InQuads()), nil
	case c.inputs[s.Leaf] != nil:
		return c.inputs[s.Leaf].Slice(0, t.InQuads()), nil
	}
	return c.rt.memory(c.low.of[s.Leaf])
}

// A launch is a dispatch with its kernel and the memory that it binds.
type launch struct {
	compile.Launch
	kernel *vk.Kernel
	views  []vk.View
}

// launches makes the kernels of all dispatches, on all cores in parallel. The caller closes them, also those that launches returns
// together with an error.
func (c *compilation) launches() ([]launch, error) {
	var all []launch
	for _, l := range c.Launches() {
		m := launch{Launch: l}
		for _, b := range l.Binds {
			v, err := c.memory(b.Of)
			if err != nil {
				return nil, err
			}
			m.views = append(m.views, v.Slice(b.Lo, b.Hi))
		}
		m.Module = l.Bound(m.views)
		all = append(all, m)
	}
	errs := make([]error, len(all))
	made := &maker{all: len(all), progress: c.rt.progress}
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(taken.Add(1)) - 1; i < len(all) && !made.ended(); i = int(taken.Add(1)) - 1 {
				all[i].kernel, errs[i] = c.rt.dev.NewKernel(all[i].Module, all[i].Constants()...)
				made.one()
			}
		})
	}
	workers.Wait()
	if made.err != nil {
		return all, made.err
	}
	for _, err := range errs {
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// maker counts the kernels of a program as they are made. It reports them to progress, which may end the compilation with an error.
type maker struct {
	all      int
	progress func(done, all int) error // nil: nobody is told

	mu   sync.Mutex
	done int
	err  error
}

func (m *maker) one() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done++
	if m.progress != nil && m.err == nil {
		m.err = m.progress(m.done, m.all)
	}
}

func (m *maker) ended() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err != nil
}

// record records the whole program.
func (c *compilation) record() error {
	launches, err := c.launches()
	defer func() { // the program owns the kernels from here on
		for _, l := range launches {
			l.kernel.Close()
		}
	}()
	if err != nil {
		return err
	}
	c.rec = c.rt.dev.NewRecorder()
	for _, s := range c.p.feeds {
		if s.host != nil {
			c.rec.Copy(s.dev.View(), s.host.View())
		}
	}
	zeroed := map[*ir.Node]bool{}
	for _, l := range launches {
		for _, t := range l.Outs {
			if p := c.PackOf(t); p != nil && !zeroed[p] {
				zeroed[p] = true
				if err := c.zeroGaps(p); err != nil {
					return err
				}
			}
		}
		c.rec.Label(l.Title())
		c.rec.Dispatch(l.kernel, l.Grid(), l.views...)
		c.p.kernels = append(c.p.kernels, c.describe(l))
	}
	c.p.least = c.LeastBytes()
	for _, up := range c.Updated {
		src := c.Graph.Base(up.Value)
		if c.InPlace[src] == up.Var {
			continue
		}
		from, err := c.memory(src)
		if err != nil {
			return err
		}
		to, err := c.memory(up.Var)
		if err != nil {
			return err
		}
		c.rec.Copy(to, from)
	}
	if err := c.recordResults(); err != nil {
		return err
	}
	c.p.prog, err = c.rec.Finish()
	return err
}

// zeroGaps clears the gaps between the parts of a pack, because other values used the memory before.
func (c *compilation) zeroGaps(p *ir.Node) error {
	all, err := c.memory(p)
	if err != nil {
		return err
	}
	for _, gap := range c.Gaps(p) {
		c.rec.Fill(all.Slice(gap[0], gap[1]), 0)
	}
	return nil
}

// recordResults makes the fetched values readable by the host.
func (c *compilation) recordResults() error {
	total := 0
	for i, t := range c.out.Fetch {
		v, err := c.memory(c.Graph.Base(c.Fetched[i]))
		if err != nil {
			return err
		}
		c.p.results[t] = result{view: v, dtype: t.op.DType, bytes: t.bytes()}
		if v.Buffer.Bytes() == nil {
			total += ir.Aligned(v.Len())
		}
	}
	if total == 0 {
		return nil
	}
	back, err := c.buffer(c.rt.dev.NewHostBuffer("results", total))
	if err != nil {
		return err
	}
	at := 0
	for _, t := range c.out.Fetch {
		r := c.p.results[t]
		if r.view.Buffer.Bytes() != nil || r.host.Buffer != nil {
			continue
		}
		r.host = back.Slice(at, at+r.view.Len())
		at += ir.Aligned(r.view.Len())
		c.rec.Copy(r.host, r.view)
		c.p.results[t] = r
	}
	return nil
}
