package tensor

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"genview/tensor/internal/ir"
	"genview/vk"
)

// A compilation carries one graph through the passes.
type compilation struct {
	rt      *Runtime
	tuning  *Tuning
	out     Outputs
	low     *lowering
	fused   *fusion
	fetch   []*Tensor // lowered
	values  []*Tensor // of updates, lowered
	inPlace map[*Tensor]*Tensor
	spans   map[*Tensor]*span   // of values in the runtime's scratch memory
	kept    map[*Tensor]int     // where results lie in a buffer of their own
	inPack  map[*Tensor]*Tensor // packs, and what lies in one
	p       *Program
	inputs  map[*Tensor]*vk.Buffer
	results *vk.Buffer
	rec     *vk.Recorder
	names   map[*Tensor]string // of stored tensors, in listings
}

func newCompilation(rt *Runtime, o Outputs) *compilation {
	return &compilation{
		rt: rt, tuning: rt.tuning, out: o, low: newLowering(rt.target), inPlace: map[*Tensor]*Tensor{},
		spans: map[*Tensor]*span{}, kept: map[*Tensor]int{}, inPack: map[*Tensor]*Tensor{},
		p: &Program{rt: rt, results: map[*Tensor]result{}}, inputs: map[*Tensor]*vk.Buffer{}, names: map[*Tensor]string{},
	}
}

func (c *compilation) program() (*Program, error) {
	var roots []*Tensor
	for _, t := range c.out.Fetch {
		r := c.low.whole(c.low.lower(t))
		if c.base(r).op.Name == "Var" { // another program may update it before it is fetched, if this one does not
			r = c.copied(r)
		}
		c.fetch, roots = append(c.fetch, r), append(roots, r)
	}
	var updates []Update
	for _, u := range c.out.Update {
		c.low.lower(u.Var)
		r := c.low.whole(c.low.lower(u.Value))
		if c.base(r) == u.Var { // it stays as it is
			continue
		}
		if c.updates(c.base(r)) {
			r = c.copied(r)
		}
		updates, c.values, roots = append(updates, u), append(c.values, r), append(roots, r)
	}
	c.out.Update = updates
	c.layouts(roots)
	c.narrow(roots)
	if !c.leaves(Order) {
		c.order(roots)
	}
	c.packs(roots)
	if err := c.fuse(roots); err != nil {
		return nil, err
	}
	c.updateInPlace()
	results := c.keep()
	scratch := c.lifetimes()
	if err := c.rt.affords(c.out, scratch, results); err != nil {
		return nil, err
	}
	c.tune()
	if err := c.allocate(scratch, results); err != nil {
		return nil, err
	}
	if err := c.record(); err != nil {
		return nil, err
	}
	return c.p, nil
}

// copied returns a copy of t. Where t is a variable, it is what the variable was before the run: the copy is a node like others, so what
// writes over the variable comes after it.
func (c *compilation) copied(t *Tensor) *Tensor { return c.low.share(copyOp(t), []*Tensor{t}) }

// updates tells whether the program writes to a variable's memory.
func (c *compilation) updates(v *Tensor) bool {
	return slices.ContainsFunc(c.out.Update, func(u Update) bool { return same(v, u.Var) })
}

// layouts puts a copy before each kernel input whose layout the kernel cannot read, and before each table whose elements would be
// computed where they are read: a table is looked up in memory.
func (c *compilation) layouts(roots []*Tensor) {
	for _, t := range (&fusion{lowering: c.low}).live(roots) {
		if t.op.Kernel == nil && !t.op.Table {
			continue
		}
		for i, x := range t.in {
			p := c.low.where[x]
			v := p.view
			if t.looksUp(i) && inlined(p.base) {
				t.in[i] = c.copied(x)
				continue
			}
			if v.Contiguous() || t.op.Table && !t.looksUp(i) || t.op.Reads != nil && t.op.Reads(i, v) {
				continue
			}
			t.in[i] = c.low.share(copyOp(x), []*Tensor{x})
		}
	}
	c.low.resort()
}

