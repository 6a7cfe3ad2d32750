package optest

import (
	"math"

	"genview/tensor"
)

// narrowCases are ops on 16-bit tensors. Their references round their operands first.
var narrowCases = []Case{
	{Name: "Cast/f16", Op: unary(as(tensor.F16)), Ref: each(nearest16), In: normal, Dims: vectors, Also: append(bounds, edges...), Ints: true, Tol: exact},
	{Name: "Cast/bf16", Op: unary(as(tensor.BF16)), Ref: each(nearestB16), In: normal, Dims: vectors, Also: append(bounds, edges...), Ints: true, Tol: exact},
	{Name: "Cast/stored", Op: unary(func(x *T) *T { // in memory, read through layouts, and beside the value that it is computed from
		y := x.Square().Cast(tensor.F16)
		return y.T().Cast(tensor.F32).Add(y.Slice(1, 0, 1).Cast(tensor.F32).Sum()).Mul(x.T().Softmax(-1).Cast(tensor.BF16).Cast(tensor.F32))
	}), In: normal, Dims: planes, Ints: true, Tol: 1e-2, Ref: refStored}, // a softmax may round to the other side of a tie
	{Name: "Cast/columns", Op: unary(func(x *T) *T { return tensor.Tap("", x.Sum(0).Cast(tensor.BF16)).Reshape(1, -1).MatMul(x.T()) }), In: whole, Dims: planes, Ints: true, Ref: func(in []Array) Array {
		sums := folded(0, add, true, 0)(in)
		return refMatMul([]Array{each(nearestB16)([]Array{sums}), refTranspose(in)})
	}},

	{Name: "ConstAs", Op: unary(func(x *T) *T {
		return tensor.ConstAs(tensor.BF16, []float32{1, 1.00390625, -3e38, 0.1, 257}, 5).Cast(tensor.F32)
	}), In: normal, Dims: of(sh(s{1})), Ints: true, Tol: exact, Ref: func([]Array) Array {
		return each(nearestB16)([]Array{{s{5}, []float64{1, 1.00390625, -3e38, 0.1, 257}}})
	}},

	{Name: "MatMul/f16", Op: operands(tensor.F16, tensor.F16, (*T).MatMul), Ref: rounding(nearest16, nearest16, refMatMul), In: normal, Ints: true, Dims: matrices},
	{Name: "MatMul/bf16", Op: operands(tensor.BF16, tensor.BF16, (*T).MatMul), Ref: rounding(nearestB16, nearestB16, refMatMul), In: normal, Ints: true, Dims: matrices},
	{Name: "MatMul/bf16 f32", Op: operands(tensor.BF16, tensor.F32, (*T).MatMul), Ref: rounding(nearestB16, unrounded, refMatMul), In: normal, Ints: true, Dims: matrices},
	{
		Name: "MatMul/f16 transposed", In: normal, Ints: true, Dims: of(sh(s{5, 7}, s{6, 5}), sh(s{33, 65}, s{31, 33}), sh(s{64, 32}, s{48, 64})),
		Op: operands(tensor.F16, tensor.F16, func(x, y *T) *T { return x.T().MatMul(y.T()) }),
		Ref: rounding(nearest16, nearest16, func(in []Array) Array {
			return refMatMul([]Array{refTranspose(in[:1]), refTranspose(in[1:])})
		}),
	},
	{
		Name: "MatMul/f16 to f16", In: whole, Ints: true, Dims: matrices, // whole numbers, so that both round the same sums
		Op: operands(tensor.F16, tensor.F16, func(x, y *T) *T { return x.MatMul(y).Scale(257).Cast(tensor.F16).Cast(tensor.F32) }),
		Ref: func(in []Array) Array {
			return each(func(x float64) float64 { return nearest16(257 * x) })([]Array{refMatMul(in)})
		},
	},
	{
		Name: "Linear/bf16", In: normal, Ints: true, Dims: of(sh(s{5, 7}, s{9, 7}), sh(s{2, 16, 32}, s{48, 32}), sh(s{33, 20}, s{17, 20})),
		Op: operands(tensor.BF16, tensor.BF16, func(x, w *T) *T { return x.Linear(w, nil) }),
		Ref: rounding(nearestB16, nearestB16, func(in []Array) Array {
			return refMatMul([]Array{in[0], refTranspose(in[1:])})
		}),
	},
	{
		Name: "Conv2d/bf16", In: normal, Ints: true, Dims: of(sh(s{2, 3, 7, 6}, s{5, 3, 3, 3}), sh(s{1, 4, 8, 8}, s{8, 4, 3, 3}), sh(s{2, 32, 6, 6}, s{32, 32, 3, 3})),
		Op:  operands(tensor.BF16, tensor.BF16, func(x, w *T) *T { return x.Conv2d(w, padded) }),
		Ref: rounding(nearestB16, nearestB16, refConv(padded)),
	},
	{
		Name: "ConvTranspose2d/f16", In: normal, Ints: true, Dims: of(sh(s{2, 5, 4, 3}, s{5, 3, 4, 4}), sh(s{1, 8, 4, 4}, s{8, 8, 4, 4})),
		Op:  operands(tensor.F16, tensor.F16, func(x, w *T) *T { return x.ConvTranspose2d(w, doubled) }),
		Ref: rounding(nearest16, nearest16, refConvT(doubled)),
	},
	{
		Name: "Embedding/bf16", In: normal, Ints: true, Dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{65, 128}), sh(s{1, 1})), Tol: exact,
		Op:  unary(func(x *T) *T { return tensor.Embedding(indices(x, 1), x.Cast(tensor.BF16)).Cast(tensor.F32) }),
		Ref: func(in []Array) Array { return refEmbedding([]Array{each(nearestB16)(in)}) },
	},
	{
		Name: "Concat/f16", In: normal, Ints: true, Dims: planes, Tol: exact,
		Op: unary(func(x *T) *T { return tensor.Concat(0, x.Cast(tensor.F16), x.Cast(tensor.F16)).Cast(tensor.F32) }),
		Ref: func(in []Array) Array {
			r := each(nearest16)(in)
			return Array{s{2 * r.Shape[0], r.Shape[1]}, append(r.V, r.V...)}
		},
	},
}

