package lower

import (
	"fmt"

	"genview/tensor/internal/ir"
)

// Narrow stores computed values that products read in 16 bits, once for all their readers. torch.autocast does the same: its 16-bit
// values are passed on in 16 bits. In expressions they are converted to float32. Variables and inputs are read unchanged, because a
// second copy of them would take memory instead of saving it.
func (g *Graph) Narrow(roots []*ir.Node) {
	dt := g.On.Products
	if dt == ir.F32 {
		return
	}
	const small = 4 // 1/4: smaller parts of a stored value are not worth it
	live := g.Live(roots)
	narrowed := map[*ir.Node]*ir.Node{}
	for _, t := range live {
		if t.Contraction() == nil {
			continue
		}
		for _, x := range t.In {
			b := g.Base(x)
			if b.DType == ir.F32 && !b.IsLeaf() && !b.Inlined() && small*x.Len() >= b.Len() && narrowed[b] == nil {
				narrowed[b] = g.Share(ir.CastOp(dt, b.Shape), []*ir.Node{b})
			}
		}
	}
	for _, t := range live {
		if t.IsLeaf() || t.View != nil || t.Pack != nil {
			continue
		}
		for i, x := range t.In {
			if y := narrowed[g.Base(x)]; y != nil {
				t.In[i] = g.through(y, x)
			}
		}
	}
	g.Resort()
}

// through returns y seen through the layout of x. y must have as many elements as the tensor that x is a view of.
func (g *Graph) through(y, x *ir.Node) *ir.Node {
	v := g.Where[x].View
	return g.Share(ir.Op{
		Name: "Through", Shape: x.Shape, DType: y.DType, Attr: fmt.Sprint(v),
		View: func(w ir.View) (ir.View, bool) { return v, w.Contiguous() },
	}, []*ir.Node{y})
}
