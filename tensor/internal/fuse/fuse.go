// Package fuse distributes the nodes of a lowered graph to units. Each unit becomes one dispatch.
package fuse

import (
	"maps"
	"slices"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
	"genview/tensor/internal/lower"
)

// A Pass is a step of compilation that makes programs faster and can be left out.
type Pass string

// The passes that fuse. Without Fuse every node has a dispatch of its own, and the other passes do nothing.
const (
	Fuse      Pass = "fuse"      // elementwise nodes join the dispatch of the nodes that they read, and of those that read them
	Rows      Pass = "rows"      // nodes that work along the same rows share a dispatch
	Recompute Pass = "recompute" // a gradient computes cheap values again, so that they need not be kept: less memory, hardly more time
)

// A Fusion is a partition of a graph into units.
type Fusion struct {
	*lower.Graph
	Units  []*Unit            // in an order in which they can run
	Of     map[*ir.Node]*Unit // the unit that computes a node
	Stored map[*ir.Node]bool  // whether a node is in memory

	most     map[*ir.Node]int // the most nodes of a unit that contains the node, where larger units exceed the limits of the device
	without  []Pass
	forced   map[*ir.Node]bool // a reduction that reads the node does not compute it again
	searches int
}

const (
	maxInputs   = 12 // most tensors that a unit reads
	maxInline   = 24 // most nodes that a reduction computes itself instead of reading them
	maxAfter    = 24 // most nodes computed from a reduction's results, with which few of the lanes are busy
	maxEpilogue = 8  // most instructions applied to a product's results on lavapipe: they are repeated for each row of a tile, and long code runs slowly
	maxOnGPU    = 32 // the same on a GPU, where a pass over memory costs relatively more
	leastTerms  = 16 // fewest terms of a reduction whose results are processed in the same dispatch
)

// Units distributes the nodes that compute the roots to units. A unit that contains a node of most has at most that many nodes;
// [Fusion.Halve] adds to most. A nil most sets no limits.
func Units(l *lower.Graph, roots []*ir.Node, most map[*ir.Node]int, without []Pass) *Fusion {
	f := &Fusion{Graph: l, most: most, without: without, Of: map[*ir.Node]*Unit{}, forced: map[*ir.Node]bool{}, Stored: map[*ir.Node]bool{}}
	for _, r := range roots {
		f.forced[l.Where[r].Base] = true
	}
	live, off := f.Live(roots), slices.Contains(without, Fuse)
	for _, t := range live {
		if t.View != nil || t.IsLeaf() {
			continue
		}
		for i, x := range t.In {
			p := l.Where[x]
			direct := p.View.Contiguous() && ir.Size(p.View.Shape) == ir.Size(p.Base.Shape)
			switch {
			case t.Kernel != nil, t.Pack != nil, t.LooksUp(i), p.View.Lo != nil, !direct && !p.Base.Inlined(), off && !p.Base.Inlined():
				f.forced[p.Base] = true
			}
		}
	}
	for _, t := range live {
		switch {
		case t.IsLeaf() || t.View != nil:
		case t.Kernel != nil || t.Reduce != nil || t.Pack != nil:
			f.single(t)
		case !t.Inlined() || f.forced[t]:
			f.elementwise(t)
		}
	}
	if !off {
		if !slices.Contains(without, Rows) {
			f.rows()
		}
		f.epilogues()
		f.scalars()
	}
	f.finish(roots)
	return f
}

// single makes the unit of a kernel or a reduction.
func (f *Fusion) single(t *ir.Node) {
	u := f.unit()
	u.Node, u.Outs, u.Stops = t, []*ir.Node{t}, map[*ir.Node]bool{}
	if t.Reduce != nil {
		base := f.Where[t.In[0]].Base
		if n := f.inline(u, base, 0); n > maxInline || !base.Inlined() && !f.allows(n+1, t) || len(u.Stops) > maxInputs {
			f.forced[base] = true
			clear(u.Stops)
			u.Stops[base] = true
		}
	} else {
		for _, x := range t.In {
			u.Stops[f.Where[x].Base] = true
		}
	}
	for s := range u.Stops {
		f.depend(u, s, true)
	}
	f.wait(u, t)
	f.Of[t] = u
}

// unit adds an empty unit.
func (f *Fusion) unit() *Unit {
	n := len(f.Units)
	u := &Unit{deps: map[*Unit]bool{}, at: n, top: n}
	f.Units = append(f.Units, u)
	return u
}

