package optest

import (
	"math"

	"genview/tensor"
)

var (
	vectors = of(sh(s{7}), sh(s{}), sh(s{1}), sh(s{3, 5}), sh(s{4, 64}), sh(s{2, 3, 1, 5}), sh(s{2, 1, 3, 2, 1, 3}), sh(s{33, 65}))
	pairs   = of(sh(s{7}, s{7}), sh(s{3, 5}, s{5}), sh(s{4, 1, 8}, s{3, 1}), sh(s{}, s{2, 3}), sh(s{16, 32}, s{16, 1}), sh(s{2, 12}, s{2, 12}), sh(s{2, 1, 3, 1, 2, 3}, s{4, 1, 2, 1, 3}))
	planes  = of(sh(s{3, 5}), sh(s{4, 8}), sh(s{1, 1}), sh(s{33, 130}), sh(s{130, 33}))
	cubes   = of(sh(s{2, 3, 5}), sh(s{1, 1, 1}), sh(s{4, 8, 12}), sh(s{3, 65, 2}))
	logits  = of(sh(s{3, 5}), sh(s{2, 3, 65}), sh(s{1, 1}), sh(s{16, 12}))
	inf     = math.Inf(1)
	nan     = math.NaN()
	edges   = []float64{-inf, -1e4, -88, -1, -1e-6, 0, 1e-6, 1, 88, 1e4, inf, nan}
	// farAngles are exact in float32; 0x1.f37c8ap95 is nearest to a multiple of π/2 of all.
	farAngles = []float64{1e6, -1e10, 0x1p100, -0x1.fffffep127, 0x1.921fb6p0, 0x1.f37c8ap95, 8191.5, 8192.5, 12867}
	extreme   = [][]float64{{1, nan, -inf, inf, 0}, {inf, 1, -1, 0}, {-inf, 2, -inf}, {inf, inf}, {-inf, -inf}, {3, 3, 3, -3}} // ties, too
)

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

// larger is NaN where one is, and not infinite as Go has it.
func larger(x, y float64) float64 {
	if math.IsNaN(x) || math.IsNaN(y) {
		return nan
	}
	return max(x, y)
}

func smaller(x, y float64) float64 { return -larger(-x, -y) }

func sign(x float64) float64 { return bit(x > 0) - bit(x < 0) }

