package fuse

import (
	"slices"

	"genview/tensor/internal/ir"
)

const (
	maxRecompute = 40 // instructions that are done again rather than that their result is stored and read
	small        = 8  // a tensor of as much less than another costs nothing beside it
)

// recompute lets units compute cheap elementwise values themselves, from what is in memory anyway, that another computes for them: a
// gradient makes x − mean of x instead of reading what the forward pass would have to write for it. A value whose readers cannot all
// do so, or that something reads in another way, is stored as before.
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
		for _, x := range from { // it is stored, and closures end there
			f.Stored[x] = true
		}
	}
}

// readers lists, for each stored value, the units that read it element by element, and marks those that are read in any other way.
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

// closure returns what t is made of in its unit: nodes to compute again, and values to read.
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

// takes tells whether unit c may compute t itself, which takes these nodes and reads these values.
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
