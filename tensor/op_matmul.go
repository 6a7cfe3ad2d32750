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

// product is MatMul for [B0, B1, M, K] and [B0, B1, K, N].
func product(x, y *Tensor) *Tensor {
	return Op{
		Name: "MatMul", Shape: []int{x.Dim(0), x.Dim(1), x.Dim(2), y.Dim(3)}, DType: F32,
		Kernel: matmul,
		Reads:  matmulReads,
		Grad: func(_, dy *Tensor) []*Tensor {
			return []*Tensor{product(dy, y.T()), product(x.T(), dy)}
		},
	}.On(x, y)
}
