package lower

import (
	"fmt"

	"genview/tensor/internal/ir"
)

// Narrow keeps what products read of what others compute in 16 bits, once for all who read it: as torch.autocast does, which hands
// such values on in 16 bits, too. In an expression they are floats like others. What was not computed, variables and inputs, is read
// as it is: a second copy of it would take memory instead of saving some.
func (g *Graph) Narrow(roots []*ir.Node) {
	dt := g.On.Products
	if dt == ir.F32 {
		return
	}
	const small = 4 // parts of what is kept that are not worth it
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

// through sees y, which has as many elements as what x is a view of, through the layout of x.
func (g *Graph) through(y, x *ir.Node) *ir.Node {
	v := g.Where[x].View
	return g.Share(ir.Op{
		Name: "Through", Shape: x.Shape, DType: y.DType, Attr: fmt.Sprint(v),
		View: func(w ir.View) (ir.View, bool) { return v, w.Contiguous() },
	}, []*ir.Node{y})
}