// packs puts a copy before each part of a pack that has a place of its own already, or is computed wherever it is read.
func (c *compilation) packs(roots []*Tensor) {
	taken := map[*Tensor]bool{}
	for _, t := range roots { // results are not where another program's might be
		taken[c.base(t)] = true
	}
	for _, t := range (&fusion{lowering: c.low}).live(roots) {
		if t.op.Pack == nil {
			continue
		}
		for i, x := range t.in {
			p := c.low.where[x]
			if b := p.base; taken[b] || b.isLeaf() || inlined(b) || b.op.Pack != nil || !p.view.Contiguous() || b.Len() != x.Len() {
				t.in[i] = c.low.share(copyOp(x), []*Tensor{x})
				if taken[t.in[i]] { // equal parts: one node has one place
					t.in[i] = c.low.add(&Tensor{op: copyOp(x), in: []*Tensor{x}})
				}
			}
			b := c.base(t.in[i])
			taken[b], c.inPack[b] = true, t
		}
		c.inPack[t] = t
	}
	c.low.resort()
}

// leaves tells whether a pass is left out.
func (c *compilation) leaves(p Pass) bool { return slices.Contains(c.rt.without, p) }

// fuse shares the nodes out to units, none of which binds more than the device takes: one that does is made of half as many nodes, and
// others are not touched.
func (c *compilation) fuse(roots []*Tensor) error {
	for most := map[*Tensor]int{}; ; {
		c.fused = c.low.fuse(roots, most, c.rt.without)
		c.fused.tuning = c.tuning
		fit := true
		for _, u := range c.fused.units {
			over := c.excess(u)
			if over == nil {
				continue
			}
			if !c.fused.halve(u) {
				return over
			}
			fit = false
		}
		if fit {
			return nil
		}
	}
}

// excess is the error of a unit that binds more than the device takes; nil: it does not.
func (c *compilation) excess(u *unit) error {
	if u.node != nil && u.node.op.Pack != nil { // no dispatch
		return nil
	}
	// No more than this: an input may be bound twice, as scalars and in fours.
	on, l := c.rt.target, c.rt.target.Info.Limits
	buffers, texels := 0, 0
	for _, t := range c.reads(u) {
		if on.CPU {
			texels += ir.Up(inQuads(t), on.room(texel(t, 4))) + ir.Up(inQuads(t), on.room(texel(t, 1)))
		} else {
			buffers += 2 * ir.Up(inQuads(t), on.room(0))
		}
	}
	for _, t := range u.outs {
		buffers += ir.Up(inQuads(t), on.room(0))
	}
	if buffers <= l.MaxBuffers && texels <= l.MaxTexelBuffers {
		return nil
	}
	buffers, texels = c.fused.generate(u, on).module.Buffers()
	if buffers <= l.MaxBuffers && texels <= l.MaxTexelBuffers {
		return nil
	}
	largest := slices.MaxFunc(append(c.reads(u), u.outs...), func(a, b *Tensor) int { return inQuads(a) - inQuads(b) })
	return fmt.Errorf("tensor: %s needs %d buffers and %d texel buffers at once, of which the device takes %d and %d: %v alone has %s, of which "+
		"one holds %s; smaller tensors need fewer", u.title(), buffers, texels, l.MaxBuffers, l.MaxTexelBuffers, largest.op.Shape,
		vk.Bytes(int64(inQuads(largest))), vk.Bytes(int64(on.room(0))))
}

// base returns what holds the value of t.
func (c *compilation) base(t *Tensor) *Tensor { return c.low.where[t].base }

// reads lists the stored tensors that a unit reads.
func (c *compilation) reads(u *unit) []*Tensor {
	var out []*Tensor
	add := func(t *Tensor) {
		if !has(out, t) {
			out = append(out, t)
		}
	}
	for t := range u.stops {
		add(t)
	}
	for _, t := range u.elems {
		for _, x := range t.in {
			if b := c.base(x); c.fused.stored[b] && !u.own[b] {
				add(b)
			}
		}
	}
	return out
}

