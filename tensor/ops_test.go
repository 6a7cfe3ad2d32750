package tensor_test

import (
	"math"
	"slices"
	"testing"

	"genview/tensor"
)

var (
	vectors = of(sh(s{7}), sh(s{}), sh(s{1}), sh(s{3, 5}), sh(s{4, 64}), sh(s{2, 3, 1, 5}), sh(s{33, 65}))
	pairs   = of(sh(s{7}, s{7}), sh(s{3, 5}, s{5}), sh(s{4, 1, 8}, s{3, 1}), sh(s{}, s{2, 3}), sh(s{16, 32}, s{16, 1}), sh(s{2, 12}, s{2, 12}))
	planes  = of(sh(s{3, 5}), sh(s{4, 8}), sh(s{1, 1}), sh(s{33, 130}), sh(s{130, 33}))
	cubes   = of(sh(s{2, 3, 5}), sh(s{1, 1, 1}), sh(s{4, 8, 12}), sh(s{3, 65, 2}))
	logits  = of(sh(s{3, 5}), sh(s{2, 3, 65}), sh(s{1, 1}), sh(s{16, 12}))
	edges   = []float64{-1e4, -88, -1, -1e-6, 0, 1e-6, 1, 88, 1e4}
)

var inf, nan = math.Inf(1), math.NaN()

func elu(alpha, scale float64) func(float64) float64 {
	return func(x float64) float64 {
		if x > 0 {
			return scale * x
		}
		return scale * alpha * math.Expm1(x)
	}
}

