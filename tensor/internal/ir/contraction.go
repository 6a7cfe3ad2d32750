package ir

import (
	"fmt"
	"slices"
)

// A Contraction names the axes of a product's operands by kind: x is [batch…, rows…, inner…], y is [batch…, inner…, columns…], and the
// result is [batch…, rows…, columns…] in the order Out.
type Contraction struct {
	Batch, Rows, Inner, Columns []int // sizes
	Out                         []int // axis i of the result is axis Out[i] of [batch…, rows…, columns…]
}

// Result returns the layout of the result, along the axes of each kind.
func (c *Contraction) Result() (batch, rows, columns View) {
	canonical := slices.Concat(c.Batch, c.Rows, c.Columns)
	shape, inverse := make([]int, len(c.Out)), make([]int, len(c.Out))
	for i, a := range c.Out {
		shape[i], inverse[a] = canonical[a], i
	}
	v := RowMajor(shape).Permute(inverse)
	nb, nr := len(c.Batch), len(c.Rows)
	return v.Part(0, nb), v.Part(nb, nr), v.Part(nb+nr, len(c.Columns))
}

// Joins tells whether elementwise nodes can be fused into the product. They can if four consecutive columns of the result are contiguous.
func (c *Contraction) Joins() bool {
	_, _, columns := c.Result()
	return c.StoresQuads() || len(columns.Shape) == 0 || len(columns.Shape) == 1 && columns.Strides[0] == 1
}

// StoresQuads tells whether the kernel stores four consecutive columns of the result at once.
func (c *Contraction) StoresQuads() bool {
	batch, rows, columns := c.Result()
	return AlignedQuads(columns, batch, rows)
}

// Reads tells whether the kernel reads a layout: it may not have padding.
func (c *Contraction) Reads(_ int, v View) bool { return v.Lo == nil }

// Ordered returns the contraction with the axes of its result in another order.
func (c *Contraction) Ordered(axes []int) *Contraction {
	d := *c
	d.Out = make([]int, len(axes))
	for i, a := range axes {
		d.Out[i] = c.Out[a]
	}
	return &d
}

// Op returns the contraction as an op of that name.
func (c *Contraction) Op(name string) Op {
	axes := slices.Concat(c.Batch, c.Rows, c.Columns)
	shape := make([]int, len(axes))
	for i, a := range c.Out {
		shape[i] = axes[a]
	}
	return Op{Name: name, Shape: shape, DType: F32, Attr: fmt.Sprint(*c), Kernel: c}
}

// Product returns the contraction itself.
func (c *Contraction) Product() *Contraction { return c }
