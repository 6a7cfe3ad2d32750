package tensor

import "genview/tensor/internal/ir"

// Embedding returns rows of weight [V, D]: for int32 indices [...] the result is [..., D], as torch.nn.functional.embedding returns. An
// index outside 0 … V−1 gives a row of zeros.
func Embedding(indices, weight *Tensor) *Tensor {
	in := []*Tensor{indices, weight}
	if indices.err != nil || weight.err != nil {
		return fail("Embedding", in, "an operand is poisoned")
	}
	if indices.op.DType != I32 || weight.Rank() != 2 {
		return fail("Embedding", in, "it takes indices of i32 and a weight [V, D], not %s", indices.op.DType)
	}
	v, d := weight.Dim(0), weight.Dim(1)
	shape := append(indices.Shape(), d)
	return Op{
		Name: "Embedding", Shape: shape, DType: weight.op.DType, table: true,
		Grad: func(_, dy *Tensor) []*Tensor {
			return []*Tensor{addRows(indices.Reshape(-1), dy.Reshape(-1, d), v), nil}
		},
	}.On(weight, indices.Unsqueeze(-1).Expand(shape...))
}

// addRows returns [V, D]: row v is the sum of the rows of x [N, D] whose index, of indices [N], is v. The bits are the same at every run,
// because there are no atomic additions. A NaN in x affects only its own row of the result, unlike in a product with a one-hot matrix.
func addRows(indices, x *Tensor, v int) *Tensor {
	const small, few = 1 << 20, 1 << 12
	n, d := x.Dim(0), x.Dim(1)
	var order, starts *Tensor
	if n*v <= small && n <= few {
		order = Op{Name: "OrderRows", Shape: []int{ir.Up(v+1, 4)*4 + n}, DType: I32, Attr: v, kernel: ir.GroupRows{V: v}}.On(indices)
		starts = order
	} else {
		sorted, places := indices.Sort(0, false)
		order, starts = places, sorted.searchSorted(Iota(0, v+1))
	}
	y := Op{
		Name: "AddRows", Shape: []int{v, d}, DType: x.op.DType, kernel: ir.SumRows{},
	}.On(x, order, starts)
	return y.withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{nil, Embedding(indices, dy)} }, indices, x)
}

// searchSorted returns, for each of the given values, how many elements of the ascending x [N] are less. It makes log₂ N look-ups, all in
// one expression.
func (x *Tensor) searchSorted(values *Tensor) *Tensor {
	n, step := x.Len(), 1
	for step <= n/2 {
		step *= 2
	}
	found := fullOf(I32, 0, values.op.Shape)
	for ; step > 0; step /= 2 {
		next := found.Shift(float64(step))
		inside := next.LessEqual(fullOf(I32, float64(n), nil))
		less := x.take(Where(inside, next.Shift(-1), fullOf(I32, 0, nil))).Less(values)
		found = Where(inside.And(less), next, found)
	}
	return found
}

// take returns the elements of x at flat indices.
func (x *Tensor) take(places *Tensor) *Tensor {
	return Embedding(places, x.Reshape(-1, 1)).Reshape(places.op.Shape...)
}

// places converts indices along an axis of x to flat indices.
func (x *Tensor) places(name string, axis int, indices *Tensor) (places, bad *Tensor) {
	in := []*Tensor{x, indices}
	if x.err != nil || indices.err != nil {
		return nil, fail(name, in, "an operand is poisoned")
	}
	a, ok := x.axis(axis)
	if !ok || indices.op.DType != I32 || indices.Rank() != x.Rank() {
		return nil, fail(name, in, "it takes indices of i32 with as many axes, and axis %d", axis)
	}
	shape := indices.op.Shape
	inside := indices.GreaterEqual(fullOf(I32, 0, nil)).And(indices.Less(fullOf(I32, float64(x.Dim(a)), nil)))
	var sum *Tensor
	for i, stride := range ir.RowMajor(x.op.Shape).Strides {
		if i != a && shape[i] > x.op.Shape[i] {
			return nil, fail(name, in, "axis %d of the indices is longer", i)
		}
		at := indices
		if i != a {
			at = Iota(i, shape...)
		}
		sum = plus(sum, at.Scale(float64(stride)))
	}
	return Where(inside, sum, fullOf(I32, -1, nil)), nil
}

// Gather picks elements along an axis: element i of the result is the element of x that has indices' element i, an int32, as its index on
// that axis, as torch.gather does. An index out of range gives 0.
func (x *Tensor) Gather(axis int, indices *Tensor) *Tensor {
	places, bad := x.places("Gather", axis, indices)
	if bad != nil {
		return bad
	}
	return x.take(places)
}

// ScatterAdd adds each element of src to the element of x that Gather would read with the same indices, as torch.scatter_add does. An
// index out of range adds nothing.
func (x *Tensor) ScatterAdd(axis int, indices, src *Tensor) *Tensor {
	places, bad := x.places("ScatterAdd", axis, indices)
	if bad != nil {
		return bad
	}
	if src.err != nil || src.op.DType != x.op.DType || dims(src.op.Shape) != dims(indices.op.Shape) {
		return fail("ScatterAdd", []*Tensor{x, indices, src}, "what is added must have the shape of the indices and x's type")
	}
	return x.Add(addRows(places.Reshape(-1), src.Reshape(-1, 1), x.Len()).Reshape(x.op.Shape...))
}

