package lower

import "genview/tensor/internal/ir"

// Reorder lets a product write its result in the order into which a copy would bring it, if that copy is its only reader. In attention
// this makes the heads contiguous without a pass over memory.
func (g *Graph) Reorder(roots []*ir.Node) {
	live := g.Live(roots)
	readers := map[*ir.Node]int{}
	for _, r := range roots {
		readers[g.Base(r)]++
	}
	for _, t := range live {
		if t.IsLeaf() || t.View != nil {
			continue
		}
		for _, x := range t.In {
			readers[g.Base(x)]++
		}
	}
	for _, t := range live {
		if t.Kind != ir.Copy {
			continue
		}
		p := g.Where[t.In[0]]
		c := p.Base.Contraction()
		if c == nil || readers[p.Base] != 1 {
			continue
		}
		axes, ok := p.View.Permutation(p.Base.Shape)
		along := p.View.Collapse().Strides
		if !ok || len(along) == 0 || along[len(along)-1] != 1 { // the kernel stores four consecutive elements at a time
			continue
		}
		y := g.Add(&ir.Node{Op: c.Ordered(axes).Op(p.Base.Name), In: p.Base.In})
		t.Op = ir.ReshapeOp(t.DType, t.Shape)
		t.In = []*ir.Node{y}
		for _, x := range live { // the layouts of t, and of views of it
			g.Where[x], _ = g.place(x)
		}
	}
	g.Resort()
}