// updateInPlace lets a unit write a variable's new value over the old one where nothing needs the old one any more by then.
func (c *compilation) updateInPlace() {
	fetched := map[*Tensor]bool{}
	for _, t := range c.fetch {
		fetched[c.base(t)] = true
	}
	for i, up := range c.out.Update {
		v := c.base(c.values[i])
		u := c.fused.of[v]
		if u == nil || !v.isElementwise() || fetched[v] || c.inPlace[v] != nil {
			continue
		}
		u = u.root()
		// What is one number for a row is written by one of those who go along it, while others may still have to read the old one.
		ok := !slices.ContainsFunc(u.outs, func(t *Tensor) bool { return u.reductions() != nil && t.Len() > v.Len() })
		for _, r := range c.fused.units {
			if r != u && c.readsVar(r, up.Var) && c.fused.reaches(r, u, false) {
				ok = false
			}
		}
		for t := range u.stops {
			ok = ok && !same(t, up.Var)
		}
		for _, t := range u.elems { // inside the unit each element is read before it is written, if it is read in its place
			for i, x := range t.in {
				if b := c.base(x); b != up.Var && same(b, up.Var) || b == up.Var && !c.fused.inPlace(t, i) {
					ok = false
				}
			}
		}
		if !ok {
			continue
		}
		for _, r := range c.fused.units {
			if r != u && c.readsVar(r, up.Var) {
				u.after(r, true)
			}
		}
		c.inPlace[v] = up.Var
	}
	c.fused.sort()
}

// readsVar tells whether a unit reads a variable, as itself, as a part or as a whole.
func (c *compilation) readsVar(u *unit, v *Tensor) bool {
	return slices.ContainsFunc(c.reads(u), func(t *Tensor) bool { return same(t, v) })
}

// A launch is the dispatch of a unit.
type launch struct {
	*unit
	generated
	kernel *vk.Kernel
	views  []vk.View
	live   int
}

// launches generates the shaders of all units that are dispatched, and makes the kernels on all cores. The caller closes them, also
// those that there are beside an error.
func (c *compilation) launches() ([]launch, error) {
	var all []launch
	live := c.alive()
	for i, u := range c.fused.units {
		if u.node != nil && u.node.op.Pack != nil {
			continue
		}
		l := launch{unit: u, live: live[i], generated: c.fused.generate(u, c.rt.target)}
		for _, b := range l.binds {
			v, err := c.memory(b.t)
			if err != nil {
				return nil, err
			}
			l.views = append(l.views, v.Slice(b.lo, b.hi))
		}
		l.module = l.bound(l.views)
		all = append(all, l)
	}
	errs := make([]error, len(all))
	made := &maker{all: len(all), progress: c.rt.progress}
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(taken.Add(1)) - 1; i < len(all) && !made.ended(); i = int(taken.Add(1)) - 1 {
				all[i].kernel, errs[i] = c.rt.dev.NewKernel(all[i].module, all[i].constants()...)
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

// maker counts the kernels of a program that are made, for who follows that and may end it.
type maker struct {
	all      int
	progress func(done, all int) error // nil: nobody does

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

// record writes the whole program down.
func (c *compilation) record() error {
	launches, err := c.launches()
	defer func() { // the program keeps them from here on
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
	zeroed := map[*Tensor]bool{}
	for _, l := range launches {
		for _, t := range l.outs {
			if p := c.inPack[t]; p != nil && !zeroed[p] {
				zeroed[p] = true
				if err := c.zeroGaps(p); err != nil {
					return err
				}
			}
		}
		c.rec.Label(l.title())
		c.rec.Dispatch(l.kernel, l.grid(), nil, l.views...)
		c.p.kernels = append(c.p.kernels, c.describe(l))
	}
	c.p.least = c.leastBytes()
	for i, up := range c.out.Update {
		src := c.base(c.values[i])
		if c.inPlace[src] == up.Var {
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

// recordResults makes the fetched values readable by the host.
func (c *compilation) recordResults() error {
	total := 0
	for i, t := range c.out.Fetch {
		v, err := c.memory(c.base(c.fetch[i]))
		if err != nil {
			return err
		}
		c.p.results[t] = result{view: v, dtype: t.op.DType, bytes: t.bytes()}
		if v.Buffer.Bytes() == nil {
			total += aligned(v.Len())
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
		at += aligned(r.view.Len())
		c.rec.Copy(r.host, r.view)
		c.p.results[t] = r
	}
	return nil
}
