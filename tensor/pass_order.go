package tensor

// order lets a kernel write its result in the order in which a copy would put it, where nothing reads it as it is: the heads of an
// attention go next to each other without a pass over memory of their own.
func (c *compilation) order(roots []*Tensor) {
	live := (&fusion{lowering: c.low}).live(roots)
	readers := map[*Tensor]int{}
	for _, r := range roots {
		readers[c.base(r)]++
	}
	for _, t := range live {
		if t.isLeaf() || t.op.View != nil {
			continue
		}
		for _, x := range t.in {
			readers[c.base(x)]++
		}
	}
	for _, t := range live {
		if t.op.Name != copyName {
			continue
		}
		p := c.low.where[t.in[0]]
		if p.base.op.Order == nil || readers[p.base] != 1 {
			continue
		}
		axes, ok := p.view.Permutation(p.base.op.Shape)
		along := p.view.Collapse().Strides
		if !ok || len(along) == 0 || along[len(along)-1] != 1 { // it stores four at a time
			continue
		}
		y := c.low.add(&Tensor{op: p.base.op.Order(axes), in: p.base.in})
		shape := t.op.Shape
		t.op = Op{Name: "Reshape", Shape: shape, DType: t.op.DType, View: func(v View) (View, bool) { return v.Reshape(shape) }}
		t.in = []*Tensor{y}
		for _, x := range live { // t's, and what is seen through it
			c.low.where[x], _ = c.low.place(x)
		}
	}
	c.low.resort()
}
