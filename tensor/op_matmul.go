package tensor

import (
	"slices"
	"strings"

	"genview/shaders/spirv"
	"genview/tensor/internal/codegen"
	"genview/tensor/internal/ir"
)

// MatMul returns the matrix product [..., M, N] of x [..., M, K] and y [..., K, N]; the leading axes broadcast. A vector is a row on the
// left and a column on the right, and its axis of size 1 is dropped from the result. Transposed and sliced operands are read in place.
// Operands may be F16 or BF16; the result is F32.
func (x *Tensor) MatMul(y *Tensor) *Tensor {
	in := []*Tensor{x, y}
	if x.err != nil || y.err != nil {
		return fail("MatMul", in, "an operand is poisoned")
	}
	if !x.op.DType.IsFloat() || !y.op.DType.IsFloat() {
		return fail("MatMul", in, "it takes floats, not %s and %s", x.op.DType, y.op.DType)
	}
	switch {
	case x.Rank() == 0 || y.Rank() == 0:
		return fail("MatMul", in, "both need an axis or more")
	case x.Rank() == 1:
		return x.Unsqueeze(0).MatMul(y).Squeeze(-min(y.Rank(), 2))
	case y.Rank() == 1:
		return x.MatMul(y.Unsqueeze(1)).Squeeze(-1)
	}
	m, k, n := x.Dim(-2), x.Dim(-1), y.Dim(-1)
	if k != y.Dim(-2) {
		return fail("MatMul", in, "inner sizes %d and %d differ", k, y.Dim(-2))
	}
	front := x.op.Shape[:x.Rank()-2]
	if y.Rank() == 2 && len(front) > 0 { // one large product instead of many small ones
		return x.Reshape(-1, k).MatMul(y).Reshape(append(slices.Clone(front), m, n)...)
	}
	batch, ok := broadcast(front, y.op.Shape[:y.Rank()-2])
	if !ok {
		return fail("MatMul", in, "the axes in front do not broadcast")
	}
	x = x.Expand(append(slices.Clone(batch), m, k)...)
	y = y.Expand(append(slices.Clone(batch), k, n)...)
	b0, b1 := 1, 1
	if len(batch) > 0 {
		b0, b1 = ir.Size(batch[:len(batch)-1]), batch[len(batch)-1]
	}
	out := append(slices.Clone(batch), m, n)
	return product(x.Reshape(b0, b1, m, k), y.Reshape(b0, b1, k, n)).Reshape(out...)
}

// product is MatMul for [B0, B1, M, K] and [B0, B1, K, N]. The tile of a product kernel does not pay if the inner size is very small, or
// the result is. Such a product becomes an expression, or the sum of one, which is fused with its neighbours. The exception is a large
// matrix times a few columns or rows on a GPU: it uses a tile, because a sum along columns would have few invocations.
func product(x, y *Tensor) *Tensor {
	const thin, few, large = 4, 2, 1 << 14
	m, k, n := x.Dim(2), x.Dim(3), y.Dim(3)
	grad := func(dy *Tensor) []*Tensor { // the gradient of an operand gets the operand's order in memory
		dx, dw := product(dy, y.T()), product(x.T(), dy)
		if x.transposed() {
			dx = product(y, dy.T()).T()
		}
		if y.transposed() {
			dw = product(dy.T(), x).T()
		}
		return []*Tensor{dx, dw}
	}
	c := contraction{&ir.Contraction{Batch: x.op.Shape[:2], Rows: []int{m}, Inner: []int{k}, Columns: []int{n}, Out: []int{0, 1, 2, 3}}}
	switch {
	case k <= thin:
		var sum *Tensor
		for i := range k {
			sum = plus(sum, x.Slice(3, i, i+1).Cast(F32).Mul(y.Slice(2, i, i+1).Cast(F32)))
		}
		return sum.withGrad(grad, x, y)
	case n <= few:
		sum := x.Unsqueeze(3).Cast(F32).Mul(y.T().Unsqueeze(2).Cast(F32)).Sum(-1)
		if x.transposed() && m*k >= large {
			sum = sum.replacedOnGPU(c.op("MatMul", nil).On(x, y))
		}
		return sum.withGrad(grad, x, y)
	case m <= few:
		sum := x.Unsqueeze(-1).Cast(F32).Mul(y.Unsqueeze(2).Cast(F32)).Sum(3)
		if k*n >= large {
			sum = sum.replacedOnGPU(c.op("MatMul", nil).On(x, y))
		}
		return sum.withGrad(grad, x, y)
	}
	return c.of("MatMul", x, y, grad)
}

// A contraction builds the graph of a product.
type contraction struct{ *ir.Contraction }