func huber(x, t float64) float64 {
	if d := math.Abs(x - t); d > 0.7 {
		return 0.7 * (d - 0.35)
	}
	return (x - t) * (x - t) / 2
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func gelu(x float64) float64 {
	return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

func leaky(x float64) float64 {
	if x > 0 {
		return x
	}
	return 0.2 * x
}

func sign(x float64) float64 { return bit(x > 0) - bit(x < 0) }

// THE table of ops: one row an op.
var opCases = slices.Concat(basicCases, indexCases, layerCases)

var basicCases = []opCase{
	{name: "Neg", op: unary((*T).Neg), ref: each(func(x float64) float64 { return -x }), in: normal, dims: vectors, also: edges},
	{name: "Abs", op: unary((*T).Abs), ref: each(math.Abs), in: away, dims: vectors, also: edges},
	{name: "Sign", op: unary((*T).Sign), ref: each(sign), in: away, dims: vectors, also: edges, ints: true},
	{name: "Floor", op: unary((*T).Floor), ref: each(math.Floor), in: away, dims: vectors, also: edges, ints: true},
	{name: "Square", op: unary((*T).Square), ref: each(func(x float64) float64 { return x * x }), in: normal, dims: vectors},
	{name: "Ceil", op: unary((*T).Ceil), ref: each(math.Ceil), in: away, dims: vectors, also: edges, ints: true},
	{name: "Trunc", op: unary((*T).Trunc), ref: each(math.Trunc), in: away, dims: vectors, also: edges, ints: true},
	{name: "Round", op: unary((*T).Round), ref: each(math.RoundToEven), in: away, dims: vectors, also: []float64{-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1e9}, ints: true},
	{name: "Reciprocal", op: unary((*T).Reciprocal), ref: each(func(x float64) float64 { return 1 / x }), in: uniform(0.5, 3), dims: vectors, also: []float64{-2, 0, inf, -inf, nan}},
	{name: "Expm1", op: unary((*T).Expm1), ref: each(math.Expm1), in: uniform(-3, 3), dims: vectors, also: []float64{-inf, -100, 0, 1e-6, inf, nan}},
	{name: "Log1p", op: unary((*T).Log1p), ref: each(math.Log1p), in: uniform(-0.7, 4), dims: vectors, also: []float64{-1, 0, 1e-6, 1e9, inf, nan}},
	{name: "Erf", op: unary((*T).Erf), ref: each(math.Erf), in: uniform(-3, 3), dims: vectors, also: []float64{-inf, -9, 0, 1e-6, 9, inf, nan}},
	{name: "Sqrt", op: unary((*T).Sqrt), ref: each(math.Sqrt), in: uniform(0.5, 3), dims: vectors},
	{name: "Rsqrt", op: unary((*T).Rsqrt), ref: each(func(x float64) float64 { return 1 / math.Sqrt(x) }), in: uniform(0.5, 3), dims: vectors},
	{name: "Exp", op: unary((*T).Exp), ref: each(math.Exp), in: uniform(-4, 4), dims: vectors, also: []float64{-200, 0, 10}},
	{name: "Log", op: unary((*T).Log), ref: each(math.Log), in: uniform(0.3, 5), dims: vectors, also: []float64{1, 1e-10, 1e10}},
	{name: "Sin", op: unary((*T).Sin), ref: each(math.Sin), in: uniform(-3, 3), dims: vectors},
	{name: "Cos", op: unary((*T).Cos), ref: each(math.Cos), in: uniform(-3, 3), dims: vectors},
	{name: "Tanh", op: unary((*T).Tanh), ref: each(math.Tanh), in: uniform(-4, 4), dims: vectors, also: edges},
	{name: "Sigmoid", op: unary((*T).Sigmoid), ref: each(sigmoid), in: uniform(-6, 6), dims: vectors, also: edges},
	{name: "Softplus", op: unary((*T).Softplus), ref: each(softplus), in: uniform(-6, 6), dims: vectors, also: edges},
	{name: "ReLU", op: unary((*T).ReLU), ref: each(func(x float64) float64 { return math.Max(x, 0) }), in: away, dims: vectors, also: edges},
	{
		name: "LeakyReLU", op: unary(func(x *T) *T { return x.LeakyReLU(0.2) }), ref: each(leaky),
		in: away, dims: vectors, also: edges,
	},
	{name: "GELU", op: unary((*T).GELU), ref: each(func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 }), in: uniform(-4, 4), dims: vectors, also: []float64{-100, 0, 100}},
	{name: "GELUTanh", op: unary((*T).GELUTanh), ref: each(gelu), in: uniform(-4, 4), dims: vectors, also: []float64{-100, 0, 100}},
	{name: "Mish", op: unary((*T).Mish), ref: each(func(x float64) float64 { return x * math.Tanh(softplus(x)) }), in: uniform(-4, 4), dims: vectors, also: []float64{-100, 0, 100}},
	{name: "ELU", op: unary(func(x *T) *T { return x.ELU(1.5) }), ref: each(elu(1.5, 1)), in: away, dims: vectors, also: []float64{-100, 0, 100, inf, -inf}},
	{name: "SELU", op: unary((*T).SELU), ref: each(elu(1.6732632423543772, 1.0507009873554805)), in: away, dims: vectors},
	{name: "SiLU", op: unary((*T).SiLU), ref: each(func(x float64) float64 { return x * sigmoid(x) }), in: uniform(-4, 4), dims: vectors},
	{
		name: "Clamp", op: unary(func(x *T) *T { return x.Clamp(-1, 2) }), in: away, dims: vectors, also: edges,
		ref: each(func(x float64) float64 { return math.Min(math.Max(x, -1), 2) }),
	},
	{
		name: "Hardtanh", op: unary(func(x *T) *T { return x.Hardtanh(-1, 2) }), in: away, dims: vectors, also: append([]float64{nan}, edges...),
		ref: each(func(x float64) float64 { return math.Min(math.Max(x, -1), 2) }),
	},
	{name: "Scale", op: unary(func(x *T) *T { return x.Scale(-3) }), ref: each(func(x float64) float64 { return -3 * x }), in: normal, dims: vectors},
	{name: "Shift", op: unary(func(x *T) *T { return x.Shift(2) }), ref: each(func(x float64) float64 { return x + 2 }), in: normal, dims: vectors},
	{
		name: "PowScalar", op: unary(func(x *T) *T { return x.PowScalar(3).Add(x.PowScalar(-1)).Add(x.PowScalar(1.5)) }),
		ref: each(func(x float64) float64 { return x*x*x + 1/x + math.Pow(x, 1.5) }), in: uniform(0.5, 2), dims: vectors,
	},

	{name: "PowScalar/negative", op: unary(func(x *T) *T { return x.PowScalar(-2) }), ref: each(func(x float64) float64 { return math.Pow(x, -2) }), in: uniform(-2, -0.5), dims: vectors, also: []float64{0, inf}},
	{name: "Pow", op: binary((*T).Pow), ref: both(math.Pow), in: uniform(0.5, 2), dims: pairs},
	{
		name: "Pow/points", op: unary(func(x *T) *T { return x.Unsqueeze(1).Pow(x.Unsqueeze(0)).Clamp(-1e6, 1e6) }), ints: true,
		in: whole, dims: of(sh(s{4})), ref: refPowers, also: []float64{-2, -1, -0.5, 0, 0.5, 1, 2, 3, inf, nan},
	},
	{
		name: "Lerp", op: func(in []*T) *T { return in[0].Lerp(in[1], in[2]) }, in: normal, dims: of(sh(s{3, 5}, s{5}, s{3, 1})),
		ref: func(in []array) array {
			return build(in[0].shape, func(at []int) float64 { return in[0].get(at) + in[2].get(at)*(in[1].get(at)-in[0].get(at)) })
		},
	},
	{name: "Add", op: binary((*T).Add), ref: both(add), in: normal, dims: pairs},
	{name: "Sub", op: binary((*T).Sub), ref: both(func(x, y float64) float64 { return x - y }), in: normal, dims: pairs},
	{name: "Mul", op: binary((*T).Mul), ref: both(func(x, y float64) float64 { return x * y }), in: normal, dims: pairs},
	{name: "Div", op: binary((*T).Div), ref: both(func(x, y float64) float64 { return x / y }), in: uniform(0.5, 2), dims: pairs},
	{name: "Maximum", op: binary((*T).Maximum), ref: both(math.Max), in: normal, dims: pairs, order: 1},
	{name: "Minimum", op: binary((*T).Minimum), ref: both(math.Min), in: normal, dims: pairs, order: 1},
	{name: "Less", op: binary((*T).Less), ref: truth(func(x, y float64) bool { return x < y }), in: whole, dims: pairs, ints: true},
	{name: "LessEqual", op: binary((*T).LessEqual), ref: truth(func(x, y float64) bool { return x <= y }), in: whole, dims: pairs, ints: true},
	{name: "Greater", op: binary((*T).Greater), ref: truth(func(x, y float64) bool { return x > y }), in: whole, dims: pairs, ints: true},
	{name: "GreaterEqual", op: binary((*T).GreaterEqual), ref: truth(func(x, y float64) bool { return x >= y }), in: whole, dims: pairs, ints: true},
	{name: "Equal", op: binary((*T).Equal), ref: truth(func(x, y float64) bool { return x == y }), in: whole, dims: pairs, ints: true},
	{name: "NotEqual", op: binary((*T).NotEqual), ref: truth(func(x, y float64) bool { return x != y }), in: whole, dims: pairs, ints: true},
	{
		name: "And", op: binary(func(x, y *T) *T { return x.Cast(tensor.Bool).And(y.Cast(tensor.Bool)) }),
		ref: truth(func(x, y float64) bool { return x != 0 && y != 0 }), in: whole, dims: pairs, ints: true,
	},
	{
		name: "Or", op: binary(func(x, y *T) *T { return x.Cast(tensor.Bool).Or(y.Cast(tensor.Bool)) }),
		ref: truth(func(x, y float64) bool { return x != 0 || y != 0 }), in: whole, dims: pairs, ints: true,
	},
	{
		name: "Xor", op: binary(func(x, y *T) *T { return x.Cast(tensor.Bool).Xor(y.Cast(tensor.Bool)) }),
		ref: truth(func(x, y float64) bool { return (x != 0) != (y != 0) }), in: whole, dims: pairs, ints: true,
	},
	{
		name: "Not", op: unary(func(x *T) *T { return x.Cast(tensor.Bool).Not() }),
		ref: each(func(x float64) float64 { return bit(x == 0) }), in: whole, dims: vectors, ints: true,
	},
	{
		name: "Where", op: binary(func(x, y *T) *T { return tensor.Where(x.Detach().Less(y.Detach()), x.Mul(y), y.Square()) }),
		ref: both(func(x, y float64) float64 {
			if x < y {
				return x * y
			}
			return y * y
		}), in: normal, dims: pairs,
	},
	{
		name: "Cast", op: unary(func(x *T) *T { return x.Scale(10).Cast(tensor.I32).Cast(tensor.F32) }),
		ref: each(func(x float64) float64 { return math.Trunc(float64(float32(10) * float32(x))) }), in: normal, dims: vectors, ints: true,
	},
	{name: "Full", op: unary(func(x *T) *T { return tensor.Full(2.5, x.Shape()...) }), ref: each(func(float64) float64 { return 2.5 }), in: normal, dims: vectors, ints: true},
	{
		name: "Iota", op: unary(func(x *T) *T { return tensor.Iota(0, x.Shape()...).Mul(tensor.Iota(1, x.Shape()...)) }),
		ref: func(in []array) array {
			return build(in[0].shape, func(at []int) float64 { return float64(at[0] * at[1]) })
		},
		in: normal, dims: planes, ints: true,
	},

	{name: "Sum", op: unary(func(x *T) *T { return x.Sum() }), ref: folded(0, add, false), in: normal, dims: cubes},
	{name: "Sum/first", op: unary(func(x *T) *T { return x.Sum(0) }), ref: folded(0, add, false, 0), in: normal, dims: planes},
	{name: "Sum/outer", op: unary(func(x *T) *T { return x.Sum(0, 2) }), ref: folded(0, add, false, 0, 2), in: normal, dims: cubes},
	{name: "SumKeep", op: unary(func(x *T) *T { return x.SumKeep(-1) }), ref: folded(0, add, true, -1), in: normal, dims: planes},
	{name: "SumKeep/chain", op: unary(func(x *T) *T { return x.Exp().Mul(x).SumKeep(1) }), in: uniform(-1, 1), dims: cubes, ref: func(in []array) array {
		return folded(0, add, true, 1)([]array{each(func(x float64) float64 { return math.Exp(x) * x })(in)})
	}},
	{name: "Mean", op: unary(func(x *T) *T { return x.Mean(1) }), ref: scaled(folded(0, add, false, 1), average), in: normal, dims: planes},
	{name: "MeanKeep", op: unary(func(x *T) *T { return x.MeanKeep() }), ref: scaled(folded(0, add, true), average), in: normal, dims: planes},
	{name: "Var", op: unary(func(x *T) *T { return x.Var(0, 0) }), ref: refVar(false, 0), in: normal, dims: planes},
	{name: "Std", op: unary(func(x *T) *T { return x.Std(1, 1) }), ref: refStd, in: normal, dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{33, 130}))},
	{name: "Prod", op: unary(func(x *T) *T { return x.Prod(1) }), ref: folded(1, func(p, x float64) float64 { return p * x }, false, 1), in: uniform(0.7, 1.4), dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{1, 1}), sh(s{2, 33, 3}))},
	{name: "Prod/zeros", op: unary(func(x *T) *T { return x.Prod() }), ref: folded(1, func(p, x float64) float64 { return p * x }, false), in: whole, dims: of(sh(s{4}), sh(s{3}))},
	{name: "Any", op: unary(func(x *T) *T { return x.Greater(tensor.Full(0.9)).Any(1) }), ref: folded(0, func(a, x float64) float64 { return max(a, bit(x > 0.9)) }, false, 1), in: normal, dims: planes, ints: true},
	{name: "All", op: unary(func(x *T) *T { return x.Greater(tensor.Full(-0.9)).All(0) }), ref: folded(1, func(a, x float64) float64 { return min(a, bit(x > -0.9)) }, false, 0), in: normal, dims: planes, ints: true},
	{name: "Norm", op: unary(func(x *T) *T { return x.Norm(2, 1).Add(x.Norm(3, 1)).Add(x.Norm(1, 1)) }), ref: refNorms, in: away, dims: planes},
	{name: "Norm/ends", op: unary(func(x *T) *T { return x.Norm(inf, 0).Add(x.Norm(-inf, 0)).Add(x.Norm(0, 0)) }), ref: refEndNorms, draws: apart, order: 1, dims: of(sh(s{5, 3}), sh(s{8, 4}))},
	{name: "ArgMax", op: unary(func(x *T) *T { return x.ArgMax(1) }), ref: refArg(1, func(x, best float64) bool { return x > best }), in: whole, dims: planes, ints: true},
	{name: "ArgMin", op: unary(func(x *T) *T { return x.ArgMin(0) }), ref: refArg(0, func(x, best float64) bool { return x < best }), in: whole, dims: planes, ints: true},
	{name: "CumSum", op: unary(func(x *T) *T { return x.CumSum(1) }), ref: refCumSum, in: normal, dims: planes, also: nil},
	{name: "VarKeep", op: unary(func(x *T) *T { return x.VarKeep(0, 0, 2) }), ref: refVar(true, 0, 2), in: normal, dims: cubes},
	{name: "Max", op: unary(func(x *T) *T { return x.Max(1) }), ref: folded(math.Inf(-1), math.Max, false, 1), draws: apart, dims: planes},
	{name: "MaxKeep", op: unary(func(x *T) *T { return x.MaxKeep(0) }), ref: folded(math.Inf(-1), math.Max, true, 0), draws: apart, dims: planes},
	{name: "Min", op: unary(func(x *T) *T { return x.Min() }), ref: folded(math.Inf(1), math.Min, false), draws: apart, dims: planes},
	{name: "MinKeep", op: unary(func(x *T) *T { return x.MinKeep(1) }), ref: folded(math.Inf(1), math.Min, true, 1), draws: apart, dims: cubes},
	{name: "LogSumExp", op: unary(func(x *T) *T { return x.LogSumExp(1) }), in: normal, dims: planes, ref: func(in []array) array {
		return each(math.Log)([]array{folded(0, add, false, 1)([]array{each(math.Exp)(in)})})
	}},
	{name: "LayerNorm", op: func(in []*T) *T { return in[0].LayerNorm(in[1], in[2], 1e-5) }, ref: refLayerNorm, in: normal, dims: of(sh(s{3, 5}, s{5}, s{5}), sh(s{2, 4, 64}, s{64}, s{64}), sh(s{7, 128}, s{128}, s{128}))},
	{name: "LayerNorm/weight", op: func(in []*T) *T { return in[0].LayerNorm(in[1], nil, 1e-5) }, ref: refLayerNorm, in: normal, dims: of(sh(s{3, 5}, s{5}))},

	{name: "Embedding", op: unary(func(x *T) *T { return tensor.Embedding(indices(x, 1), x) }), ref: refEmbedding, in: normal, dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{65, 128}), sh(s{1, 1}))},
	{
		name: "Embedding/chain", in: uniform(-1, 1), dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{4, 4})),
		op: unary(func(x *T) *T { // the table is computed beside what reads it
			e := x.Exp()
			rows := tensor.Embedding(tensor.Iota(0, x.Dim(0)), e)
			return rows.Mul(e).Add(tensor.Embedding(indices(x, 1), e).Sum(0, 1))
		}),
		ref: func(in []array) array {
			e := each(math.Exp)(in)
			sum := folded(0, add, false, 0, 1)([]array{refEmbedding([]array{e})})
			return both(func(a, b float64) float64 { return a*a + b })([]array{e, sum})
		},
	},
	{name: "OneHot", op: unary(func(x *T) *T { return indices(x, 1).OneHot(3) }), ints: true, in: normal, dims: planes, ref: func(in []array) array {
		at := places(in[0].shape, 1)
		return build(append(append([]int{}, at.shape...), 3), func(i []int) float64 { return bit(at.get(i[:len(i)-1]) == float64(i[len(i)-1])) })
	}},
	{name: "MaskedFill", op: unary(func(x *T) *T { return x.Mul(x).MaskedFill(tensor.Causal(x.Dim(-1)), 2) }), in: normal, dims: of(sh(s{3, 5, 5}), sh(s{4, 4}), sh(s{2, 1, 64, 64})), ref: func(in []array) array {
		return build(in[0].shape, func(at []int) float64 {
			if at[len(at)-1] > at[len(at)-2] {
				return 2
			}
			x := in[0].get(at)
			return x * x
		})
	}},

	{name: "Softmax", op: unary(func(x *T) *T { return x.Softmax(-1) }), ref: refSoftmax(-1), in: normal, dims: planes},
	{name: "Softmax/first", op: unary(func(x *T) *T { return x.Softmax(0) }), ref: refSoftmax(0), in: normal, dims: planes},
	{name: "LogSoftmax", op: unary(func(x *T) *T { return x.LogSoftmax(1) }), in: normal, dims: planes, ref: func(in []array) array {
		return each(math.Log)([]array{refSoftmax(1)(in)})
	}},

	{name: "Reshape", op: unary(func(x *T) *T { return x.T().Reshape(-1).Exp() }), in: normal, dims: planes, ref: func(in []array) array {
		n, m := in[0].shape[0], in[0].shape[1]
		return build([]int{n * m}, func(at []int) float64 { return math.Exp(in[0].get([]int{at[0] % n, at[0] / n})) })
	}},
	{name: "Flatten", op: unary(func(x *T) *T { return x.Flatten(1) }), in: normal, dims: cubes, ref: func(in []array) array {
		d := in[0].shape
		return array{[]int{d[0], d[1] * d[2]}, in[0].v}
	}},
	{name: "Permute", op: unary(func(x *T) *T { return x.Permute(2, 0, 1).Mul(x.Permute(2, 0, 1)) }), in: normal, dims: cubes, ref: func(in []array) array {
		d := in[0].shape
		return build([]int{d[2], d[0], d[1]}, func(at []int) float64 { return math.Pow(in[0].get([]int{at[1], at[2], at[0]}), 2) })
	}},
	{name: "Transpose", op: unary(func(x *T) *T { return x.Transpose(0, 1) }), in: normal, dims: planes, ref: refTranspose},
	{name: "T", op: unary((*T).T), in: normal, dims: planes, ref: refTranspose},
	{name: "Expand", op: unary(func(x *T) *T { return x.Unsqueeze(1).Expand(x.Dim(0), 3, x.Dim(1)).Square() }), in: normal, dims: planes, ref: func(in []array) array {
		d := in[0].shape
		return build([]int{d[0], 3, d[1]}, func(at []int) float64 { return math.Pow(in[0].get([]int{at[0], at[2]}), 2) })
	}},
	{name: "Unsqueeze", op: unary(func(x *T) *T { return x.Unsqueeze(0) }), in: normal, dims: planes, ref: func(in []array) array {
		return array{append([]int{1}, in[0].shape...), in[0].v}
	}},
	{name: "Squeeze", op: unary(func(x *T) *T { return x.Unsqueeze(1).Squeeze(1) }), in: normal, dims: planes, ref: func(in []array) array { return in[0] }},
	{name: "Slice", op: unary(func(x *T) *T { return x.Slice(1, 1, 3) }), in: normal, dims: of(sh(s{2, 3}), sh(s{5, 8, 4})), ref: refSlice(1, 1, 3, 1)},
	{name: "SliceStep", op: unary(func(x *T) *T { return x.SliceStep(0, 1, 8, 3) }), in: normal, dims: of(sh(s{8}), sh(s{9, 4})), ref: refSlice(0, 1, 8, 3)},
	{name: "Flip", op: unary(func(x *T) *T { return x.Flip(1) }), in: normal, dims: planes, ref: func(in []array) array {
		return build(in[0].shape, func(at []int) float64 { return in[0].get([]int{at[0], in[0].shape[1] - 1 - at[1]}) })
	}},
	{name: "Pad", op: unary(func(x *T) *T { return x.Pad(1, 2, 3).Pad(0, 1, 0).Shift(1) }), in: normal, dims: planes, ref: func(in []array) array {
		d := in[0].shape
		return build([]int{d[0] + 1, d[1] + 5}, func(at []int) float64 {
			i, j := at[0]-1, at[1]-2
			if i < 0 || j < 0 || j >= d[1] {
				return 1
			}
			return in[0].get([]int{i, j}) + 1
		})
	}},
	{name: "PadConstant", op: unary(func(x *T) *T { return x.PadConstant(1, 2, 1, -inf).Maximum(tensor.Full(-9)) }), in: normal, dims: planes, order: 1, ref: refPlaced(2, 1, func(i, n int) int {
		if i < 0 || i >= n {
			return -1
		}
		return i
	}, -9)},
	{name: "PadReflect", op: unary(func(x *T) *T { return x.PadReflect(1, 2, 1) }), in: normal, dims: of(sh(s{2, 3}), sh(s{4, 8})), ref: refPlaced(2, 1, func(i, n int) int {
		if i < 0 {
			return -i
		}
		return min(i, 2*(n-1)-i)
	}, 0)},
	{name: "PadReplicate", op: unary(func(x *T) *T { return x.PadReplicate(1, 2, 3) }), in: normal, dims: planes, ref: refPlaced(2, 3, func(i, n int) int { return min(max(i, 0), n-1) }, 0)},
	{name: "Roll", op: unary(func(x *T) *T { return x.Roll(1, -2) }), in: normal, dims: planes, ref: refPlaced(0, 0, func(i, n int) int { return (i + 2) % n }, 0)},
	{name: "Stack", op: binary(func(x, y *T) *T { return tensor.Stack(1, x, y) }), in: normal, dims: of(sh(s{3, 5}, s{3, 5}), sh(s{4, 8}, s{4, 8})), ref: func(in []array) array {
		d := in[0].shape
		return build([]int{d[0], 2, d[1]}, func(at []int) float64 { return in[at[1]].get([]int{at[0], at[2]}) })
	}},
	{name: "Split", op: unary(func(x *T) *T { parts := x.Split(0, 1, x.Dim(0)-1); return parts[1].Mul(parts[0]) }), in: normal, dims: of(sh(s{3, 5}), sh(s{5, 8})), ref: func(in []array) array {
		d := in[0].shape
		return build([]int{d[0] - 1, d[1]}, func(at []int) float64 { return in[0].get([]int{at[0] + 1, at[1]}) * in[0].get([]int{0, at[1]}) })
	}},
	{name: "Tile", op: unary(func(x *T) *T { return x.Tile(2, 1, 3) }), in: normal, dims: of(sh(s{3, 5}), sh(s{4, 4})), ref: func(in []array) array {
		d := in[0].shape
		return build([]int{2, d[0], 3 * d[1]}, func(at []int) float64 { return in[0].get([]int{at[1], at[2] % d[1]}) })
	}},
	{name: "Tril", op: unary(func(x *T) *T { return x.Tril(1) }), in: normal, dims: planes, ref: refBand(func(i, j int) bool { return j <= i+1 })},
	{name: "Triu", op: unary(func(x *T) *T { return x.Triu(-1) }), in: normal, dims: planes, ref: refBand(func(i, j int) bool { return j >= i-1 })},
	{name: "Concat", op: func(in []*T) *T { return tensor.Concat(1, in...) }, in: normal, dims: of(sh(s{2, 3}, s{2, 1}, s{2, 5}), sh(s{4, 4}, s{4, 8})), ref: func(in []array) array {
		n := 0
		for _, a := range in {
			n += a.shape[1]
		}
		return build([]int{in[0].shape[0], n}, func(at []int) float64 {
			j := at[1]
			for _, a := range in {
				if j < a.shape[1] {
					return a.get([]int{at[0], j})
				}
				j -= a.shape[1]
			}
			return math.NaN()
		})
	}},

	{name: "MatMul", op: binary((*T).MatMul), ref: refMatMul, in: normal, dims: of(
		sh(s{1, 1}, s{1, 1}), sh(s{5, 3}, s{3, 7}), sh(s{32, 64}, s{64, 48}), sh(s{33, 65}, s{65, 31}), sh(s{2, 33, 12}, s{2, 12, 9}),
		sh(s{2, 3, 4, 8}, s{3, 8, 4}), sh(s{2, 5, 8}, s{8, 4}), sh(s{100, 20}, s{20, 100}), sh(s{1, 9}, s{9, 1}))},
	{name: "Outer", op: binary((*T).Outer), in: normal, dims: of(sh(s{3}, s{5}), sh(s{8}, s{4})), ref: func(in []array) array {
		return build([]int{len(in[0].v), len(in[1].v)}, func(at []int) float64 { return in[0].v[at[0]] * in[1].v[at[1]] })
	}},
	{name: "Linear", op: func(in []*T) *T { return in[0].Linear(in[1], in[2]).Tanh() }, in: normal, dims: of(sh(s{5, 7}, s{3, 7}, s{3}), sh(s{2, 16, 32}, s{48, 32}, s{48}), sh(s{33, 20}, s{17, 20}, s{17})), ref: func(in []array) array {
		y := refMatMul([]array{in[0], refTranspose(in[1:2])})
		return each(math.Tanh)([]array{both(add)([]array{y, in[2]})})
	}},
	{name: "Einsum", op: func(in []*T) *T { return tensor.Einsum("bi,oij,bj->bo", in...) }, in: normal, dims: of(sh(s{2, 3}, s{5, 3, 4}, s{2, 4}), sh(s{8, 4}, s{12, 4, 8}, s{8, 8})), ref: func(in []array) array {
		return build([]int{in[0].shape[0], in[1].shape[0]}, func(at []int) float64 {
			sum := 0.0
			index(in[1].shape[1:], func(k []int) {
				sum += in[0].get([]int{at[0], k[0]}) * in[1].get([]int{at[1], k[0], k[1]}) * in[2].get([]int{at[0], k[1]})
			})
			return sum
		})
	}},
	{name: "Einsum/sums", op: binary(func(x, y *T) *T { return tensor.Einsum("aij,jb->ba", x, y) }), in: normal, dims: of(sh(s{2, 3, 5}, s{5, 4})), ref: func(in []array) array {
		return build([]int{in[1].shape[1], in[0].shape[0]}, func(at []int) float64 {
			sum := 0.0
			index(in[0].shape[1:], func(k []int) { sum += in[0].get([]int{at[1], k[0], k[1]}) * in[1].get([]int{k[1], at[0]}) })
			return sum
		})
	}},
	{
		name: "MatMul/transposed", op: binary(func(x, y *T) *T { return x.T().MatMul(y.T()) }), in: normal,
		ref:  func(in []array) array { return refMatMul([]array{refTranspose(in[:1]), refTranspose(in[1:])}) },
		dims: of(sh(s{64, 32}, s{48, 64}), sh(s{65, 33}, s{31, 65}), sh(s{8, 12}, s{20, 8})),
	},

	convCase("2d", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 3, 8, 8}, s{4, 3, 4, 4}), sh(s{1, 1, 5, 7}, s{1, 1, 3, 3}), sh(s{3, 2, 3, 4}, s{5, 2, 1, 2}), sh(s{4, 8, 16, 16}, s{12, 8, 4, 4})),
	convCase("2d/dense", tensor.ConvOptions{}, sh(s{2, 3, 6, 5}, s{4, 3, 3, 3}), sh(s{1, 1, 1, 1}, s{1, 1, 1, 1}), sh(s{2, 8, 9, 8}, s{16, 8, 2, 1})),
	convCase("2d/same", tensor.ConvOptions{Padding: s{1}}, sh(s{2, 4, 8, 12}, s{8, 4, 3, 3})),
	convCase("2d/dilated", tensor.ConvOptions{Stride: s{2, 1}, Padding: s{2, 1}, Dilation: s{2, 3}}, sh(s{2, 2, 9, 8}, s{3, 2, 3, 2})),
	convCase("2d/groups", tensor.ConvOptions{Padding: s{1}, Groups: 2}, sh(s{2, 4, 5, 5}, s{6, 2, 3, 3})),
	convCase("2d/depthwise", tensor.ConvOptions{Stride: s{2}, Padding: s{1}, Groups: 6}, sh(s{2, 6, 8, 8}, s{6, 1, 3, 3})),
	convCase("2d/strides", tensor.ConvOptions{Stride: s{3, 4}, Padding: s{1, 2}}, sh(s{2, 2, 10, 11}, s{3, 2, 4, 3})),
	convCase("2d/patches", tensor.ConvOptions{Stride: s{4}}, sh(s{2, 3, 8, 12}, s{5, 3, 4, 4})),
	convCase("2d/wide", tensor.ConvOptions{Stride: s{2}, Padding: s{2, 3}}, sh(s{1, 2, 7, 8}, s{3, 2, 5, 4}), sh(s{1, 1, 3, 3}, s{1, 1, 2, 2})),
	convCase("1d", tensor.ConvOptions{Stride: s{2}, Padding: s{2}}, sh(s{2, 3, 16}, s{4, 3, 5}), sh(s{1, 2, 7}, s{3, 2, 1})),
	convCase("3d", tensor.ConvOptions{Stride: s{1, 2, 2}, Padding: s{0, 1, 1}}, sh(s{2, 2, 3, 4, 6}, s{3, 2, 2, 3, 4})),
	convTCase("2d", tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 3, 4, 4}, s{3, 2, 4, 4}), sh(s{1, 1, 3, 2}, s{1, 1, 3, 3})),
	convTCase("2d/odd", tensor.ConvTransposeOptions{Stride: s{3, 2}, OutputPadding: s{1}, Groups: 2}, sh(s{2, 4, 3, 2}, s{4, 3, 2, 3})),
	convTCase("2d/dilated", tensor.ConvTransposeOptions{Stride: s{2, 1}, Padding: s{1, 0}, Dilation: s{2}}, sh(s{1, 2, 3, 4}, s{2, 1, 3, 2})),
	convTCase("2d/strides", tensor.ConvTransposeOptions{Stride: s{3, 4}, Padding: s{1, 2}, OutputPadding: s{2, 1}}, sh(s{2, 2, 3, 4}, s{2, 3, 4, 5})),
	convTCase("1d", tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}, OutputPadding: s{1}}, sh(s{2, 3, 5}, s{3, 4, 3})),
	convTCase("3d", tensor.ConvTransposeOptions{Stride: s{2, 1, 2}, Padding: s{1, 0, 0}}, sh(s{1, 2, 2, 3, 2}, s{2, 3, 3, 2, 2})),

	{name: "BCEWithLogits", op: binary((*T).BCEWithLogits), ref: both(func(x, t float64) float64 { return softplus(x) - x*t }), in: normal, dims: pairs},
	{
		name: "CrossEntropy", in: normal, dims: logits, op: unary(func(x *T) *T {
			return x.CrossEntropy(indices(x, 0), tensor.CrossEntropyDefaults())
		}), ref: refCrossEntropy(0, 0, -100),
	},
	{
		name: "CrossEntropy/smoothed", in: normal, dims: logits, op: unary(func(x *T) *T {
			return x.CrossEntropy(indices(x, 0), tensor.CrossEntropyOptions{LabelSmoothing: 0.1, IgnoreIndex: 1})
		}), ref: refCrossEntropy(0, 0.1, 1),
	},
	{name: "L1", op: binary((*T).L1), ref: both(func(x, t float64) float64 { return math.Abs(x - t) }), draws: apartFrom, dims: of(sh(s{7}, s{7}), sh(s{4, 8}, s{4, 8}))},
	{name: "Huber", op: binary(func(x, t *T) *T { return x.Huber(t, 0.7) }), ref: both(huber), in: normal, dims: pairs, order: 1},
	{name: "NLL", op: unary(func(x *T) *T { return x.LogSoftmax(-1).NLL(indices(x, 0)) }), ref: refCrossEntropy(0, 0, -100), in: normal, dims: logits},
	{name: "Hinge", op: binary(func(x, t *T) *T { return x.Hinge(t, 1) }), ref: both(func(x, t float64) float64 { return math.Max(0, 1-t*x) }), in: uniform(0.1, 0.9), dims: pairs},
	{name: "KLNormal", op: binary((*T).KLNormal), ref: both(func(x, v float64) float64 { return (x*x + math.Exp(v) - 1 - v) / 2 }), in: normal, dims: pairs},
	{name: "KLDiv", op: binary((*T).KLDiv), ref: both(func(x, t float64) float64 { return t * (math.Log(t) - x) }), in: uniform(0.1, 1), dims: pairs},
	{name: "MSE", op: binary((*T).MSE), ref: both(func(x, t float64) float64 { return (x - t) * (x - t) }), in: normal, dims: pairs},
}

