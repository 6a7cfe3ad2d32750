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
	// farAngles are exact in float32; 0x1.f37c8ap95 is the float32 nearest to a multiple of π/2.
	farAngles = []float64{1e6, -1e10, 0x1p100, -0x1.fffffep127, 0x1.921fb6p0, 0x1.f37c8ap95, 8191.5, 8192.5, 12867}
	extreme   = [][]float64{{1, nan, -inf, inf, 0}, {inf, 1, -1, 0}, {-inf, 2, -inf}, {inf, inf}, {-inf, -inf}, {3, 3, 3, -3}} // with ties
)

func elu(alpha, scale float64) func(float64) float64 {
	return func(x float64) float64 {
		if x > 0 {
			return scale * x
		}
		return scale * alpha * math.Expm1(x)
	}
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

// larger is NaN if one of the two is NaN. math.Max differs: it returns +Inf for an infinity and NaN.
func larger(x, y float64) float64 {
	if math.IsNaN(x) || math.IsNaN(y) {
		return nan
	}
	return max(x, y)
}

func smaller(x, y float64) float64 { return -larger(-x, -y) }

func sign(x float64) float64 { return bit(x > 0) - bit(x < 0) }

var elementwiseCases = []Case{
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
}