// IndexSelect picks the slices of an axis with the int32 indices [N], as torch.index_select does.
func (x *Tensor) IndexSelect(axis int, indices *Tensor) *Tensor {
	a, ok := x.axis(axis)
	if x.err == nil && indices.err == nil && (!ok || indices.op.DType != I32 || indices.Rank() != 1) {
		return fail("IndexSelect", []*Tensor{x, indices}, "it takes indices [N] of i32, and axis %d", axis)
	}
	if x.err != nil {
		return x
	}
	front := x.Transpose(0, a)
	shape := front.Shape()
	shape[0] = indices.Len()
	return Embedding(indices, front.Reshape(front.Dim(0), -1)).Reshape(shape...).Transpose(0, a)
}

// Sort sorts an axis, ascending or descending, and returns the elements and their previous indices, as int32. Equal elements keep their
// order, and NaN sorts above all numbers.
func (x *Tensor) Sort(axis int, descending bool) (values, indices *Tensor) {
	a, ok := x.axis(axis)
	if x.err != nil || !ok || x.op.DType == Bool {
		bad := fail("Sort", []*Tensor{x}, "it takes numbers, and axis %d", axis)
		return bad, bad
	}
	last := x.Transpose(a, -1)
	n := last.Dim(-1)
	rows := last.Reshape(-1, n)
	const few = 64
	order := rows.Detach()
	if n <= few {
		order = order.counted(descending)
	} else {
		order = order.bitonic(descending)
	}
	indices = order.Reshape(last.op.Shape...).Transpose(a, -1)
	return x.Gather(a, indices), indices
}

// TopK returns the k largest elements of an axis, in descending order, and their previous indices, as int32.
func (x *Tensor) TopK(axis, k int) (values, indices *Tensor) {
	values, indices = x.Sort(axis, true)
	return values.Slice(axis, 0, k), indices.Slice(axis, 0, k)
}

// counted returns the order of the rows of x [R, N] by counting: the rank of an element is the number of elements that come before it.
func (x *Tensor) counted(descending bool) *Tensor {
	r, n := x.Dim(0), x.Dim(1)
	cube := []int{r, n, n}
	before := comesBefore(x.Unsqueeze(1).Expand(cube...), Iota(2, cube...), x.Unsqueeze(2).Expand(cube...), Iota(1, cube...), n, descending)
	rank := before.Cast(I32).Sum(2)
	return rank.Unsqueeze(1).Equal(Iota(1, cube...)).Cast(I32).Mul(Iota(2, cube...)).Sum(2)
}

// bitonic returns the order of the rows of x [R, N] by a bitonic network (Batcher 1968). It moves elements together with their indices,
// which break ties.
func (x *Tensor) bitonic(descending bool) *Tensor {
	r, n := x.Dim(0), x.Dim(1)
	m := 1
	for m < n {
		m *= 2
	}
	key, at := x.Pad(1, 0, m-n), Iota(1, r, m)
	for size := 2; size <= m; size *= 2 {
		for d := size / 2; d > 0; d /= 2 {
			blocks := []int{r, m / (2 * d), 2, d}
			k, i := key.Reshape(blocks...), at.Reshape(blocks...)
			otherK, otherI := k.Flip(2), i.Flip(2)
			place := Iota(1, r, m).Reshape(blocks...)
			bit := func(v int) *Tensor {
				return place.And(fullOf(I32, float64(v), nil)).Equal(fullOf(I32, 0, nil))
			}
			first := bit(size).Equal(bit(d)) // keep the one of the two elements that comes first
			if size == m {
				first = bit(d)
			}
			take := comesBefore(otherK, otherI, k, i, n, descending).Equal(first)
			key = Where(take, otherK, k).Reshape(r, m)
			at = Where(take, otherI, i).Reshape(r, m)
		}
	}
	return at.Slice(1, 0, n)
}

// comesBefore tells whether element x of index i comes before element y of index j. Indices from n on are padding and come last.
func comesBefore(x, i, y, j *Tensor, n int, descending bool) *Tensor {
	less := x.Less(y)
	same := x.Equal(y)
	if x.op.DType == F32 {
		nanX, nanY := x.NotEqual(x), y.NotEqual(y)
		less = less.Or(nanY.And(nanX.Not()))
		same = same.Or(nanX.And(nanY))
	}
	if descending {
		less = less.Or(same).Not()
	}
	before := less.Or(same.And(i.Less(j)))
	end := fullOf(I32, float64(n), nil)
	return Where(i.GreaterEqual(end).Or(j.GreaterEqual(end)), i.Less(j), before)
}

// OneHot returns F32 [..., n] of int32 indices x [...]: 1 where x is the index on the last axis, else 0.
func (x *Tensor) OneHot(n int) *Tensor {
	if x.err == nil && x.op.DType != I32 {
		return fail("OneHot", []*Tensor{x}, "it takes i32, not %s", x.op.DType)
	}
	return x.isPlace(n).Cast(F32)
}

// isPlace is OneHot as Bool.
func (x *Tensor) isPlace(n int) *Tensor {
	if x.err != nil {
		return x
	}
	return x.Unsqueeze(-1).Equal(Iota(-1, append(x.Shape(), n)...))
}

// MaskedFill returns v where mask, a Bool tensor that broadcasts, is true, and x elsewhere.
func (x *Tensor) MaskedFill(mask *Tensor, v float64) *Tensor {
	return Where(mask, fullOf(x.op.DType, v, nil), x)
}

// Causal returns the mask [n, n] of the positions in the future of each position of a sequence: true where the column is greater than the
// row.
func Causal(n int) *Tensor { return Iota(1, n, n).Greater(Iota(0, n, n)) }