var basicCases = []Case{
	{Name: "Neg", Op: unary((*T).Neg), Ref: each(func(x float64) float64 { return -x }), In: normal, Dims: vectors, Also: edges},
	{Name: "Abs", Op: unary((*T).Abs), Ref: each(math.Abs), In: away, Dims: vectors, Also: edges},
	{Name: "Sign", Op: unary((*T).Sign), Ref: each(sign), In: away, Dims: vectors, Also: edges, Ints: true},
	{Name: "Floor", Op: unary((*T).Floor), Ref: each(math.Floor), In: away, Dims: vectors, Also: edges, Ints: true},
	{Name: "Square", Op: unary((*T).Square), Ref: each(func(x float64) float64 { return x * x }), In: normal, Dims: vectors, Also: edges},
	{Name: "Ceil", Op: unary((*T).Ceil), Ref: each(math.Ceil), In: away, Dims: vectors, Also: edges, Ints: true},
	{Name: "Trunc", Op: unary((*T).Trunc), Ref: each(math.Trunc), In: away, Dims: vectors, Also: edges, Ints: true},
	{Name: "Round", Op: unary((*T).Round), Ref: each(math.RoundToEven), In: away, Dims: vectors, Also: append([]float64{-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1e9}, edges...), Ints: true},
	{Name: "Reciprocal", Op: unary((*T).Reciprocal), Ref: each(func(x float64) float64 { return 1 / x }), In: uniform(0.5, 3), Dims: vectors, Also: edges},
	{Name: "Expm1", Op: unary((*T).Expm1), Ref: each(math.Expm1), In: uniform(-3, 3), Dims: vectors, Also: edges},
	{Name: "Log1p", Op: unary((*T).Log1p), Ref: each(math.Log1p), In: uniform(-0.7, 4), Dims: vectors, Also: edges},
	{Name: "Erf", Op: unary((*T).Erf), Ref: each(math.Erf), In: uniform(-3, 3), Dims: vectors, Also: edges},
	{Name: "Sqrt", Op: unary((*T).Sqrt), Ref: each(math.Sqrt), In: uniform(0.5, 3), Dims: vectors, Also: edges},
	{Name: "Rsqrt", Op: unary((*T).Rsqrt), Ref: each(func(x float64) float64 { return 1 / math.Sqrt(x) }), In: uniform(0.5, 3), Dims: vectors, Also: edges},
	{Name: "Exp", Op: unary((*T).Exp), Ref: each(math.Exp), In: uniform(-4, 4), Dims: vectors, Also: edges},
	{Name: "Log", Op: unary((*T).Log), Ref: each(math.Log), In: uniform(0.3, 5), Dims: vectors, Also: edges},
	{Name: "Sin", Op: unary((*T).Sin), Ref: each(math.Sin), In: uniform(-3, 3), Dims: vectors, Also: append(farAngles, edges...)},
	{Name: "Cos", Op: unary((*T).Cos), Ref: each(math.Cos), In: uniform(-3, 3), Dims: vectors, Also: append(farAngles, edges...)},
	{Name: "Tanh", Op: unary((*T).Tanh), Ref: each(math.Tanh), In: uniform(-4, 4), Dims: vectors, Also: edges},
	{Name: "Sigmoid", Op: unary((*T).Sigmoid), Ref: each(sigmoid), In: uniform(-6, 6), Dims: vectors, Also: edges},
	{Name: "Softplus", Op: unary((*T).Softplus), Ref: each(softplus), In: uniform(-6, 6), Dims: vectors, Also: edges},
	{Name: "ReLU", Op: unary((*T).ReLU), Ref: each(func(x float64) float64 { return math.Max(x, 0) }), In: away, Dims: vectors, Also: edges},
	{
		Name: "LeakyReLU", Op: unary(func(x *T) *T { return x.LeakyReLU(0.2) }), Ref: each(leaky),
		In: away, Dims: vectors, Also: edges,
	},
	{Name: "GELU", Op: unary((*T).GELU), Ref: each(func(x float64) float64 { return x * (1 + math.Erf(x/math.Sqrt2)) / 2 }), In: uniform(-4, 4), Dims: vectors, Also: edges},
	{Name: "GELUTanh", Op: unary((*T).GELUTanh), Ref: each(gelu), In: uniform(-4, 4), Dims: vectors, Also: edges},
	{Name: "Mish", Op: unary((*T).Mish), Ref: each(func(x float64) float64 { return x * math.Tanh(softplus(x)) }), In: uniform(-4, 4), Dims: vectors, Also: edges},
	{Name: "ELU", Op: unary(func(x *T) *T { return x.ELU(1.5) }), Ref: each(elu(1.5, 1)), In: away, Dims: vectors, Also: edges},
	{Name: "SELU", Op: unary((*T).SELU), Ref: each(elu(1.6732632423543772, 1.0507009873554805)), In: away, Dims: vectors, Also: edges},
	{Name: "SiLU", Op: unary((*T).SiLU), Ref: each(func(x float64) float64 { return x * sigmoid(x) }), In: uniform(-4, 4), Dims: vectors, Also: edges},
	{
		Name: "Clamp", Op: unary(func(x *T) *T { return x.Clamp(-1, 2) }), In: away, Dims: vectors, Also: edges,
		Ref: each(func(x float64) float64 { return math.Min(math.Max(x, -1), 2) }),
	},
	{
		Name: "Hardtanh", Op: unary(func(x *T) *T { return x.Hardtanh(-1, 2) }), In: away, Dims: vectors, Also: edges,
		Ref: each(func(x float64) float64 { return math.Min(math.Max(x, -1), 2) }),
	},
	{Name: "Scale", Op: unary(func(x *T) *T { return x.Scale(-3) }), Ref: each(func(x float64) float64 { return -3 * x }), In: normal, Dims: vectors, Also: edges},
	{Name: "Shift", Op: unary(func(x *T) *T { return x.Shift(2) }), Ref: each(func(x float64) float64 { return x + 2 }), In: normal, Dims: vectors, Also: edges},
	{
		Name: "PowScalar", Op: unary(func(x *T) *T { return x.PowScalar(3).Add(x.PowScalar(-1)).Add(x.PowScalar(1.5)) }),
		Ref: each(func(x float64) float64 { return x*x*x + 1/x + math.Pow(x, 1.5) }), In: uniform(0.5, 2), Dims: vectors,
	},

	{Name: "PowScalar/negative", Op: unary(func(x *T) *T { return x.PowScalar(-2) }), Ref: each(func(x float64) float64 { return math.Pow(x, -2) }), In: uniform(-2, -0.5), Dims: vectors, Also: []float64{0, inf}},
	{Name: "Pow", Op: binary((*T).Pow), Ref: both(math.Pow), In: uniform(0.5, 2), Dims: pairs, Also: []float64{-inf, -2, -1, -0.5, 0, 0.5, 1, 2, 3, inf, nan}},
	{
		Name: "Lerp", Op: func(in []*T) *T { return in[0].Lerp(in[1], in[2]) }, In: normal, Dims: of(sh(s{3, 5}, s{5}, s{3, 1})),
		Ref: func(in []Array) Array {
			return build(in[0].Shape, func(at []int) float64 { return in[0].get(at) + in[2].get(at)*(in[1].get(at)-in[0].get(at)) })
		},
	},
	{Name: "Add", Op: binary((*T).Add), Ref: both(add), In: normal, Dims: pairs, Also: edges},
	{Name: "Sub", Op: binary((*T).Sub), Ref: both(func(x, y float64) float64 { return x - y }), In: normal, Dims: pairs, Also: edges},
	{Name: "Mul", Op: binary((*T).Mul), Ref: both(func(x, y float64) float64 { return x * y }), In: normal, Dims: pairs, Also: edges},
	{Name: "Div", Op: binary((*T).Div), Ref: both(func(x, y float64) float64 { return x / y }), In: uniform(0.5, 2), Dims: pairs, Also: edges},
	{Name: "Maximum", Op: binary((*T).Maximum), Ref: both(larger), In: normal, Dims: pairs, Order: 1, Also: edges},
	{Name: "Minimum", Op: binary((*T).Minimum), Ref: both(smaller), In: normal, Dims: pairs, Order: 1, Also: edges},
	{Name: "Less", Op: binary((*T).Less), Ref: truth(func(x, y float64) bool { return x < y }), In: whole, Dims: pairs, Also: edges, Ints: true},
	{Name: "LessEqual", Op: binary((*T).LessEqual), Ref: truth(func(x, y float64) bool { return x <= y }), In: whole, Dims: pairs, Also: edges, Ints: true},
	{Name: "Greater", Op: binary((*T).Greater), Ref: truth(func(x, y float64) bool { return x > y }), In: whole, Dims: pairs, Also: edges, Ints: true},
	{Name: "GreaterEqual", Op: binary((*T).GreaterEqual), Ref: truth(func(x, y float64) bool { return x >= y }), In: whole, Dims: pairs, Also: edges, Ints: true},
	{Name: "Equal", Op: binary((*T).Equal), Ref: truth(func(x, y float64) bool { return x == y }), In: whole, Dims: pairs, Also: edges, Ints: true},
	{Name: "NotEqual", Op: binary((*T).NotEqual), Ref: truth(func(x, y float64) bool { return x != y }), In: whole, Dims: pairs, Also: edges, Ints: true},
	{
		Name: "And", Op: binary(func(x, y *T) *T { return x.Cast(tensor.Bool).And(y.Cast(tensor.Bool)) }),
		Ref: truth(func(x, y float64) bool { return x != 0 && y != 0 }), In: whole, Dims: pairs, Ints: true,
	},
	{
		Name: "Or", Op: binary(func(x, y *T) *T { return x.Cast(tensor.Bool).Or(y.Cast(tensor.Bool)) }),
		Ref: truth(func(x, y float64) bool { return x != 0 || y != 0 }), In: whole, Dims: pairs, Ints: true,
	},
	{
		Name: "Xor", Op: binary(func(x, y *T) *T { return x.Cast(tensor.Bool).Xor(y.Cast(tensor.Bool)) }),
		Ref: truth(func(x, y float64) bool { return (x != 0) != (y != 0) }), In: whole, Dims: pairs, Ints: true,
	},
	{
		Name: "Not", Op: unary(func(x *T) *T { return x.Cast(tensor.Bool).Not() }),
		Ref: each(func(x float64) float64 { return bit(x == 0) }), In: whole, Dims: vectors, Ints: true,
	},
	{
		Name: "Where", Op: binary(func(x, y *T) *T { return tensor.Where(x.Detach().Less(tensor.Full(0)), x, y.Square()) }),
		Ref: both(func(x, y float64) float64 {
			if x < 0 {
				return x
			}
			return y * y
		}), In: away, Dims: pairs,
	},
	{
		Name: "Cast", Op: unary(func(x *T) *T { return x.Scale(10).Cast(tensor.I32).Cast(tensor.F32) }),
		Ref: each(func(x float64) float64 { return math.Trunc(float64(float32(10) * float32(x))) }), In: normal, Dims: vectors, Ints: true,
	},
	{Name: "Full", Op: unary(func(x *T) *T { return tensor.Full(2.5, x.Shape()...) }), Ref: each(func(float64) float64 { return 2.5 }), In: normal, Dims: vectors, Ints: true},
	{
		Name: "Iota", Op: unary(func(x *T) *T { return tensor.Iota(0, x.Shape()...).Mul(tensor.Iota(1, x.Shape()...)) }),
		Ref: func(in []Array) Array {
			return build(in[0].Shape, func(at []int) float64 { return float64(at[0] * at[1]) })
		},
		In: normal, Dims: planes, Ints: true,
	},

	{Name: "Sum", Op: unary(func(x *T) *T { return x.Sum() }), Ref: folded(0, add, false), In: normal, Dims: cubes},
	{Name: "Sum/first", Op: unary(func(x *T) *T { return x.Sum(0) }), Ref: folded(0, add, false, 0), In: normal, Dims: planes},
	{Name: "Sum/outer", Op: unary(func(x *T) *T { return x.Sum(0, 2) }), Ref: folded(0, add, false, 0, 2), In: normal, Dims: cubes},
	{Name: "Sum/six", Op: unary(func(x *T) *T { return x.Sum(-1, 1, 3) }), Ref: folded(0, add, false, 1, 3, 5), In: normal, Dims: of(sh(s{2, 3, 1, 2, 3, 2}), sh(s{1, 4, 2, 3, 1, 4}))},
	{Name: "SumKeep", Op: unary(func(x *T) *T { return x.SumKeep(-1) }), Ref: folded(0, add, true, -1), In: normal, Dims: planes, Rows: extreme},
	{Name: "SumKeep/chain", Op: unary(func(x *T) *T { return x.Exp().Mul(x).SumKeep(1) }), In: uniform(-1, 1), Dims: cubes, Ref: func(in []Array) Array {
		return folded(0, add, true, 1)([]Array{each(func(x float64) float64 { return math.Exp(x) * x })(in)})
	}},
	{Name: "Mean", Op: unary(func(x *T) *T { return x.Mean(1) }), Ref: scaled(folded(0, add, false, 1), average), In: normal, Dims: planes, Rows: extreme},
	{Name: "MeanKeep", Op: unary(func(x *T) *T { return x.MeanKeep() }), Ref: scaled(folded(0, add, true), average), In: normal, Dims: planes},
	{Name: "Var", Op: unary(func(x *T) *T { return x.Var(0, 0) }), Ref: refVar(false, 0), In: normal, Dims: planes},
	{Name: "Std", Op: unary(func(x *T) *T { return x.Std(1, 1) }), Ref: refStd, In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{33, 130}))},
	{Name: "Prod", Op: unary(func(x *T) *T { return x.Prod(1) }), Ref: folded(1, func(p, x float64) float64 { return p * x }, false, 1), In: uniform(0.7, 1.4), Dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{1, 1}), sh(s{2, 33, 3}))},
	{Name: "Prod/zeros", Op: unary(func(x *T) *T { return x.Prod() }), Ref: folded(1, func(p, x float64) float64 { return p * x }, false), In: whole, Dims: of(sh(s{4}), sh(s{3}))},
	{Name: "Any", Op: unary(func(x *T) *T { return x.Greater(tensor.Full(0.9)).Any(1) }), Ref: folded(0, func(a, x float64) float64 { return max(a, bit(x > 0.9)) }, false, 1), In: normal, Dims: planes, Ints: true},
	{Name: "All", Op: unary(func(x *T) *T { return x.Greater(tensor.Full(-0.9)).All(0) }), Ref: folded(1, func(a, x float64) float64 { return min(a, bit(x > -0.9)) }, false, 0), In: normal, Dims: planes, Ints: true},
	{Name: "Norm", Op: unary(func(x *T) *T { return x.Norm(2, 1).Add(x.Norm(3, 1)).Add(x.Norm(1, 1)) }), Ref: refNorms, In: away, Dims: planes, Rows: extreme},
	{Name: "Norm/ends", Op: unary(func(x *T) *T { return x.Norm(inf, 0).Add(x.Norm(-inf, 0)).Add(x.Norm(0, 0)) }), Ref: refEndNorms, Draws: apart, Order: 1, Dims: of(sh(s{5, 3}), sh(s{8, 4}))},
	{Name: "ArgMax", Op: unary(func(x *T) *T { return x.ArgMax(1) }), Ref: refArg(1, func(x, best float64) bool { return x > best || math.IsNaN(x) && !math.IsNaN(best) }), In: whole, Dims: planes, Rows: extreme, Ints: true},
	{Name: "ArgMin", Op: unary(func(x *T) *T { return x.ArgMin(0) }), Ref: refArg(0, func(x, best float64) bool { return x < best || math.IsNaN(x) && !math.IsNaN(best) }), In: whole, Dims: planes, Ints: true},
	{Name: "CumSum", Op: unary(func(x *T) *T { return x.CumSum(1) }), Ref: refCumSum, In: normal, Dims: planes, Rows: extreme},
	{Name: "VarKeep", Op: unary(func(x *T) *T { return x.VarKeep(0, 0, 2) }), Ref: refVar(true, 0, 2), In: normal, Dims: cubes},
	{Name: "Max", Op: unary(func(x *T) *T { return x.Max(1) }), Ref: folded(-inf, larger, false, 1), Draws: apart, Dims: planes, Rows: extreme},
	{Name: "MaxKeep", Op: unary(func(x *T) *T { return x.MaxKeep(0) }), Ref: folded(-inf, larger, true, 0), Draws: apart, Dims: planes},
	{Name: "Min", Op: unary(func(x *T) *T { return x.Min() }), Ref: folded(inf, smaller, false), Draws: apart, Dims: planes, Rows: extreme},
	{Name: "MinKeep", Op: unary(func(x *T) *T { return x.MinKeep(1) }), Ref: folded(inf, smaller, true, 1), Draws: apart, Dims: cubes, Rows: extreme},
	{Name: "LogSumExp", Op: unary(func(x *T) *T { return x.LogSumExp(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return each(math.Log)([]Array{folded(0, add, false, 1)([]Array{each(math.Exp)(in)})})
	}},
	{Name: "LayerNorm", Op: func(in []*T) *T { return in[0].LayerNorm(in[1], in[2], 1e-5) }, Ref: refLayerNorm, In: normal, Dims: of(sh(s{3, 5}, s{5}, s{5}), sh(s{2, 4, 64}, s{64}, s{64}), sh(s{7, 128}, s{128}, s{128}))},
	{Name: "LayerNorm/weight", Op: func(in []*T) *T { return in[0].LayerNorm(in[1], nil, 1e-5) }, Ref: refLayerNorm, In: normal, Dims: of(sh(s{3, 5}, s{5}))},

	{Name: "Embedding", Op: unary(func(x *T) *T { return tensor.Embedding(indices(x, 1), x) }), Ref: refEmbedding, In: normal, Dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{65, 128}), sh(s{1, 1}))},
	{
		Name: "Embedding/chain", In: uniform(-1, 1), Dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{4, 4})),
		Op: unary(func(x *T) *T { // the table is computed beside what reads it
			e := x.Exp()
			rows := tensor.Embedding(tensor.Iota(0, x.Dim(0)), e)
			return rows.Mul(e).Add(tensor.Embedding(indices(x, 1), e).Sum(0, 1))
		}),
		Ref: func(in []Array) Array {
			e := each(math.Exp)(in)
			sum := folded(0, add, false, 0, 1)([]Array{refEmbedding([]Array{e})})
			return both(func(a, b float64) float64 { return a*a + b })([]Array{e, sum})
		},
	},
	{Name: "OneHot", Op: unary(func(x *T) *T { return indices(x, 1).OneHot(3) }), Ints: true, In: normal, Dims: planes, Ref: func(in []Array) Array {
		at := places(in[0].Shape, 1)
		return build(append(append([]int{}, at.Shape...), 3), func(i []int) float64 { return bit(at.get(i[:len(i)-1]) == float64(i[len(i)-1])) })
	}},
	{Name: "MaskedFill", Op: unary(func(x *T) *T { return x.Mul(x).MaskedFill(tensor.Causal(x.Dim(-1)), 2) }), In: normal, Dims: of(sh(s{3, 5, 5}), sh(s{4, 4}), sh(s{2, 1, 64, 64})), Ref: func(in []Array) Array {
		return build(in[0].Shape, func(at []int) float64 {
			if at[len(at)-1] > at[len(at)-2] {
				return 2
			}
			x := in[0].get(at)
			return x * x
		})
	}},

	{Name: "Softmax", Op: unary(func(x *T) *T { return x.Softmax(-1) }), Ref: refSoftmax(-1), In: normal, Dims: planes, Rows: extreme},
	{Name: "Softmax/first", Op: unary(func(x *T) *T { return x.Softmax(0) }), Ref: refSoftmax(0), In: normal, Dims: planes},
	{Name: "LogSoftmax", Op: unary(func(x *T) *T { return x.LogSoftmax(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return each(math.Log)([]Array{refSoftmax(1)(in)})
	}},

	{Name: "Reshape", Op: unary(func(x *T) *T { return x.T().Reshape(-1).Exp() }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		n, m := in[0].Shape[0], in[0].Shape[1]
		return build([]int{n * m}, func(at []int) float64 { return math.Exp(in[0].get([]int{at[0] % n, at[0] / n})) })
	}},
	{Name: "Flatten", Op: unary(func(x *T) *T { return x.Flatten(1) }), In: normal, Dims: cubes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return Array{[]int{d[0], d[1] * d[2]}, in[0].V}
	}},
	{Name: "Permute", Op: unary(func(x *T) *T { return x.Permute(2, 0, 1).Mul(x.Permute(2, 0, 1)) }), In: normal, Dims: cubes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[2], d[0], d[1]}, func(at []int) float64 { return math.Pow(in[0].get([]int{at[1], at[2], at[0]}), 2) })
	}},
	{Name: "Permute/six", Op: unary(func(x *T) *T { return x.Permute(5, 0, 3, 2, 4, 1).Exp() }), In: uniform(-1, 1), Dims: of(sh(s{2, 3, 1, 2, 3, 2}), sh(s{1, 4, 2, 3, 1, 4})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[5], d[0], d[3], d[2], d[4], d[1]}, func(at []int) float64 {
			return math.Exp(in[0].get([]int{at[1], at[5], at[3], at[2], at[4], at[0]}))
		})
	}},
	{Name: "Transpose", Op: unary(func(x *T) *T { return x.Transpose(0, 1) }), In: normal, Dims: planes, Ref: refTranspose},
	{Name: "T", Op: unary((*T).T), In: normal, Dims: planes, Ref: refTranspose},
	{Name: "Expand", Op: unary(func(x *T) *T { return x.Unsqueeze(1).Expand(x.Dim(0), 3, x.Dim(1)).Square() }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0], 3, d[1]}, func(at []int) float64 { return math.Pow(in[0].get([]int{at[0], at[2]}), 2) })
	}},
	{Name: "Unsqueeze", Op: unary(func(x *T) *T { return x.Unsqueeze(0) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return Array{append([]int{1}, in[0].Shape...), in[0].V}
	}},
	{Name: "Squeeze", Op: unary(func(x *T) *T { return x.Unsqueeze(1).Squeeze(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array { return in[0] }},
	{Name: "Slice", Op: unary(func(x *T) *T { return x.Slice(1, 1, 3) }), In: normal, Dims: of(sh(s{2, 3}), sh(s{5, 8, 4})), Ref: refSlice(1, 1, 3, 1)},
	{Name: "SliceStep", Op: unary(func(x *T) *T { return x.SliceStep(0, 1, 8, 3) }), In: normal, Dims: of(sh(s{8}), sh(s{9, 4})), Ref: refSlice(0, 1, 8, 3)},
	{Name: "Flip", Op: unary(func(x *T) *T { return x.Flip(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return build(in[0].Shape, func(at []int) float64 { return in[0].get([]int{at[0], in[0].Shape[1] - 1 - at[1]}) })
	}},
	{Name: "Pad", Op: unary(func(x *T) *T { return x.Pad(1, 2, 3).Pad(0, 1, 0).Shift(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0] + 1, d[1] + 5}, func(at []int) float64 {
			i, j := at[0]-1, at[1]-2
			if i < 0 || j < 0 || j >= d[1] {
				return 1
			}
			return in[0].get([]int{i, j}) + 1
		})
	}},
	{Name: "PadConstant", Op: unary(func(x *T) *T { return x.PadConstant(1, 2, 1, -inf).Maximum(tensor.Full(-9)) }), In: normal, Dims: planes, Order: 1, Ref: refPlaced(2, 1, func(i, n int) int {
		if i < 0 || i >= n {
			return -1
		}
		return i
	}, -9)},
	{Name: "PadReflect", Op: unary(func(x *T) *T { return x.PadReflect(1, 2, 1) }), In: normal, Dims: of(sh(s{2, 3}), sh(s{4, 8})), Ref: refPlaced(2, 1, func(i, n int) int {
		if i < 0 {
			return -i
		}
		return min(i, 2*(n-1)-i)
	}, 0)},
	{Name: "PadReplicate", Op: unary(func(x *T) *T { return x.PadReplicate(1, 2, 3) }), In: normal, Dims: planes, Ref: refPlaced(2, 3, func(i, n int) int { return min(max(i, 0), n-1) }, 0)},
	{Name: "Roll", Op: unary(func(x *T) *T { return x.Roll(1, -2) }), In: normal, Dims: planes, Ref: refPlaced(0, 0, func(i, n int) int { return (i + 2) % n }, 0)},
	{Name: "Stack", Op: binary(func(x, y *T) *T { return tensor.Stack(1, x, y) }), In: normal, Dims: of(sh(s{3, 5}, s{3, 5}), sh(s{4, 8}, s{4, 8})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0], 2, d[1]}, func(at []int) float64 { return in[at[1]].get([]int{at[0], at[2]}) })
	}},
	{Name: "Split", Op: unary(func(x *T) *T { parts := x.Split(0, 1, x.Dim(0)-1); return parts[1].Mul(parts[0]) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{5, 8})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0] - 1, d[1]}, func(at []int) float64 { return in[0].get([]int{at[0] + 1, at[1]}) * in[0].get([]int{0, at[1]}) })
	}},
	{Name: "Tile", Op: unary(func(x *T) *T { return x.Tile(2, 1, 3) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{2, d[0], 3 * d[1]}, func(at []int) float64 { return in[0].get([]int{at[1], at[2] % d[1]}) })
	}},
	{Name: "Tril", Op: unary(func(x *T) *T { return x.Tril(1) }), In: normal, Dims: planes, Ref: refBand(func(i, j int) bool { return j <= i+1 })},
	{Name: "Triu", Op: unary(func(x *T) *T { return x.Triu(-1) }), In: normal, Dims: planes, Ref: refBand(func(i, j int) bool { return j >= i-1 })},
	{Name: "Concat", Op: func(in []*T) *T { return tensor.Concat(1, in...) }, In: normal, Dims: of(sh(s{2, 3}, s{2, 1}, s{2, 5}), sh(s{4, 4}, s{4, 8})), Ref: func(in []Array) Array {
		n := 0
		for _, a := range in {
			n += a.Shape[1]
		}
		return build([]int{in[0].Shape[0], n}, func(at []int) float64 {
			j := at[1]
			for _, a := range in {
				if j < a.Shape[1] {
					return a.get([]int{at[0], j})
				}
				j -= a.Shape[1]
			}
			return math.NaN()
		})
	}},

	{Name: "MatMul", Op: binary((*T).MatMul), Ref: refMatMul, In: normal, Dims: of(
		sh(s{1, 1}, s{1, 1}), sh(s{5, 3}, s{3, 7}), sh(s{32, 64}, s{64, 48}), sh(s{33, 65}, s{65, 31}), sh(s{2, 33, 12}, s{2, 12, 9}),
		sh(s{2, 3, 4, 8}, s{3, 8, 4}), sh(s{2, 5, 8}, s{8, 4}), sh(s{100, 20}, s{20, 100}), sh(s{1, 9}, s{9, 1}))},
	{Name: "MatMul/infinite", Op: binary((*T).MatMul), Ref: refMatMul, Draws: sprinkled, Ints: true, Dims: of(
		sh(s{5, 7}, s{7, 6}), sh(s{33, 65}, s{65, 31}), sh(s{2, 16, 32}, s{2, 32, 64}), sh(s{3, 3}, s{3, 5}), sh(s{9, 70}, s{70, 1}))},
	{Name: "Outer", Op: binary((*T).Outer), In: normal, Dims: of(sh(s{3}, s{5}), sh(s{8}, s{4})), Ref: func(in []Array) Array {
		return build([]int{len(in[0].V), len(in[1].V)}, func(at []int) float64 { return in[0].V[at[0]] * in[1].V[at[1]] })
	}},
	{Name: "Linear", Op: func(in []*T) *T { return in[0].Linear(in[1], in[2]).Tanh() }, In: normal, Dims: of(sh(s{5, 7}, s{3, 7}, s{3}), sh(s{2, 16, 32}, s{48, 32}, s{48}), sh(s{33, 20}, s{17, 20}, s{17})), Ref: func(in []Array) Array {
		y := refMatMul([]Array{in[0], refTranspose(in[1:2])})
		return each(math.Tanh)([]Array{both(add)([]Array{y, in[2]})})
	}},
	{Name: "Einsum", Op: func(in []*T) *T { return tensor.Einsum("bi,oij,bj->bo", in...) }, In: normal, Dims: of(sh(s{2, 3}, s{5, 3, 4}, s{2, 4}), sh(s{8, 4}, s{12, 4, 8}, s{8, 8})), Ref: func(in []Array) Array {
		return build([]int{in[0].Shape[0], in[1].Shape[0]}, func(at []int) float64 {
			sum := 0.0
			index(in[1].Shape[1:], func(k []int) {
				sum += in[0].get([]int{at[0], k[0]}) * in[1].get([]int{at[1], k[0], k[1]}) * in[2].get([]int{at[0], k[1]})
			})
			return sum
		})
	}},
	{Name: "Einsum/sums", Op: binary(func(x, y *T) *T { return tensor.Einsum("aij,jb->ba", x, y) }), In: normal, Dims: of(sh(s{2, 3, 5}, s{5, 4})), Ref: func(in []Array) Array {
		return build([]int{in[1].Shape[1], in[0].Shape[0]}, func(at []int) float64 {
			sum := 0.0
			index(in[0].Shape[1:], func(k []int) { sum += in[0].get([]int{at[1], k[0], k[1]}) * in[1].get([]int{k[1], at[0]}) })
			return sum
		})
	}},
	{
		Name: "MatMul/transposed", Op: binary(func(x, y *T) *T { return x.T().MatMul(y.T()) }), In: normal,
		Ref:  func(in []Array) Array { return refMatMul([]Array{refTranspose(in[:1]), refTranspose(in[1:])}) },
		Dims: of(sh(s{64, 32}, s{48, 64}), sh(s{65, 33}, s{31, 65}), sh(s{8, 12}, s{20, 8})),
	},

	convCase("2d", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 3, 8, 8}, s{4, 3, 4, 4}), sh(s{1, 1, 5, 7}, s{1, 1, 3, 3}), sh(s{3, 2, 3, 4}, s{5, 2, 1, 2}), sh(s{4, 8, 16, 16}, s{12, 8, 4, 4})),
	convCase("2d/dense", tensor.ConvOptions{}, sh(s{2, 3, 6, 5}, s{4, 3, 3, 3}), sh(s{1, 1, 1, 1}, s{1, 1, 1, 1}), sh(s{2, 8, 9, 8}, s{16, 8, 2, 1})),
	convCase("2d/same", tensor.ConvOptions{Padding: s{1}}, sh(s{2, 4, 8, 12}, s{8, 4, 3, 3})),
	convCase("2d/tall", tensor.ConvOptions{Padding: s{1, 0}}, sh(s{2, 3, 5, 8}, s{4, 3, 3, 3})),
	convCase("2d/dilated", tensor.ConvOptions{Stride: s{2, 1}, Padding: s{2, 1}, Dilation: s{2, 3}}, sh(s{2, 2, 9, 8}, s{3, 2, 3, 2})),
	convCase("2d/groups", tensor.ConvOptions{Padding: s{1}, Groups: 2}, sh(s{2, 4, 5, 5}, s{6, 2, 3, 3})),
	convCase("2d/depthwise", tensor.ConvOptions{Stride: s{2}, Padding: s{1}, Groups: 6}, sh(s{2, 6, 8, 8}, s{6, 1, 3, 3})),
	convCase("2d/multiplied", tensor.ConvOptions{Padding: s{1}, Groups: 3}, sh(s{2, 3, 4, 8}, s{6, 1, 3, 3}), sh(s{2, 3, 5, 4}, s{3, 1, 2, 3})),
	convCase("2d/many", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 32, 4, 8}, s{33, 32, 4, 4}), sh(s{1, 32, 8, 8}, s{32, 32, 3, 4})),
	convCase("2d/many-same", tensor.ConvOptions{Padding: s{1}}, sh(s{1, 32, 3, 8}, s{32, 32, 3, 3})),
	convCase("2d/many-strides", tensor.ConvOptions{Stride: s{1, 3}, Padding: s{0, 2}, Groups: 2}, sh(s{1, 64, 2, 12}, s{64, 32, 2, 3})),
	convCase("2d/few", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 1, 8, 8}, s{8, 1, 4, 4}), sh(s{1, 3, 7, 5}, s{6, 3, 3, 2})),
	convCase("2d/few-dilated", tensor.ConvOptions{Stride: s{2, 1}, Padding: s{2, 1}, Dilation: s{2, 3}}, sh(s{2, 2, 9, 8}, s{6, 2, 3, 2})),
	convCase("2d/strides", tensor.ConvOptions{Stride: s{3, 4}, Padding: s{1, 2}}, sh(s{2, 2, 10, 11}, s{3, 2, 4, 3})),
	convCase("2d/patches", tensor.ConvOptions{Stride: s{4}}, sh(s{2, 3, 8, 12}, s{5, 3, 4, 4})),
	convCase("2d/wide", tensor.ConvOptions{Stride: s{2}, Padding: s{2, 3}}, sh(s{1, 2, 7, 8}, s{3, 2, 5, 4}), sh(s{1, 1, 3, 3}, s{1, 1, 2, 2})),
	convCase("2d/beside", tensor.ConvOptions{Stride: s{5}, Padding: s{3}}, sh(s{2, 3, 2, 2}, s{4, 3, 2, 2}), sh(s{1, 1, 2, 1}, s{5, 1, 2, 2})), // no window has data
	convCase("1d", tensor.ConvOptions{Stride: s{2}, Padding: s{2}}, sh(s{2, 3, 16}, s{4, 3, 5}), sh(s{1, 2, 7}, s{3, 2, 1})),
	convCase("3d", tensor.ConvOptions{Stride: s{1, 2, 2}, Padding: s{0, 1, 1}}, sh(s{2, 2, 3, 4, 6}, s{3, 2, 2, 3, 4})),
	convTCase("2d", tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 3, 4, 4}, s{3, 2, 4, 4}), sh(s{1, 1, 3, 2}, s{1, 1, 3, 3})),
	convTCase("2d/odd", tensor.ConvTransposeOptions{Stride: s{3, 2}, OutputPadding: s{1}, Groups: 2}, sh(s{2, 4, 3, 2}, s{4, 3, 2, 3})),
	convTCase("2d/dilated", tensor.ConvTransposeOptions{Stride: s{2, 1}, Padding: s{1, 0}, Dilation: s{2}}, sh(s{1, 2, 3, 4}, s{2, 1, 3, 2})),
	convTCase("2d/strides", tensor.ConvTransposeOptions{Stride: s{3, 4}, Padding: s{1, 2}, OutputPadding: s{2, 1}}, sh(s{2, 2, 3, 4}, s{2, 3, 4, 5})),
	convTCase("1d", tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}, OutputPadding: s{1}}, sh(s{2, 3, 5}, s{3, 4, 3})),
	convTCase("3d", tensor.ConvTransposeOptions{Stride: s{2, 1, 2}, Padding: s{1, 0, 0}}, sh(s{1, 2, 2, 3, 2}, s{2, 3, 3, 2, 2})),

	{Name: "BCEWithLogits", Op: binary((*T).BCEWithLogits), Ref: both(func(x, t float64) float64 { return softplus(x) - x*t }), In: normal, Dims: pairs},
	{
		Name: "CrossEntropy", In: normal, Dims: logits, Op: unary(func(x *T) *T {
			return x.CrossEntropy(indices(x, 0), tensor.CrossEntropyDefaults())
		}), Ref: refCrossEntropy(0, 0, -100),
	},
	{
		Name: "CrossEntropy/smoothed", In: normal, Dims: logits, Op: unary(func(x *T) *T {
			return x.CrossEntropy(indices(x, 0), tensor.CrossEntropyOptions{LabelSmoothing: 0.1, IgnoreIndex: 1})
		}), Ref: refCrossEntropy(0, 0.1, 1),
	},
	{Name: "L1", Op: binary((*T).L1), Ref: both(func(x, t float64) float64 { return math.Abs(x - t) }), Draws: apartFrom, Dims: of(sh(s{7}, s{7}), sh(s{4, 8}, s{4, 8}))},
	{Name: "Huber", Op: binary(func(x, t *T) *T { return x.Huber(t, 0.7) }), Ref: both(huber), In: normal, Dims: pairs, Order: 1},
	{Name: "NLL", Op: unary(func(x *T) *T { return x.LogSoftmax(-1).NLL(indices(x, 0)) }), Ref: refCrossEntropy(0, 0, -100), In: normal, Dims: logits},
	{
		Name: "NLL/ignored", In: normal, Dims: logits, Op: unary(func(x *T) *T {
			target := indices(x, 0)
			return x.LogSoftmax(-1).NLL(tensor.Where(target.Equal(tensor.Const([]int32{1})), tensor.Const([]int32{-100}), target))
		}), Ref: refCrossEntropy(0, 0, 1),
	},
	{Name: "Hinge", Op: binary(func(x, t *T) *T { return x.Hinge(t, 1) }), Ref: both(func(x, t float64) float64 { return math.Max(0, 1-t*x) }), In: uniform(0.1, 0.9), Dims: pairs},
	{Name: "KLNormal", Op: binary((*T).KLNormal), Ref: both(func(x, v float64) float64 { return (x*x + math.Exp(v) - 1 - v) / 2 }), In: normal, Dims: pairs},
	{Name: "KLDiv", Op: binary((*T).KLDiv), Ref: both(func(x, t float64) float64 { return t * (math.Log(t) - x) }), In: uniform(0.1, 1), Dims: pairs},
	{Name: "MSE", Op: binary((*T).MSE), Ref: both(func(x, t float64) float64 { return (x - t) * (x - t) }), In: normal, Dims: pairs},
}

