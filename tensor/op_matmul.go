package tensor

import "slices"

// MatMul returns the matrix product of x [..., M, K] and y [..., K, N], [..., M, N]; the axes in front broadcast. Transposed and
// sliced operands are read in place.
func (x *Tensor) MatMul(y *Tensor) *Tensor {
	in := []*Tensor{x, y}
	if x.err != nil || y.err != nil {
		return fail("MatMul", in, "an operand is poisoned")
	}
	if x.op.DType != F32 || y.op.DType != F32 {
		return fail("MatMul", in, "it takes f32, not %s and %s", x.op.DType, y.op.DType)
	}
	if x.Rank() < 2 || y.Rank() < 2 {
		return fail("MatMul", in, "both need two axes or more")
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
		b0, b1 = size(batch[:len(batch)-1]), batch[len(batch)-1]
	}
	out := append(slices.Clone(batch), m, n)
	return product(x.Reshape(b0, b1, m, k), y.Reshape(b0, b1, k, n)).Reshape(out...)
}

// product is MatMul for [B0, B1, M, K] and [B0, B1, K, N]. A tile of a product kernel is no good where hardly anything is to be added
// up, or next to nothing comes out: such a product is an expression, or the sum of one, which is fused with what is around it.
func product(x, y *Tensor) *Tensor {
	const thin, few = 4, 2
	m, k, n := x.Dim(2), x.Dim(3), y.Dim(3)
	grad := func(dy *Tensor) []*Tensor { // as an operand lies in memory, so should its gradient
		dx, dw := product(dy, y.T()), product(x.T(), dy)
		if x.transposed() {
			dx = product(y, dy.T()).T()
		}
		if y.transposed() {
			dw = product(dy.T(), x).T()
		}
		return []*Tensor{dx, dw}
	}
	switch {
	case k <= thin:
		var sum *Tensor
		for i := range k {
			sum = plus(sum, x.Slice(3, i, i+1).Mul(y.Slice(2, i, i+1)))
		}
		return sum.withGrad(grad, x, y)
	case n <= few:
		return x.Unsqueeze(3).Mul(y.T().Unsqueeze(2)).Sum(-1).withGrad(grad, x, y)
	case m <= few:
		return x.Unsqueeze(-1).Mul(y.Unsqueeze(2)).Sum(3).withGrad(grad, x, y)
	}
	return Op{
		Name: "MatMul", Shape: []int{x.Dim(0), x.Dim(1), m, n}, DType: F32,
		Kernel: matmul,
		Reads:  matmulReads,
		Grad:   func(_, dy *Tensor) []*Tensor { return grad(dy) },
	}.On(x, y)
}

// transposed tells whether x is a view in which columns, and not rows, lie in one piece.
func (x *Tensor) transposed() bool {
	v, ok := x.layout()
	last := len(v.Shape) - 1
	return ok && v.Strides[last-1] == 1 && v.Strides[last] > 1
}

// layout returns how x lies in what it is a view of, as far as that can be said without a copy.
func (x *Tensor) layout() (View, bool) {
	if x.op.View == nil {
		return contiguous(x.op.Shape), true
	}
	v, ok := x.in[0].layout()
	if !ok {
		return v, false
	}
	return x.op.View(v)
}
