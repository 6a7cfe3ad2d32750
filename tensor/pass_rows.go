package tensor

import "slices"

// rows lets units that work along the same rows be one: a softmax or a layer norm is then one dispatch, which goes over a row while
// it is near, as often as there are reductions and once more for what is made of them.
func (f *fusion) rows() {
	for merged := true; merged; {
		merged = false
		for _, u := range f.units {
			if u.into != nil || !u.alongRows() {
				continue
			}
			for _, c := range f.units {
				if c.into == nil && c != u && f.rowsJoin(c, u) {
					f.merge(c, u)
					merged = true
				}
			}
		}
	}
}

const (
	leastRows   = 16 // that are shared out
	maxRowNodes = 48 // of a unit along rows
	maxAnew     = 32 // instructions that each pass over a row does anew
)

// alongRows tells whether u has reductions of rows [R, K] to which others may be added.
func (u *unit) alongRows() bool {
	return u.node != nil && u.node.op.Reduce != nil && u.node.op.Shape[1] == 1 && u.node.op.Shape[0] >= leastRows &&
		u.node.in[0].op.Shape[1] >= leastTerms
}

// reductions lists those of u, if any.
func (u *unit) reductions() []*Tensor {
	if u.node == nil || u.node.op.Reduce == nil {
		return nil
	}
	return append([]*Tensor{u.node}, u.more...)
}

// span returns how many rows of how many elements u works along.
func (u *unit) span() (rows, k int) { return u.node.op.Shape[0], u.node.in[0].op.Shape[1] }

// rowsJoin tells whether c can be computed with u: it works along the same rows, has to do with u, and needs of u, as u of it, only
// what belongs to the row.
func (f *fusion) rowsJoin(c, u *unit) bool {
	if !c.follows(u) && !u.follows(c) {
		return false
	}
	rows, k := u.span()
	if c.node != nil {
		if !c.alongRows() {
			return false
		}
		if r, n := c.span(); r != rows || n != k {
			return false
		}
	} else if n := c.elems[0].Len(); n != rows && (n != rows*k || k%4 != 0) {
		return false
	}
	return u.writes(c.elems) && f.rowsWithin(u, c) && f.rowLocal(u, c, rows, k) && f.rowLocal(c, u, rows, k) && f.apart(u, c) && f.apart(c, u)
}

// follows tells whether u reads what c computes.
func (u *unit) follows(c *unit) bool {
	for d := range u.deps {
		if d.root() == c {
			return true
		}
	}
	return false
}

// apart tells whether u depends on c through no third unit.
func (f *fusion) apart(u, c *unit) bool {
	for d := range u.deps {
		if d = d.root(); d != c && d != u && f.reaches(d, c, false) {
			return false
		}
	}
	return true
}

// rowsWithin tells whether u and c together read few enough tensors, and are few enough nodes that do not cost too much again.
func (f *fusion) rowsWithin(u, c *unit) bool {
	own, reads := map[*Tensor]bool{}, map[*Tensor]bool{}
	all := slices.Concat(u.elems, c.elems)
	nodes := slices.Concat(u.computes(), c.computes())
	for _, t := range nodes {
		own[t] = true
	}
	for _, t := range all {
		for _, x := range t.in {
			if b := f.where[x].base; !own[b] && !inlined(b) {
				reads[b] = true
			}
		}
	}
	cost := 0
	for _, x := range []*unit{u, c} {
		for t := range x.stops {
			if !own[t] {
				reads[t] = true
			} else if t.isElementwise() {
				cost += f.cost(own, t, map[*Tensor]bool{})
			}
		}
	}
	return len(reads) <= maxInputs && len(all) <= maxRowNodes && cost <= maxAnew && f.allows(len(nodes), nodes...)
}

// rowLocal tells whether u needs for a row only what c computes for that row.
func (f *fusion) rowLocal(u, c *unit, rows, k int) bool {
	own := map[*Tensor]bool{}
	for _, t := range c.computes() {
		own[t] = true
	}
	good := func(t *Tensor, x *Tensor) bool {
		p := f.where[x]
		switch {
		case !own[p.base]:
			return true
		case p.base.Len() == t.Len():
			return p.view.Contiguous()
		}
		return p.base.Len() == rows && t.Len() == rows*k && p.view.Repeats(rows, k)
	}
	for _, t := range u.elems {
		for i, x := range t.in {
			if !good(t, x) || t.looksUp(i) && own[f.where[x].base] {
				return false
			}
		}
	}
	for _, r := range u.reductions() {
		ok := true
		f.anew(u, r, func(t, x *Tensor) { ok = ok && good(t, x) })
		if !ok {
			return false
		}
	}
	return true
}

// anew visits what a reduction of u computes where it reads, with each input.
func (f *fusion) anew(u *unit, r *Tensor, visit func(t, x *Tensor)) {
	seen := map[*Tensor]bool{}
	var walk func(t *Tensor)
	walk = func(t *Tensor) {
		if seen[t] || u.stops[t] || !t.isElementwise() {
			return
		}
		seen[t] = true
		for _, x := range t.in {
			visit(t, x)
			walk(f.where[x].base)
		}
	}
	visit(r.in[0], r.in[0])
	walk(f.where[r.in[0]].base)
}

// cost returns the instructions of t and what it is made of among some nodes, but for what is done.
func (f *fusion) cost(among map[*Tensor]bool, t *Tensor, done map[*Tensor]bool) int {
	if done[t] || !among[t] || !t.isElementwise() {
		return 0
	}
	done[t] = true
	n := t.cost()
	for _, x := range t.in {
		n += f.cost(among, f.where[x].base, done)
	}
	return n
}