// inline collects the values that a reduction reads if it computes t itself. It returns the number of nodes that it computes.
func (f *Fusion) inline(u *Unit, t *ir.Node, n int) int {
	if n > maxInline {
		return n
	}
	if !t.IsElementwise() || f.forced[t] {
		u.Stops[t] = true
		return n
	}
	for _, x := range t.In {
		n = f.inline(u, f.Where[x].Base, n)
	}
	f.wait(u, t)
	return n + 1
}

// wait makes u, which computes t, depend on everything that must run before t reads its inputs.
func (f *Fusion) wait(u *Unit, t *ir.Node) {
	for _, x := range t.In {
		for _, first := range f.Where[x].After {
			f.depend(u, f.Where[first].Base, true)
		}
	}
}

func (f *Fusion) depend(u *Unit, t *ir.Node, separate bool) {
	if d := f.Of[t]; d != nil && d.Root() != u {
		u.After(d.Root(), separate)
	}
}

// InPlace tells whether element i of t needs only element i of its input x. Then one dispatch can compute both.
func (f *Fusion) InPlace(t *ir.Node, i int) bool {
	p := f.Where[t.In[i]]
	return p.View.Contiguous() && p.Base.Len() == t.Len() && !t.LooksUp(i)
}

// elementwise adds t to a unit that computes one of its inputs, or makes a new unit if that would make a cycle.
func (f *Fusion) elementwise(t *ir.Node) {
	u := f.unit()
	u.Elems, f.Of[t] = []*ir.Node{t}, u
	for i, x := range t.In {
		f.depend(u, f.Where[x].Base, !f.InPlace(t, i))
	}
	f.wait(u, t)
	if !f.allows(2, t) {
		return
	}
	for i, x := range t.In {
		c := f.Of[f.Where[x].Base]
		if c == nil {
			continue
		}
		c, u = c.Root(), u.Root()
		if c == u || !f.InPlace(t, i) || c.Node != nil && c.Node.Kernel != nil {
			continue
		}
		f.join(u, c)
	}
}

// join merges two units if that is possible and makes no cycle.
func (f *Fusion) join(u, c *Unit) {
	if f.joins(u, c) && f.within(u, c) && !f.Reaches(u, c, true) && !f.Reaches(c, u, true) {
		f.merge(u, c)
	}
}

// epilogues fuses elementwise units into the kernels whose results they read. The elementwise units are already complete: taking only
// part of one would add a value that has to be stored.
func (f *Fusion) epilogues() {
	reads := func(u *Unit, t *ir.Node) bool {
		return slices.ContainsFunc(u.Elems, func(e *ir.Node) bool {
			for i, x := range e.In {
				if f.Where[x].Base == t && f.InPlace(e, i) {
					return true
				}
			}
			return false
		})
	}
	for _, c := range f.Units {
		if c.Node == nil || c.Node.Kernel == nil || !c.Node.Kernel.Joins() {
			continue
		}
		for u := c.neighbour(-1); u != nil; u = c.neighbour(u.at) {
			if u.Node == nil && reads(u, c.Node) {
				f.join(u, c)
			}
		}
	}
}

// scalars merges units of single numbers even if they are unrelated, because each has hardly any work.
func (f *Fusion) scalars() {
	var all []*Unit
	for _, u := range f.Units {
		if u.into == nil && u.Node == nil && u.Elems[0].Len() == 1 {
			all = append(all, u)
		}
	}
	for i, u := range all {
		for _, c := range all[:i] {
			if c = c.Root(); c != u && f.within(u, c) && !f.Reaches(u, c, false) && !f.Reaches(c, u, false) {
				f.merge(u, c)
				break
			}
		}
	}
}

// joins tells whether two units can be merged as far as their kinds allow it.
func (f *Fusion) joins(u, c *Unit) bool {
	if u.Node == nil && c.Node == nil {
		return true
	}
	if u.Node == nil {
		u, c = c, u
	}
	if c.Node != nil || !u.writes(slices.Concat(u.Elems, c.Elems)) {
		return false
	}
	if o := u.Node.Op; o.Kernel != nil {
		cost := 0
		for _, t := range slices.Concat(u.Elems, c.Elems) {
			cost += instructions(t)
		}
		if f.On.CPU {
			return o.Kernel.Joins() && cost <= maxEpilogue
		}
		return o.Kernel.Joins() && cost <= maxOnGPU
	}
	r := u.Node.Reduce
	return r != nil && (r.Parts || u.Node.In[0].Shape[1] >= leastTerms) && len(u.Elems)+len(c.Elems) <= maxAfter
}

