package lower

import "genview/tensor/internal/ir"

// Layouts inserts a copy before each kernel input whose layout the kernel cannot read. It also inserts one before each table that would
// be computed where it is read, because tables must be in memory.
func (g *Graph) Layouts(roots []*ir.Node) {
	for _, t := range g.Live(roots) {
		if t.Kernel == nil && !t.Table {
			continue
		}
		for i, x := range t.In {
			p := g.Where[x]
			reads := t.Table && !t.LooksUp(i) || p.View.Contiguous() || t.Kernel != nil && t.Kernel.Reads(i, p.View)
			if t.LooksUp(i) && p.Base.Inlined() || !reads {
				t.In[i] = g.Copied(x)
			}
		}
	}
	g.Resort()
}

// Packs inserts a copy before each part of a pack that already has a place in memory, or that is computed wherever it is read. It returns
// the pack that contains each part, and for each pack itself.
func (g *Graph) Packs(roots []*ir.Node) (in map[*ir.Node]*ir.Node) {
	in = map[*ir.Node]*ir.Node{}
	taken := map[*ir.Node]bool{}
	for _, t := range roots { // results lie outside the memory that other programs overwrite
		taken[g.Base(t)] = true
	}
	for _, t := range g.Live(roots) {
		if t.Pack == nil {
			continue
		}
		for i, x := range t.In {
			p := g.Where[x]
			if b := p.Base; taken[b] || b.IsLeaf() || b.Inlined() || b.Pack != nil || !p.View.Contiguous() || b.Len() != x.Len() {
				t.In[i] = g.Copied(x)
				if taken[t.In[i]] { // two equal parts are one node, which can only have one place
					t.In[i] = g.Add(&ir.Node{Op: ir.CopyOp(x.DType, x.Shape), In: []*ir.Node{x}})
				}
			}
			b := g.Base(t.In[i])
			taken[b], in[b] = true, t
		}
		in[t] = t
	}
	g.Resort()
	return in
}
