package fuse

import (
	"slices"

	"genview/tensor/internal/ir"
)

const (
	maxRecompute = 40 // most instructions that a unit repeats to avoid reading their result
	small        = 8  // reading a tensor that is this many times smaller than another costs next to nothing
)

// recompute lets units compute cheap elementwise values of other units again, from values that are in memory anyway. A gradient, for
// example, then computes x − mean from x and the mean, and the forward pass need not store it. A value is still stored if one of its
// readers cannot compute it, or reads it in another way than element by element.
func (f *Fusion) recompute(roots []*ir.Node) {
	readers, fixed := f.readers(roots)
	for _, t := range f.Order {
		if !f.Stored[t] || fixed[t] || !t.IsElementwise() || len(readers[t]) == 0 {
			continue
		}
		again, from := f.closure(t)
		if !slices.ContainsFunc(readers[t], func(c *Unit) bool { return !f.takes(c, t, again, from) }) {
			for _, c := range readers[t] {
				for _, x := range again {
					if !c.Own[x] {
						c.Own[x] = true
						c.Elems = append(c.Elems, x)
					}
				}
				for _, x := range from {
					f.depend(c, x, true)
					if !slices.Contains(readers[x], c) {
						readers[x] = append(readers[x], c)
					}
				}
			}
			f.Stored[t] = false
		}
		for _, x := range from { // these values are stored, and closures end at them
			f.Stored[x] = true
		}
	}
}

// readers lists, for each stored value, the units that read it element by element. It marks the values that are read in any other way.
func (f *Fusion) readers(roots []*ir.Node) (readers map[*ir.Node][]*Unit, fixed map[*ir.Node]bool) {
	readers, fixed = map[*ir.Node][]*Unit{}, map[*ir.Node]bool{}
	for _, r := range roots {
		fixed[f.Where[r].Base] = true
	}
	for _, u := range f.Units {
		if u.into != nil || len(u.Outs) == 0 {
			continue
		}
		for t := range u.Stops {
			fixed[t] = true
		}
		product := u.Node != nil && u.Reductions() == nil
		for _, t := range u.Elems {
			for i, x := range t.In {
				switch b := f.Where[x].Base; {
				case !u.Own[t] || u.Own[b]:
				case product || !f.InPlace(t, i):
					fixed[b] = true
				case !slices.Contains(readers[b], u):
					readers[b] = append(readers[b], u)
				}
			}
		}
	}
	return readers, fixed
}

// closure returns the nodes that have to be computed again to compute t outside its unit, and the values that they read.
func (f *Fusion) closure(t *ir.Node) (again, from []*ir.Node) {
	u := f.Of[t].Root()
	var walk func(x *ir.Node)
	walk = func(x *ir.Node) {
		switch {
		case slices.Contains(again, x) || slices.Contains(from, x) || x.Inlined() && !u.Own[x]:
		case x == t || u.Own[x] && x.IsElementwise() && !f.Stored[x] && x.Len() == t.Len():
			again = append(again, x)
			for _, y := range x.In {
				walk(f.Where[y].Base)
			}
		default:
			from = append(from, x)
		}
	}
	walk(t)
	slices.SortFunc(again, func(a, b *ir.Node) int { return f.Number[a] - f.Number[b] })
	return again, from
}

// takes tells whether unit c may compute t itself, given the nodes to compute again and the values that they read.
func (f *Fusion) takes(c *Unit, t *ir.Node, again, from []*ir.Node) bool {
	reads := map[*ir.Node]bool{}
	for x := range c.Stops {
		reads[x] = true
	}
	for _, x := range c.Elems {
		for _, y := range x.In {
			if b := f.Where[y].Base; c.Own[x] && !c.Own[b] && !b.Inlined() {
				reads[b] = true
			}
		}
	}
	more := 0
	for _, x := range from {
		if !reads[x] && small*x.Len() > t.Len() {
			more++
		}
		reads[x] = true
	}
	cost, nodes := 0, slices.Clone(c.computes())
	for _, x := range again {
		if x.Table {
			return false
		}
		if !c.Own[x] {
			cost += instructions(x)
			nodes = append(nodes, x)
		}
	}
	if c.Node != nil && len(nodes)-len(c.Reductions()) > maxRowNodes {
		return false
	}
	return more <= 1 && cost <= maxRecompute && len(reads)-1 <= maxInputs && f.allows(len(nodes), nodes...)
}
