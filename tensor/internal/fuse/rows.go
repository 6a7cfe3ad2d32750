package fuse

import (
	"slices"

	"genview/tensor/internal/ir"
)

// rows merges units that work along the same rows. A softmax or a layer norm becomes one dispatch. It reads a row, which stays in the
// cache, once for each reduction and once more for the elementwise results.
func (f *Fusion) rows() {
	for merged := true; merged; {
		merged = false
		for _, u := range f.Units {
			if u.into != nil || !u.alongRows() {
				continue
			}
			for c := u.neighbour(-1); c != nil; c = u.neighbour(c.at) {
				if f.rowsJoin(c, u) {
					f.merge(c, u)
					merged = true
				}
			}
		}
	}
}

const (
	leastRows   = 16 // fewest rows, so that there are enough to distribute
	maxRowNodes = 48 // most nodes of a unit along rows
	maxAnew     = 32 // most instructions that each pass over a row repeats
)

// rowsJoin tells whether u's neighbour c can be merged with it: it works along the same rows, and for each row the two need of each other
// only values of that row.
func (f *Fusion) rowsJoin(c, u *Unit) bool {
	rows, k := u.RowShape()
	if c.Node != nil {
		if !c.alongRows() {
			return false
		}
		if r, n := c.RowShape(); r != rows || n != k {
			return false
		}
	} else if n := c.Elems[0].Len(); n != rows && (n != rows*k || k%4 != 0) {
		return false
	}
	return u.writes(c.Elems) && f.rowsWithin(u, c) && f.rowLocal(u, c, rows, k) && f.rowLocal(c, u, rows, k) && f.onlyDirectly(u, c) && f.onlyDirectly(c, u)
}

// onlyDirectly tells whether u does not depend on c through a third unit.
func (f *Fusion) onlyDirectly(u, c *Unit) bool {
	for d := range u.deps {
		if d = d.Root(); d != c && d != u && f.Reaches(d, c, false) {
			return false
		}
	}
	return true
}

// rowsWithin tells whether the merged unit of u and c would read few enough tensors, have few enough nodes, and repeat few enough
// instructions.
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

// rowLocal tells whether u, to process a row, needs only those values of c that belong to the row.
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

// anew visits the nodes that a reduction of u computes itself for its input, each together with each of its inputs.
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

// cost counts the instructions of t and of its ancestors among the given nodes, without those that are done.
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