const exact = 1e-12

var (
	matrices = of(sh(s{5, 7}, s{7, 3}), sh(s{1, 1}, s{1, 1}), sh(s{5, 9}, s{9, 8}), sh(s{17, 33}, s{33, 65}), sh(s{64, 64}, s{64, 64}), sh(s{2, 9, 10}, s{2, 10, 14}), sh(s{4, 1, 6, 5}, s{3, 5, 7}))
	padded   = tensor.ConvOptions{Padding: []int{1}}
	doubled  = tensor.ConvTransposeOptions{Stride: []int{2}, Padding: []int{1}}
	// Ties, the ends of both types, and denormal numbers of the first.
	bounds = []float64{1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-8, 1 + 0x3p-8, 65504, 65519, 65520, -65536, 0x1p-14, 0x1.ffcp-15, 0x1p-24, 0x1.8p-24, 0x1p-25, 0x1.01p-25, -0x1.7p-20, math.MaxFloat32, 0x1.fep127}
)

func as(dt tensor.DType) func(x *T) *T {
	return func(x *T) *T { return x.Cast(dt).Cast(tensor.F32) }
}

// operands casts the inputs of an op.
func operands(dx, dy tensor.DType, op func(x, y *T) *T) func(in []*T) *T {
	return func(in []*T) *T { return op(in[0].Cast(dx), in[1].Cast(dy)) }
}

// rounding rounds the inputs of a reference.
func rounding(x, y func(float64) float64, ref func([]Array) Array) func([]Array) Array {
	return func(in []Array) Array { return ref([]Array{each(x)(in[:1]), each(y)(in[1:])}) }
}

func unrounded(x float64) float64 { return x }

// nearest16 returns the F16 nearest to x, and nearestB16 the BF16; a tie goes to the even number.
func nearest16(x float64) float64  { return nearest(x, 11, -24, 65504) }
func nearestB16(x float64) float64 { return nearest(x, 8, -133, 0x1.fep127) }

// nearest rounds to the given number of binary digits, or to multiples of 2^least. Numbers beyond the largest become infinite.
func nearest(x float64, digits, least int, largest float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	_, e := math.Frexp(x)
	ulp := math.Ldexp(1, max(e-digits, least))
	y := math.RoundToEven(x/ulp) * ulp
	if math.Abs(y) > largest {
		return math.Inf(int(math.Copysign(1, x)))
	}
	return y
}

func refStored(in []Array) Array {
	y := each(func(x float64) float64 { return nearest16(float64(float32(x * x))) })(in)
	sum := 0.0
	for i := range y.Shape[0] {
		sum += y.get([]int{i, 0})
	}
	shares := each(nearestB16)([]Array{refSoftmax(-1)([]Array{refTranspose(in)})})
	return both(func(a, b float64) float64 { return (a + sum) * b })([]Array{refTranspose([]Array{y}), shares})
}
