package tensor

import "slices"

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
		axes, ok := p.view.permutation(p.base.op.Shape)
		along := p.view.collapse().Strides
		if !ok || len(along) == 0 || along[len(along)-1] != 1 { // it stores four at a time
			continue
		}
		y := c.low.add(&Tensor{op: p.base.op.Order(axes), in: p.base.in})
		shape := t.op.Shape
		t.op = Op{Name: "Reshape", Shape: shape, DType: t.op.DType, View: func(v View) (View, bool) { return v.reshape(shape) }}
		t.in = []*Tensor{y}
		for _, x := range live { // t's, and what is seen through it
			c.low.where[x], _ = c.low.place(x)
		}
	}
	c.low.resort()
}

// permutation returns the axes of a shape in the order in which v goes through all of its elements.
func (v View) permutation(shape []int) (axes []int, ok bool) {
	strides := contiguous(shape).Strides
	w := v.collapse()
	if w.Lo != nil || w.Offset != 0 {
		return nil, false
	}
	for i, n := range w.Shape {
		var run []int
		m := 1
		for a := len(shape) - 1; a >= 0 && m < n; a-- {
			if shape[a] > 1 && strides[a] == w.Strides[i]*m {
				run = append([]int{a}, run...)
				m *= shape[a]
			}
		}
		if m != n {
			return nil, false
		}
		axes = append(axes, run...)
	}
	for a, n := range shape {
		if n == 1 {
			axes = append(axes, a)
		}
	}
	sorted := slices.Sorted(slices.Values(axes))
	return axes, slices.Equal(sorted, counting(0, len(shape)))
}
