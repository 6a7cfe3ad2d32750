package tensor

import "slices"

const (
	maxRecompute = 40 // instructions that are done again rather than that their result is stored and read
	small        = 8  // a tensor of as much less than another costs nothing beside it
)

// recompute lets units compute cheap elementwise values themselves, from what is in memory anyway, that another computes for them: a
// gradient makes x − mean of x instead of reading what the forward pass would have to write for it. A value whose readers cannot all
// do so, or that something reads in another way, is stored as before.
func (f *fusion) recompute(roots []*Tensor) {
	readers, fixed := f.readers(roots)
	for _, t := range f.lowering.order {
		if !f.stored[t] || fixed[t] || !t.isElementwise() || len(readers[t]) == 0 {
			continue
		}
		again, from := f.closure(t)
		if !slices.ContainsFunc(readers[t], func(c *unit) bool { return !f.takes(c, t, again, from) }) {
			for _, c := range readers[t] {
				for _, x := range again {
					if !c.own[x] {
						c.own[x] = true
						c.elems = append(c.elems, x)
					}
				}
				for _, x := range from {
					f.depend(c, x, true)
					if !slices.Contains(readers[x], c) {
						readers[x] = append(readers[x], c)
					}
				}
			}
			f.stored[t] = false
		}
		for _, x := range from { // it is stored, and closures end there
			f.stored[x] = true
		}
	}
}

// readers lists, for each stored value, the units that read it element by element, and marks those that are read in any other way.
func (f *fusion) readers(roots []*Tensor) (readers map[*Tensor][]*unit, fixed map[*Tensor]bool) {
	readers, fixed = map[*Tensor][]*unit{}, map[*Tensor]bool{}
	for _, r := range roots {
		fixed[f.where[r].base] = true
	}
	for _, u := range f.units {
		if u.into != nil || len(u.outs) == 0 {
			continue
		}
		for t := range u.stops {
			fixed[t] = true
		}
		product := u.node != nil && u.reductions() == nil
		for _, t := range u.elems {
			for i, x := range t.in {
				switch b := f.where[x].base; {
				case !u.own[t] || u.own[b]:
				case product || !f.inPlace(t, i):
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
func (f *fusion) closure(t *Tensor) (again, from []*Tensor) {
	u := f.of[t].root()
	var walk func(x *Tensor)
	walk = func(x *Tensor) {
		switch {
		case slices.Contains(again, x) || slices.Contains(from, x) || inlined(x) && !u.own[x]:
		case x == t || u.own[x] && x.isElementwise() && !f.stored[x] && x.Len() == t.Len():
			again = append(again, x)
			for _, y := range x.in {
				walk(f.where[y].base)
			}
		default:
			from = append(from, x)
		}
	}
	walk(t)
	slices.SortFunc(again, func(a, b *Tensor) int { return f.number[a] - f.number[b] })
	return again, from
}

// takes tells whether unit c may compute t itself, which takes these nodes and reads these values.
func (f *fusion) takes(c *unit, t *Tensor, again, from []*Tensor) bool {
	reads := map[*Tensor]bool{}
	for x := range c.stops {
		reads[x] = true
	}
	for _, x := range c.elems {
		for _, y := range x.in {
			if b := f.where[y].base; c.own[x] && !c.own[b] && !inlined(b) {
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
		if x.op.Table {
			return false
		}
		if !c.own[x] {
			cost += x.cost()
			nodes = append(nodes, x)
		}
	}
	if c.node != nil && len(nodes)-len(c.reductions()) > maxRowNodes {
		return false
	}
	return more <= 1 && cost <= maxRecompute && len(reads)-1 <= maxInputs && f.allows(len(nodes), nodes...)
}
