package fuse

import (
	"maps"
	"slices"

	"genview/tensor/internal/ir"
	"genview/tensor/internal/lower"
)

// finish decides which values are computed and stored, drops units that store nothing, and sorts the others.
func (f *Fusion) finish(roots []*ir.Node) {
	f.store(roots)
	if !slices.Contains(f.without, Fuse) && !slices.Contains(f.without, Recompute) {
		f.recompute(roots)
		f.store(roots)
	}
	var kept []*Unit
	for _, u := range f.Units {
		if u.into != nil || len(u.Outs) == 0 {
			continue
		}
		unused := func(t *ir.Node) bool { return !u.Own[t] }
		u.More, u.Elems = slices.DeleteFunc(u.More, unused), slices.DeleteFunc(u.Elems, unused)
		maps.DeleteFunc(u.Stops, func(t *ir.Node, _ bool) bool { return !f.Stored[t] })
		kept = append(kept, u)
	}
	f.Units = kept
	f.Sort()
}

// store works backwards from the roots and determines the nodes that each unit computes and the values that must be in memory: those that
// another unit reads, and those that are read at other positions than they are computed at.
func (f *Fusion) store(roots []*ir.Node) {
	clear(f.Stored)
	has := map[*Unit]map[*ir.Node]bool{}
	for _, u := range f.Units {
		if u.into == nil {
			u.Own, u.Outs, has[u] = map[*ir.Node]bool{}, nil, map[*ir.Node]bool{}
			for _, t := range u.computes() {
				has[u][t] = true
			}
		}
	}
	var demand func(t *ir.Node)
	var compute func(u *Unit, t *ir.Node)
	compute = func(u *Unit, t *ir.Node) {
		if u.Own[t] {
			return
		}
		u.Own[t] = true
		from := func(p lower.Place) {
			switch {
			case has[u][p.Base]:
				compute(u, p.Base)
			case !p.Base.Inlined() || p.View.Lo != nil || u.Stops[p.Base]:
				demand(p.Base)
			}
		}
		switch {
		case t.Reduce != nil:
			f.anew(u, t, func(_, x *ir.Node) {
				if p := f.Where[x]; has[u][p.Base] || u.Stops[p.Base] {
					from(p)
				}
			})
		case t.IsElementwise():
			for _, x := range t.In {
				from(f.Where[x])
			}
		default:
			for s := range u.Stops {
				demand(s)
			}
		}
	}
	demand = func(t *ir.Node) {
		if f.Stored[t] {
			return
		}
		f.Stored[t] = true
		if u := f.Of[t]; u != nil {
			u = u.Root()
			compute(u, t)
			u.Outs = append(u.Outs, t)
		}
	}
	for _, r := range roots {
		demand(f.Where[r].Base)
	}
	for _, u := range f.Units {
		slices.SortFunc(u.Outs, func(a, b *ir.Node) int { return f.Number[a] - f.Number[b] })
	}
}

// Sort orders the units so that each follows its dependencies. Otherwise it keeps the order in which they were made.
func (f *Fusion) Sort() {
	var out []*Unit
	state := map[*Unit]int{}
	var visit func(u *Unit)
	visit = func(u *Unit) {
		if state[u] != 0 {
			return
		}
		state[u] = 1
		deps := make([]*Unit, 0, len(u.deps))
		for d := range u.deps {
			deps = append(deps, d.Root())
		}
		slices.SortFunc(deps, func(a, b *Unit) int { return f.rank(a) - f.rank(b) })
		for _, d := range deps {
			visit(d)
		}
		if len(u.Outs) > 0 {
			out = append(out, u)
		}
	}
	for _, u := range f.Units {
		visit(u)
	}
	f.Units = out
}

func (f *Fusion) rank(u *Unit) int {
	if u.Node != nil {
		return f.Number[u.Node]
	}
	return f.Number[u.Elems[0]]
}
