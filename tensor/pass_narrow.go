package tensor

import "fmt"

// narrow keeps what products read of what others compute in 16 bits, once for all who read it: as torch.autocast does, which hands
// such values on in 16 bits, too. In an expression they are floats like others. What was not computed, variables and inputs, is read
// as it is: a second copy of it would take memory instead of saving some.
func (c *compilation) narrow(roots []*Tensor) {
	dt := c.rt.target.Products
	if dt == F32 {
		return
	}
	const small = 4 // parts of what is kept that are not worth it
	live := (&fusion{lowering: c.low}).live(roots)
	narrowed := map[*Tensor]*Tensor{}
	for _, t := range live {
		if t.op.product == nil {
			continue
		}
		for _, x := range t.in {
			b := c.base(x)
			if b.op.DType == F32 && !b.isLeaf() && !inlined(b) && small*x.Len() >= b.Len() && narrowed[b] == nil {
				narrowed[b] = c.low.share(b.Cast(dt).op, []*Tensor{b})
			}
		}
	}
	for _, t := range live {
		if t.isLeaf() || t.op.View != nil || t.op.Pack != nil {
			continue
		}
		for i, x := range t.in {
			if y := narrowed[c.base(x)]; y != nil {
				t.in[i] = c.low.through(y, x)
			}
		}
	}
	c.low.resort()
}

// through sees y, which has as many elements as what x is a view of, through the layout of x.
func (l *lowering) through(y, x *Tensor) *Tensor {
	v := l.where[x].view
	return l.share(Op{
		Name: "Lie", Shape: x.op.Shape, DType: y.op.DType, Attr: fmt.Sprint(v),
		View: func(w View) (View, bool) { return v, w.Contiguous() },
	}, []*Tensor{y})
}
