package lower

import "genview/tensor/internal/ir"

// Layouts puts a copy before each kernel input whose layout the kernel cannot read, and before each table whose elements would be computed
// where they are read: a table is looked up in memory.
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

// Packs puts a copy before each part of a pack that has a place of its own already, or is computed wherever it is read. It returns the pack
// that each part lies in, and for each pack itself.
func (g *Graph) Packs(roots []*ir.Node) (in map[*ir.Node]*ir.Node) {
	in = map[*ir.Node]*ir.Node{}
	taken := map[*ir.Node]bool{}
	for _, t := range roots { // results are not where another program's might be
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
				if taken[t.In[i]] { // equal parts: one node has one place
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