// of returns the contraction of x and y. If there is only one row, as in a depthwise convolution, a tile of a product kernel would be
// nearly empty; the contraction is then an expression, or the sum of one. If grad is nil, the caller must add a gradient.
func (c contraction) of(name string, x, y *Tensor, grad func(dy *Tensor) []*Tensor) *Tensor {
	const few = 32
	switch {
	case ir.Size(c.Rows) == 1 && grad == nil && ir.Size(c.Inner) <= few:
		return c.expression(x, y)
	case ir.Size(c.Rows) == 1 && grad == nil && ir.Size(c.Columns) <= few:
		return c.sum(x, y)
	}
	return c.op(name, grad).On(x, y)
}

func (c contraction) op(name string, grad func(dy *Tensor) []*Tensor) Op {
	o := opOf(c.Op(name))
	o.instead = func(on ir.Target, in []*Tensor) *Tensor { return c.inParts(name, on, in[0], in[1]) }
	o.Grad = func(_, dy *Tensor) []*Tensor { return grad(dy) }
	return o
}

// expression adds up the contraction's terms. Each is a product of slices of x and y.
func (c contraction) expression(x, y *Tensor) *Tensor {
	nb, nr := len(c.Batch), len(c.Rows)
	var sum *Tensor
	for t := range ir.Size(c.Inner) {
		a, b := x, y
		for i := len(c.Inner) - 1; i >= 0; i-- {
			k := t % c.Inner[i]
			t /= c.Inner[i]
			a, b = a.Slice(nb+nr+i, k, k+1), b.Slice(nb+i, k, k+1)
		}
		a = a.Reshape(slices.Concat(c.Batch, c.Rows, ones(c.Columns))...).Permute(c.Out...)
		b = b.Reshape(slices.Concat(c.Batch, ones(c.Rows), c.Columns)...).Permute(c.Out...)
		sum = plus(sum, a.Cast(F32).Mul(b.Cast(F32)))
	}
	return sum
}

// sum returns the contraction as the sum of all products.
func (c contraction) sum(x, y *Tensor) *Tensor {
	nb, ni, nc := len(c.Batch), len(c.Inner), len(c.Columns)
	x = x.Reshape(slices.Concat(c.Batch, c.Rows, ones(c.Columns), c.Inner)...)
	y = y.Permute(slices.Concat(ir.Counting(0, nb), ir.Counting(nb+ni, nc), ir.Counting(nb, ni))...)
	y = y.Reshape(slices.Concat(c.Batch, ones(c.Rows), c.Columns, c.Inner)...)
	return x.Cast(F32).Mul(y.Cast(F32)).Sum(ir.Counting(nb+len(c.Rows)+nc, ni)...).Permute(c.Out...)
}

// ones returns as many axes of size 1.
func ones(axes []int) []int { return slices.Repeat([]int{1}, len(axes)) }

// transposed tells whether x is a view in which columns, and not rows, are contiguous.
func (x *Tensor) transposed() bool {
	v, ok := x.layout()
	last := len(v.Shape) - 1
	return ok && v.Strides[last-1] == 1 && v.Strides[last] > 1
}

// layout returns the layout of x in the tensor that it is a view of, as far as layouts can express it without a copy.
func (x *Tensor) layout() (View, bool) {
	if x.op.View == nil {
		return ir.RowMajor(x.op.Shape), true
	}
	v, ok := x.in[0].layout()
	if !ok {
		return v, false
	}
	return x.op.View(v)
}

// Outer returns the outer product x·yᵀ [M, N] of vectors x [M] and y [N].
func (x *Tensor) Outer(y *Tensor) *Tensor {
	if x.err == nil && y.err == nil && (x.Rank() != 1 || y.Rank() != 1) {
		return fail("Outer", []*Tensor{x, y}, "it takes two vectors")
	}
	return x.Unsqueeze(1).Mul(y.Unsqueeze(0))
}

// Linear returns x·weightᵀ + bias [..., O] of x [..., I], weight [O, I] and bias [O], which may be nil. The bias, and an activation of
// the result, are fused with the product.
func (x *Tensor) Linear(weight, bias *Tensor) *Tensor {
	y := x.MatMul(weight.T())
	if bias != nil {
		y = y.Add(bias)
	}
	return y
}