// convCase is a row for the convolution whose name is Conv with what stands before the slash.
func convCase(name string, o tensor.ConvOptions, dims ...[][]int) Case {
	conv := map[byte]func(x, w *T, o tensor.ConvOptions) *T{'1': (*T).Conv1d, '2': (*T).Conv2d, '3': (*T).Conv3d}[name[0]]
	return Case{Name: "Conv" + name, Op: binary(func(x, w *T) *T { return conv(x, w, o) }), Ref: refConv(o), In: normal, Dims: dims}
}

func convTCase(name string, o tensor.ConvTransposeOptions, dims ...[][]int) Case {
	conv := map[byte]func(x, w *T, o tensor.ConvTransposeOptions) *T{
		'1': (*T).ConvTranspose1d, '2': (*T).ConvTranspose2d, '3': (*T).ConvTranspose3d,
	}[name[0]]
	return Case{Name: "ConvTranspose" + name, Op: binary(func(x, w *T) *T { return conv(x, w, o) }), Ref: refConvT(o), In: normal, Dims: dims}
}

func refTranspose(in []Array) Array {
	d := in[0].Shape
	return build([]int{d[1], d[0]}, func(at []int) float64 { return in[0].get([]int{at[1], at[0]}) })
}

func refSlice(axis, lo, hi, step int) func([]Array) Array {
	return func(in []Array) Array {
		shape := append([]int{}, in[0].Shape...)
		shape[axis] = (hi - lo + step - 1) / step
		return build(shape, func(at []int) float64 {
			p := append([]int{}, at...)
			p[axis] = lo + at[axis]*step
			return in[0].get(p)
		})
	}
}