// convCase is a row for the convolution whose name is Conv with what stands before the slash.
func convCase(name string, o tensor.ConvOptions, dims ...[][]int) opCase {
	conv := map[byte]func(x, w *T, o tensor.ConvOptions) *T{'1': (*T).Conv1d, '2': (*T).Conv2d, '3': (*T).Conv3d}[name[0]]
	return opCase{name: "Conv" + name, op: binary(func(x, w *T) *T { return conv(x, w, o) }), ref: refConv(o), in: normal, dims: dims}
}

func convTCase(name string, o tensor.ConvTransposeOptions, dims ...[][]int) opCase {
	conv := map[byte]func(x, w *T, o tensor.ConvTransposeOptions) *T{
		'1': (*T).ConvTranspose1d, '2': (*T).ConvTranspose2d, '3': (*T).ConvTranspose3d,
	}[name[0]]
	return opCase{name: "ConvTranspose" + name, op: binary(func(x, w *T) *T { return conv(x, w, o) }), ref: refConvT(o), in: normal, dims: dims}
}

func refTranspose(in []array) array {
	d := in[0].shape
	return build([]int{d[1], d[0]}, func(at []int) float64 { return in[0].get([]int{at[1], at[0]}) })
}

func refSlice(axis, lo, hi, step int) func([]array) array {
	return func(in []array) array {
		shape := append([]int{}, in[0].shape...)
		shape[axis] = (hi - lo + step - 1) / step
		return build(shape, func(at []int) float64 {
			p := append([]int{}, at...)
			p[axis] = lo + at[axis]*step
			return in[0].get(p)
		})
	}
}

func TestTableHasNoEmptyRow(t *testing.T) {
	for _, c := range opCases {
		if c.op == nil || c.ref == nil || len(c.dims) == 0 || c.in == nil && c.draws == nil {
			t.Errorf("the row %s lacks something", c.name)
		}
	}
}
