package tensor

import (
	"maps"
	"slices"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// A unit is one dispatch: a kernel, a reduction with the expression that it reads and those made of its results, or elementwise nodes
// of equal length.
type unit struct {
	node  *Tensor          // of kernels and reductions
	more  []*Tensor        // further reductions along the same rows
	elems []*Tensor        // elementwise nodes, inputs first; of a reduction what is made of its results, and of the row
	outs  []*Tensor        // what it writes
	own   map[*Tensor]bool // what it computes of its nodes
	stops map[*Tensor]bool
	deps  map[*unit]bool // what must run before; true: and in a dispatch of its own, for it is read in other places than it is written
	into  *unit          // merged into another
	order int

	needed bool // another unit depends on it
	search int  // the newest that came by
}

func (u *unit) root() *unit {
	for u.into != nil {
		u = u.into
	}
	return u
}

// fusion shares the nodes of a lowered graph out to units.
type fusion struct {
	*lowering
	most    map[*Tensor]int // nodes of a unit with it at most, where one with more does not fit the device
	without []Pass
	units   []*unit
	of      map[*Tensor]*unit
	forced  map[*Tensor]bool // is not computed anew where a reduction reads it
	stored  map[*Tensor]bool // is in memory
	tuning  *Tuning          // of products' kernels; nil: the rule decides

	searches int
}

const (
	maxInputs   = 12 // tensors that a unit reads
	maxInline   = 24 // nodes that a reduction computes anew instead of reading them
	maxAfter    = 24 // nodes made of a reduction's results, which few lanes of many compute
	maxEpilogue = 8  // instructions made of a product's results on lavapipe: they are written out for each row of a tile, and long code runs slowly
	maxOnGPU    = 32 // the same on a GPU, where a pass over memory is dearer
	leastTerms  = 16 // of a reduction that something is made of in the same dispatch
)

// inlined tells whether a node is computed wherever it is read, whatever the layout: it costs nothing and reads nothing.
func inlined(t *Tensor) bool { return t.isElementwise() && len(t.in) == 0 }

// fuse returns the units that compute roots, in an order in which they can run. most is as in fusion; nil: any unit fits.
func (l *lowering) fuse(roots []*Tensor, most map[*Tensor]int, without []Pass) *fusion {
	f := &fusion{lowering: l, most: most, without: without, of: map[*Tensor]*unit{}, forced: map[*Tensor]bool{}, stored: map[*Tensor]bool{}}
	for _, r := range roots {
		f.forced[l.where[r].base] = true
	}
	live, off := f.live(roots), slices.Contains(without, Fuse)
	for _, t := range live {
		if t.op.View != nil || t.isLeaf() {
			continue
		}
		for i, x := range t.in {
			p := l.where[x]
			direct := p.view.Contiguous() && ir.Size(p.view.Shape) == ir.Size(p.base.op.Shape)
			switch {
			case t.op.Kernel != nil, t.op.Pack != nil, t.looksUp(i), p.view.Lo != nil, !direct && !inlined(p.base), off && !inlined(p.base):
				f.forced[p.base] = true
			}
		}
	}
	for _, t := range live {
		switch {
		case t.isLeaf() || t.op.View != nil:
		case t.op.Kernel != nil || t.op.Reduce != nil || t.op.Pack != nil:
			f.single(t)
		case !inlined(t) || f.forced[t]:
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

// live lists what roots need, in order.
func (f *fusion) live(roots []*Tensor) []*Tensor {
	need := map[*Tensor]bool{}
	for _, r := range roots {
		need[r] = true
	}
	var out []*Tensor
	for _, t := range slices.Backward(f.lowering.order) {
		if !need[t] {
			continue
		}
		out = append(out, t)
		if !t.isLeaf() {
			for _, x := range t.in {
				need[x] = true
			}
		}
	}
	slices.Reverse(out)
	return out
}

// single makes the unit of a kernel or a reduction.
func (f *fusion) single(t *Tensor) {
	u := &unit{node: t, outs: []*Tensor{t}, stops: map[*Tensor]bool{}, deps: map[*unit]bool{}}
	if t.op.Reduce != nil {
		base := f.where[t.in[0]].base
		if n := f.inline(u, base, 0); n > maxInline || !inlined(base) && !f.allows(n+1, t) || len(u.stops) > maxInputs {
			f.forced[base] = true
			clear(u.stops)
			u.stops[base] = true
		}
	} else {
		for _, x := range t.in {
			u.stops[f.where[x].base] = true
		}
	}
	for s := range u.stops {
		f.depend(u, s, true)
	}
	f.wait(u, t)
	f.of[t] = u
	f.units = append(f.units, u)
}

// inline collects what a reduction reads when it computes t itself, and returns the count of nodes computed.
func (f *fusion) inline(u *unit, t *Tensor, n int) int {
	if n > maxInline {
		return n
	}
	if !t.isElementwise() || f.forced[t] {
		u.stops[t] = true
		return n
	}
	for _, x := range t.in {
		n = f.inline(u, f.where[x].base, n)
	}
	f.wait(u, t)
	return n + 1
}

// wait makes u, which computes t, depend on what comes before t reads its inputs.
func (f *fusion) wait(u *unit, t *Tensor) {
	for _, x := range t.in {
		for _, first := range f.where[x].after {
			f.depend(u, f.where[first].base, true)
		}
	}
}

func (f *fusion) depend(u *unit, t *Tensor, apart bool) {
	if d := f.of[t]; d != nil && d.root() != u {
		u.after(d.root(), apart)
	}
}

// after makes u depend on d.
func (u *unit) after(d *unit, apart bool) {
	u.deps[d] = u.deps[d] || apart
	d.needed = true
}

// inPlace tells whether element i of t needs only element i of its input x, so that one dispatch can compute both.
func (f *fusion) inPlace(t *Tensor, i int) bool {
	p := f.where[t.in[i]]
	return p.view.Contiguous() && p.base.Len() == t.Len() && !t.looksUp(i)
}

// elementwise puts t into a unit with its inputs where that makes no cycle, else into one of its own.
func (f *fusion) elementwise(t *Tensor) {
	u := &unit{elems: []*Tensor{t}, deps: map[*unit]bool{}}
	f.of[t] = u
	f.units = append(f.units, u)
	for i, x := range t.in {
		f.depend(u, f.where[x].base, !f.inPlace(t, i))
	}
	f.wait(u, t)
	if !f.allows(2, t) {
		return
	}
	for i, x := range t.in {
		c := f.of[f.where[x].base]
		if c == nil {
			continue
		}
		c, u = c.root(), u.root()
		if c == u || !f.inPlace(t, i) || c.node != nil && c.node.op.Kernel != nil {
			continue
		}
		f.join(u, c)
	}
}

// join merges two units where that is possible and makes no cycle.
func (f *fusion) join(u, c *unit) {
	if f.joins(u, c) && f.within(u, c) && !f.reaches(u, c, true) && !f.reaches(c, u, true) {
		f.merge(u, c)
	}
}

// epilogues lets kernels compute what is made of their results. By now it is fused itself: taking a part of it would only have more
// written for the other part to read.
func (f *fusion) epilogues() {
	reads := func(u *unit, t *Tensor) bool {
		return slices.ContainsFunc(u.elems, func(e *Tensor) bool {
			for i, x := range e.in {
				if f.where[x].base == t && f.inPlace(e, i) {
					return true
				}
			}
			return false
		})
	}
	for _, c := range f.units {
		if c.node == nil || !c.node.op.Joins {
			continue
		}
		for _, u := range f.units {
			if u.into == nil && u.node == nil && reads(u, c.node) {
				f.join(u, c)
			}
		}
	}
}

// scalars puts units of single numbers together, whether they have to do with each other or not: there is next to nothing to do in
// any of them.
func (f *fusion) scalars() {
	var all []*unit
	for _, u := range f.units {
		if u.into == nil && u.node == nil && u.elems[0].Len() == 1 {
			all = append(all, u)
		}
	}
	for i, u := range all {
		for _, c := range all[:i] {
			if c = c.root(); c != u && f.within(u, c) && !f.reaches(u, c, false) && !f.reaches(c, u, false) {
				f.merge(u, c)
				break
			}
		}
	}
}

// joins tells whether two units can be one, as far as their kinds go.
func (f *fusion) joins(u, c *unit) bool {
	if u.node == nil && c.node == nil {
		return true
	}
	if u.node == nil {
		u, c = c, u
	}
	if c.node != nil || !u.writes(slices.Concat(u.elems, c.elems)) {
		return false
	}
	if o := u.node.op; o.Kernel != nil {
		cost := 0
		for _, t := range slices.Concat(u.elems, c.elems) {
			cost += t.cost()
		}
		if f.on.CPU {
			return o.Joins && cost <= maxEpilogue
		}
		return o.Joins && cost <= maxOnGPU
	}
	r := u.node.op.Reduce
	return r != nil && (r == partsOf || u.node.in[0].op.Shape[1] >= leastTerms) && len(u.elems)+len(c.elems) <= maxAfter
}

// writes tells whether u can write those of some elementwise nodes that are packed: in fours, and nothing beside.
func (u *unit) writes(elems []*Tensor) bool {
	return !slices.ContainsFunc(elems, func(t *Tensor) bool {
		switch {
		case !t.op.DType.Packed():
			return false
		case u.node.op.product != nil:
			return !u.node.op.product.inFours()
		case u.node.op.Reduce == nil:
			return true
		case u.node.op.Shape[1] > 1:
			return u.node.op.Shape[1]%4 != 0
		}
		return t.Len() == u.node.op.Shape[0] // one lane writes a row's
	})
}

// cost returns the instructions of an elementwise node, with a function like exp counted as the dozen that it takes.
func (t *Tensor) cost() int {
	const lookUp, function, narrow = 16, 12, 4
	switch {
	case t.op.Table:
		return lookUp
	case t.op.DType.Packed(): // a pass over memory of its own would cost more
		return narrow
	}
	b := spirv.NewBlock("", 1, 1, 1)
	in := make([]spirv.ID, len(t.in))
	for i, x := range t.in {
		in[i] = b.Same(b.Zero(spirv.Type{Elem: x.op.DType.Value(), N: 4}), 1) // zeros are multiplied in another way
	}
	if t.op.Emit != nil {
		t.op.Emit(b, in...)
	} else {
		t.op.EmitAt(b, b.Int(0), in...)
	}
	plain, functions := b.Count()
	return plain + function*functions
}

// reaches tells whether from depends on to; with indirect, only through a third unit or so that the two must stay apart.
func (f *fusion) reaches(from, to *unit, indirect bool) bool {
	if !to.needed {
		return false
	}
	f.searches++
	var visit func(u *unit, top bool) bool
	visit = func(u *unit, top bool) bool {
		for d, apart := range u.deps {
			d = d.root()
			if d == to {
				if top && indirect && !apart {
					continue
				}
				return true
			}
			if d == from || d.search == f.searches {
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

// within tells whether u and c together read few enough tensors and are few enough nodes.
func (f *fusion) within(u, c *unit) bool {
	own, reads := map[*Tensor]bool{}, map[*Tensor]bool{}
	all := slices.Concat(u.elems, c.elems)
	for _, x := range []*unit{u, c} {
		if x.node != nil {
			own[x.node] = true
			maps.Copy(reads, x.stops)
		}
	}
	for _, t := range all {
		own[t] = true
	}
	for _, t := range all {
		for _, x := range t.in {
			if b := f.where[x].base; !own[b] && !inlined(b) {
				reads[b] = true
			}
		}
	}
	return len(reads) <= maxInputs && f.allows(len(u.computes())+len(c.computes()), slices.Concat(u.computes(), c.computes())...)
}

// allows tells whether a unit with some nodes may have n in all.
func (f *fusion) allows(n int, nodes ...*Tensor) bool {
	if slices.Contains(f.without, Fuse) {
		return n <= 1
	}
	return !slices.ContainsFunc(nodes, func(t *Tensor) bool {
		most, ok := f.most[t]
		return ok && n > most
	})
}

// halve lets the nodes of a unit be in none of more than half as many from now on; false: it has one node.
func (f *fusion) halve(u *unit) bool {
	all := map[*Tensor]bool{}
	for _, t := range u.computes() {
		all[t] = true
	}
	for _, r := range u.reductions() {
		f.anew(u, r, func(t, _ *Tensor) {
			if t.isElementwise() {
				all[t] = true
			}
		})
	}
	n := len(all)
	maps.DeleteFunc(all, func(t *Tensor, _ bool) bool { return f.of[t].root() != u }) // others compute these, too
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

// merge adds u to c, or c to u where only u has a node.
func (f *fusion) merge(u, c *unit) {
	if u.node != nil && c.node == nil {
		u, c = c, u
	}
	u.into = c
	c.more = append(c.more, u.reductions()...)
	c.elems, c.needed = append(c.elems, u.elems...), c.needed || u.needed
	for t := range u.stops {
		c.stops[t] = true
	}
	for _, t := range c.computes() {
		delete(c.stops, t)
	}
	for d, apart := range u.deps {
		c.deps[d] = c.deps[d] || apart
	}
	c.settle()
}

// computes lists the nodes of a unit.
func (u *unit) computes() []*Tensor {
	if u.node == nil {
		return u.elems
	}
	return slices.Concat([]*Tensor{u.node}, u.more, u.elems)
}

// settle lets the unit depend on what others were merged into.
func (u *unit) settle() {
	deps := map[*unit]bool{}
	for d, apart := range u.deps {
		if d = d.root(); d != u {
			deps[d] = deps[d] || apart
		}
	}
	u.deps = deps
}

// finish decides what is computed and what is stored, drops units that store nothing, and sorts the rest.
func (f *fusion) finish(roots []*Tensor) {
	f.store(roots)
	if !slices.Contains(f.without, Fuse) && !slices.Contains(f.without, Recompute) {
		f.recompute(roots)
		f.store(roots)
	}
	var kept []*unit
	for _, u := range f.units {
		if u.into != nil || len(u.outs) == 0 {
			continue
		}
		unused := func(t *Tensor) bool { return !u.own[t] }
		u.more, u.elems = slices.DeleteFunc(u.more, unused), slices.DeleteFunc(u.elems, unused)
		maps.DeleteFunc(u.stops, func(t *Tensor, _ bool) bool { return !f.stored[t] })
		kept = append(kept, u)
	}
	f.units = kept
	f.sort()
}

// store works out, from the roots back, what each unit computes and which of it must be in memory: what another unit reads, and what
// is read in other places than it is computed.
func (f *fusion) store(roots []*Tensor) {
	clear(f.stored)
	has := map[*unit]map[*Tensor]bool{}
	for _, u := range f.units {
		if u.into == nil {
			u.own, u.outs, has[u] = map[*Tensor]bool{}, nil, map[*Tensor]bool{}
			for _, t := range u.computes() {
				has[u][t] = true
			}
		}
	}
	var demand func(t *Tensor)
	var compute func(u *unit, t *Tensor)
	compute = func(u *unit, t *Tensor) {
		if u.own[t] {
			return
		}
		u.own[t] = true
		from := func(p place) {
			switch {
			case has[u][p.base]:
				compute(u, p.base)
			case !inlined(p.base) || p.view.Lo != nil || u.stops[p.base]:
				demand(p.base)
			}
		}
		switch {
		case t.op.Reduce != nil:
			f.anew(u, t, func(_, x *Tensor) {
				if p := f.where[x]; has[u][p.base] || u.stops[p.base] {
					from(p)
				}
			})
		case t.isElementwise():
			for _, x := range t.in {
				from(f.where[x])
			}
		default:
			for s := range u.stops {
				demand(s)
			}
		}
	}
	demand = func(t *Tensor) {
		if f.stored[t] {
			return
		}
		f.stored[t] = true
		if u := f.of[t]; u != nil {
			u = u.root()
			compute(u, t)
			u.outs = append(u.outs, t)
		}
	}
	for _, r := range roots {
		demand(f.where[r].base)
	}
	for _, u := range f.units {
		slices.SortFunc(u.outs, func(a, b *Tensor) int { return f.number[a] - f.number[b] })
	}
}

// sort orders the units so that each comes after what it depends on, otherwise as they were made.
func (f *fusion) sort() {
	var out []*unit
	state := map[*unit]int{}
	var visit func(u *unit)
	visit = func(u *unit) {
		if state[u] != 0 {
			return
		}
		state[u] = 1
		deps := make([]*unit, 0, len(u.deps))
		for d := range u.deps {
			deps = append(deps, d.root())
		}
		slices.SortFunc(deps, func(a, b *unit) int { return f.rank(a) - f.rank(b) })
		for _, d := range deps {
			visit(d)
		}
		if len(u.outs) > 0 {
			u.order = len(out)
			out = append(out, u)
		}
	}
	for _, u := range f.units {
		visit(u)
	}
	f.units = out
}

func (f *fusion) rank(u *unit) int {
	if u.node != nil {
		return f.number[u.node]
	}
	return f.number[u.elems[0]]
}