// Instructions counts the instructions of the unit's elementwise nodes for four elements.
func (u *Unit) Instructions() int {
	n := 0
	for _, t := range u.Elems {
		n += instructions(t)
	}
	return n
}

// instructions counts the instructions of an elementwise node. A function such as exp counts as twelve.
func instructions(t *ir.Node) int {
	const lookUp, function, narrow = 16, 12, 4
	switch {
	case t.Table:
		return lookUp
	case t.DType.Packed(): // a pass over memory of its own would cost more
		return narrow
	}
	b := spirv.NewBlock("", 1, 1, 1)
	in := make([]spirv.ID, len(t.In))
	for i, x := range t.In {
		in[i] = b.Same(b.Zero(spirv.Type{Elem: x.DType.Value(), N: 4}), 1) // a product with a known zero would be written in another way
	}
	if t.Emit != nil {
		t.Emit(b, in...)
	} else {
		t.EmitAt(b, b.Int(0), in...)
	}
	plain, functions := b.Count()
	return plain + function*functions
}

// Reaches tells whether from depends on to. With indirect it looks only for dependencies through a third unit, and for those that need a
// dispatch of their own.
func (f *Fusion) Reaches(from, to *Unit, indirect bool) bool {
	f.searches++
	var visit func(u *Unit, top bool) bool
	visit = func(u *Unit, top bool) bool {
		for d, separate := range u.deps {
			d = d.Root()
			if d == to {
				if top && indirect && !separate {
					continue
				}
				return true
			}
			if d == from || d.search == f.searches || d.top < to.top {
				continue
			}
			d.search = f.searches
			if visit(d, false) {
				return true
			}
		}
		return false
	}
	return visit(from, true)
}

// within tells whether the merged unit of u and c would read few enough tensors and have few enough nodes.
func (f *Fusion) within(u, c *Unit) bool {
	own, reads := map[*ir.Node]bool{}, map[*ir.Node]bool{}
	all := slices.Concat(u.Elems, c.Elems)
	for _, x := range []*Unit{u, c} {
		if x.Node != nil {
			own[x.Node] = true
			maps.Copy(reads, x.Stops)
		}
	}
	for _, t := range all {
		own[t] = true
	}
	for _, t := range all {
		for _, x := range t.In {
			if b := f.Where[x].Base; !own[b] && !b.Inlined() {
				reads[b] = true
			}
		}
	}
	return len(reads) <= maxInputs && f.allows(len(u.computes())+len(c.computes()), slices.Concat(u.computes(), c.computes())...)
}

// allows tells whether a unit that contains the nodes may have n nodes in all.
func (f *Fusion) allows(n int, nodes ...*ir.Node) bool {
	if slices.Contains(f.without, Fuse) {
		return n <= 1
	}
	return !slices.ContainsFunc(nodes, func(t *ir.Node) bool {
		most, ok := f.most[t]
		return ok && n > most
	})
}

// Halve limits all units that contain a node of u to half as many nodes as u has. It returns false if u has one node.
func (f *Fusion) Halve(u *Unit) bool {
	all := map[*ir.Node]bool{}
	for _, t := range u.computes() {
		all[t] = true
	}
	for _, r := range u.Reductions() {
		f.anew(u, r, func(t, _ *ir.Node) {
			if t.IsElementwise() {
				all[t] = true
			}
		})
	}
	n := len(all)
	maps.DeleteFunc(all, func(t *ir.Node, _ bool) bool { return f.Of[t].Root() != u }) // other units compute these nodes, too
	for t := range all {
		if most, ok := f.most[t]; ok {
			n = min(n, most)
		}
	}
	for t := range all {
		f.most[t] = n / 2
	}
	return n > 1
}

// merge adds u to c, or c to u if only u has a kernel or reduction.
func (f *Fusion) merge(u, c *Unit) {
	if u.Node != nil && c.Node == nil {
		u, c = c, u
	}
	u.into = c
	c.More = append(c.More, u.Reductions()...)
	c.Elems, c.users = append(c.Elems, u.Elems...), append(c.users, u.users...)
	c.top = max(c.top, u.top)
	for _, d := range c.users {
		d.Root().raise(c.top)
	}
	for t := range u.Stops {
		c.Stops[t] = true
	}
	for _, t := range c.computes() {
		delete(c.Stops, t)
	}
	for d, separate := range u.deps {
		c.deps[d] = c.deps[d] || separate
	}
	c.settle()
}
