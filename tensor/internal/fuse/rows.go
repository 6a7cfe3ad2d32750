package fuse

import (
	"slices"

	"genview/tensor/internal/ir"
)

// rows lets units that work along the same rows be one: a softmax or a layer norm is then one dispatch, which goes over a row while
// it is near, as often as there are reductions and once more for what is made of them.
func (f *Fusion) rows() {
	for merged := true; merged; {
		merged = false
		for _, u := range f.Units {
			if u.into != nil || !u.alongRows() {
				continue
			}
			for _, c := range f.Units {
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

// rowsJoin tells whether c can be computed with u: it works along the same rows, has to do with u, and needs of u, as u of it, only
// what belongs to the row.
func (f *Fusion) rowsJoin(c, u *Unit) bool {
	if !c.follows(u) && !u.follows(c) {
		return false
	}
	rows, k := u.Span()
	if c.Node != nil {
		if !c.alongRows() {
			return false
		}
		if r, n := c.Span(); r != rows || n != k {
			return false
		}
	} else if n := c.Elems[0].Len(); n != rows && (n != rows*k || k%4 != 0) {
		return false
	}
	return u.writes(c.Elems) && f.rowsWithin(u, c) && f.rowLocal(u, c, rows, k) && f.rowLocal(c, u, rows, k) && f.apart(u, c) && f.apart(c, u)
}

// apart tells whether u depends on c through no third unit.
func (f *Fusion) apart(u, c *Unit) bool {
	for d := range u.deps {
		if d = d.Root(); d != c && d != u && f.Reaches(d, c, false) {
			return false
		}
	}
	return true
}

// rowsWithin tells whether u and c together read few enough tensors, and are few enough nodes that do not cost too much again.
func (f *Fusion) rowsWithin(u, c *Unit) bool {
	own, reads := map[*ir.Node]bool{}, map[*ir.Node]bool{}
	all := slices.Concat(u.Elems, c.Elems)
	nodes := slices.Concat(u.computes(), c.computes())
	for _, t := range nodes {
		own[t] = true
	}
	for _, t := range all {
		for _, x := range t.In {
			if b := f.Where[x].Base; !own[b] && !b.Inlined() {
				reads[b] = true
			}
		}
	}
	cost := 0
	for _, x := range []*Unit{u, c} {
		for t := range x.Stops {
			if !own[t] {
				reads[t] = true
			} else if t.IsElementwise() {
				cost += f.cost(own, t, map[*ir.Node]bool{})
			}
		}
	}
	return len(reads) <= maxInputs && len(all) <= maxRowNodes && cost <= maxAnew && f.allows(len(nodes), nodes...)
}

// rowLocal tells whether u needs for a row only what c computes for that row.
func (f *Fusion) rowLocal(u, c *Unit, rows, k int) bool {
	own := map[*ir.Node]bool{}
	for _, t := range c.computes() {
		own[t] = true
	}
	good := func(t *ir.Node, x *ir.Node) bool {
		p := f.Where[x]
		switch {
		case !own[p.Base]:
			return true
		case p.Base.Len() == t.Len():
			return p.View.Contiguous()
		}
		return p.Base.Len() == rows && t.Len() == rows*k && p.View.Repeats(rows, k)
	}
	for _, t := range u.Elems {
		for i, x := range t.In {
			if !good(t, x) || t.LooksUp(i) && own[f.Where[x].Base] {
				return false
			}
		}
	}
	for _, r := range u.Reductions() {
		ok := true
		f.anew(u, r, func(t, x *ir.Node) { ok = ok && good(t, x) })
		if !ok {
			return false
		}
	}
	return true
}

// anew visits what a reduction of u computes where it reads, with each input.
func (f *Fusion) anew(u *Unit, r *ir.Node, visit func(t, x *ir.Node)) {
	seen := map[*ir.Node]bool{}
	var walk func(t *ir.Node)
	walk = func(t *ir.Node) {
		if seen[t] || u.Stops[t] || !t.IsElementwise() {
			return
		}
		seen[t] = true
		for _, x := range t.In {
			visit(t, x)
			walk(f.Where[x].Base)
		}
	}
	visit(r.In[0], r.In[0])
	walk(f.Where[r.In[0]].Base)
}

// cost returns the instructions of t and what it is made of among some nodes, but for what is done.
func (f *Fusion) cost(among map[*ir.Node]bool, t *ir.Node, done map[*ir.Node]bool) int {
	if done[t] || !among[t] || !t.IsElementwise() {
		return 0
	}
	done[t] = true
	n := instructions(t)
	for _, x := range t.In {
		n += f.cost(among, f.Where[x].Base, done)
	}
	return n
}
