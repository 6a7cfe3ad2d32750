package compile

import (
	"slices"

	"genview/tensor/internal/codegen"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// A Launch is the dispatch of a unit.
type Launch struct {
	*fuse.Unit
	codegen.Generated
	Live int // the bytes that must be in memory while it runs
}

// Launches generates the shaders of all units that are dispatched, in order.
func (c *Program) Launches() []Launch {
	var all []Launch
	live := c.alive()
	for i, u := range c.Fused.Units {
		if u.Node == nil || u.Node.Pack == nil {
			all = append(all, Launch{u, codegen.Generate(c.Fused, u, c.Graph.On, c.Pick), live[i]})
		}
	}
	return all
}

// A Work is the amount of work of a launch.
type Work struct {
	Form, Code string
	FLOPs      float64
	Bytes      int // each element that it reads or writes counts once
}

// Work returns the amount of work of a launch.
func (c *Program) Work(l Launch) Work {
	k := Work{Form: l.Form, Code: c.code(l.Unit)}
	if k.Form == "" {
		k.Form = form(l.Unit)
	}
	reads, flops := c.work(l.Unit)
	k.FLOPs = l.FLOPs + flops
	for t, n := range reads {
		k.Bytes += t.DType.Bytes(n)
	}
	for _, t := range l.Outs {
		k.Bytes += t.Bytes()
	}
	return k
}

// form names the kind of a unit whose generator gives no form.
func form(u *fuse.Unit) string {
	switch {
	case u.Node == nil:
		return "elementwise"
	case u.Node.Reduce == nil:
		return u.Node.Name
	case u.Node.Shape[1] > 1:
		return "columns"
	}
	return "rows"
}

// work returns the number of elements that a unit reads of each stored tensor, and the FLOPs of its elementwise nodes and its reduction.
func (c *Program) work(u *fuse.Unit) (reads map[*ir.Node]int, flops float64) {
	reads = map[*ir.Node]int{}
	own, seen := map[*ir.Node]bool{u.Node: true}, map[*ir.Node]bool{}
	for _, t := range slices.Concat(u.More, u.Elems) {
		own[t] = true
	}
	reduces := u.Reductions() != nil
	var visit func(t *ir.Node)
	visit = func(t *ir.Node) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch {
		case t.Reduce != nil && reduces:
			flops += float64(t.In[0].Len())
		case t.IsElementwise() && len(t.In) > 0:
			flops += float64(t.Len())
		}
		for i, x := range t.In {
			p := c.Graph.Where[x]
			switch b := p.Base; {
			case own[b] || reduces && !u.Stops[b] && !c.Fused.Stored[b]:
				visit(b)
			case b.Inlined() && !c.Fused.Stored[b]:
			case t.Table && i == 0:
				reads[b] = min(reads[b]+t.Len(), b.Len())
			default:
				reads[b] = min(reads[b]+p.View.Footprint(), b.Len())
			}
		}
	}
	if u.Node != nil {
		visit(u.Node)
	}
	for _, t := range slices.Concat(u.More, u.Elems) {
		visit(t)
	}
	return reads, flops
}

// LeastBytes counts the bytes that units read from leaves and write to results.
func (c *Program) LeastBytes() int {
	least := map[*ir.Node]int{}
	for _, u := range c.Fused.Units {
		if u.Node != nil && u.Node.Pack != nil {
			continue
		}
		reads, _ := c.work(u)
		for t, n := range reads {
			if t.IsLeaf() {
				least[t] = max(least[t], n)
			}
		}
	}
	sum := 0
	written := map[*ir.Node]bool{}
	for _, t := range c.roots() {
		if b := c.Graph.Base(t); !b.IsLeaf() && !written[b] {
			written[b] = true
			sum += b.Bytes()
		}
	}
	for t, n := range least {
		sum += t.DType.Bytes(n)
	}
	return sum
}
