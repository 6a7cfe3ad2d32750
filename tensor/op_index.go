package tensor

// Embedding returns the rows of weight [V, D] that indices [...] of int32 name: [..., D], as torch.nn.functional.embedding does. An
// index that is not from 0 to V−1 gives a row of zeros.
//
// Its gradient is the product of the indices' one-hot matrix with what came back: the same bits at every run, without atomics.
func Embedding(indices, weight *Tensor) *Tensor {
	in := []*Tensor{indices, weight}
	if indices.err != nil || weight.err != nil {
		return fail("Embedding", in, "an operand is poisoned")
	}
	if indices.op.DType != I32 || weight.op.DType != F32 || weight.Rank() != 2 {
		return fail("Embedding", in, "it takes indices of i32 and a weight [V, D] of f32, not %s and %s", indices.op.DType, weight.op.DType)
	}
	v, d := weight.Dim(0), weight.Dim(1)
	shape := append(indices.Shape(), d)
	return Op{
		Name: "Embedding", Shape: shape, DType: F32, Table: true,
		Grad: func(_, dy *Tensor) []*Tensor {
			n := indices.Len()
			hot := indices.Reshape(1, n).Equal(Iota(0, v, n)).Cast(F32)
			return []*Tensor{hot.MatMul(dy.Reshape(n, d)), nil}
		},
	}.On(weight, indices.Unsqueeze(-1).Expand(shape...))
}

// OneHot returns [..., n] of f32: 1 where an index of x [...], of int32, is the place on the last axis, else 0.
func (x *Tensor) OneHot(n int) *Tensor {
	if x.err == nil && x.op.DType != I32 {
		return fail("OneHot", []*Tensor{x}, "it takes i32, not %s", x.op.DType)
	}
	shape := append(x.Shape(), n)
	return x.Unsqueeze(-1).Equal(Iota(-1, shape...)).Cast(F32)
}

// MaskedFill returns v where mask, a Bool tensor that broadcasts, is true, and x elsewhere.
func (x *Tensor) MaskedFill(mask *Tensor, v float64) *Tensor {
	return Where(mask, fullOf(x.op.DType, v, nil), x)
}

// Causal is the mask [n, n] of what the future is to each place of a sequence: true where the column is greater than the row.
func Causal(n int) *Tensor { return Iota(1, n, n).Greater(Iota(0, n, n)) }