// Einsum sums products of elements by Einstein's convention: "bij,bjk->bik" is a product of batches of matrices, "bi,oij,bj->bo" a
// bilinear form. Each letter is an axis; letters that the result lacks are summed over. Operands are multiplied from left to right.
func Einsum(formula string, xs ...*Tensor) *Tensor {
	for _, x := range xs {
		if x.err != nil {
			return x
		}
		if x.op.DType != F32 {
			return fail("Einsum", xs, "it takes f32, not %s: Cast it", x.op.DType)
		}
	}
	left, out, ok := strings.Cut(strings.ReplaceAll(formula, " ", ""), "->")
	terms := strings.Split(left, ",")
	size := map[rune]int{}
	if !ok || len(terms) != len(xs) || !distinct(out) {
		return fail("Einsum", xs, "%q does not name the axes of %d operands and, after ->, those of the result", formula, len(xs))
	}
	for i, term := range terms {
		if len(term) != xs[i].Rank() || !distinct(term) {
			return fail("Einsum", xs, "%q does not name each axis of operand %d by a letter of its own", term, i)
		}
		for k, c := range term {
			if n, ok := size[c]; ok && n != xs[i].op.Shape[k] {
				return fail("Einsum", xs, "the axes %c have the sizes %d and %d", c, n, xs[i].op.Shape[k])
			}
			size[c] = xs[i].op.Shape[k]
		}
	}
	for _, c := range out {
		if size[c] == 0 {
			return fail("Einsum", xs, "no operand has the axis %c", c)
		}
	}
	y, have := xs[0], terms[0]
	for i, x := range xs {
		later := out + strings.Join(terms[i+1:], "")
		if i == 0 {
			y, have = y.sumAxes(have, strings.Join(terms[1:], "")+out)
			continue
		}
		term := terms[i]
		x, term = x.sumAxes(term, have+later)
		y, have = y.sumAxes(have, term+later)
		y, have = contract(y, have, x, term, later)
	}
	order := make([]int, len(out))
	for i, c := range out {
		order[i] = strings.IndexRune(have, c)
	}
	return y.Permute(order...)
}

func distinct(term string) bool {
	for i, c := range term {
		if strings.ContainsRune(term[:i], c) {
			return false
		}
	}
	return true
}

// sumAxes sums over the axes whose letters are not needed later.
func (x *Tensor) sumAxes(term, needed string) (*Tensor, string) {
	var axes []int
	rest := ""
	for i, c := range term {
		if strings.ContainsRune(needed, c) {
			rest += string(c)
		} else {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 || x.err != nil {
		return x, term
	}
	return x.Sum(axes...), rest
}

// contract multiplies two operands whose axes have letters. It sums over the letters that both have and that are not needed later.
func contract(x *Tensor, tx string, y *Tensor, ty, later string) (*Tensor, string) {
	for _, t := range []*Tensor{x, y} {
		if t.err != nil { // a poisoned tensor may lack axes that the letters name
			return t, tx
		}
	}
	var batch, rows, inner, columns string
	for _, c := range tx {
		switch {
		case !strings.ContainsRune(ty, c):
			rows += string(c)
		case strings.ContainsRune(later, c):
			batch += string(c)
		default:
			inner += string(c)
		}
	}
	for _, c := range ty {
		if !strings.ContainsRune(tx, c) {
			columns += string(c)
		}
	}
	order := func(t *Tensor, have string, groups ...string) *Tensor { // [batch, …, …]: each group becomes one axis
		var axes, shape []int
		for _, g := range groups {
			n := 1
			for _, c := range g {
				i := strings.IndexRune(have, c)
				axes = append(axes, i)
				n *= t.op.Shape[i]
			}
			shape = append(shape, n)
		}
		return t.Permute(axes...).Reshape(shape...)
	}
	size := map[rune]int{}
	for i, c := range tx {
		size[c] = x.op.Shape[i]
	}
	for i, c := range ty {
		size[c] = y.op.Shape[i]
	}
	have := batch + rows + columns
	var shape []int
	for _, c := range have {
		shape = append(shape, size[c])
	}
	return order(x, tx, batch, rows, inner).MatMul(order(y, ty, batch, inner, columns)).Reshape(shape...), have
}

// partsOf is the reduction that adds up the parts of a product.
var partsOf = &ir.Reduction{Name: "Parts", Combine: (*spirv.Block).Add, Subgroup: (*spirv.Block).SubgroupAdd, Parts: true}

// inParts returns the contraction as the sum of several parts, each over a range of its terms. It returns nil if the target computes the
// contraction in one part.
func (c contraction) inParts(name string, on ir.Target, x, y *Tensor) *Tensor {
	if on.CPU {
		return nil
	}
	axis, parts := codegen.Parts(on, c.Contraction)
	if parts == 1 {
		return nil
	}
	cut := func(x *Tensor, at int) *Tensor { // the axis becomes two axes, and the first of them moves to the front
		shape := x.Shape()
		shape[at] /= parts
		x = x.Reshape(slices.Insert(shape, at, parts)...)
		return x.Permute(slices.Concat([]int{at}, ir.Counting(0, at), ir.Counting(at+1, x.Rank()-at-1))...)
	}
	nb, nr := len(c.Batch), len(c.Rows)
	part := &ir.Contraction{Batch: append([]int{parts}, c.Batch...), Rows: c.Rows, Inner: slices.Clone(c.Inner), Columns: c.Columns, Out: []int{0}}
	part.Inner[axis] /= parts
	for _, a := range c.Out {
		part.Out = append(part.Out, a+1)
	}
	o := contraction{part}.op(name, nil)
	o.instead = nil
	all := o.On(cut(x, nb+nr+axis), cut(y, nb+axis))
	shape := all.Shape()[1:]
	sum := Op{Name: partsOf.Name, Shape: []int{1, ir.Size(shape)}, DType: F32, reduce: partsOf}
	return sum.On(all.Reshape(1, parts, ir.Size(shape))).Reshape(shape...)
}
