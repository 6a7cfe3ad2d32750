package tensor

import (
	"math"

	"genview/shaders/spirv"
	"genview/tensor/internal/expr"
	"genview/tensor/internal/ir"
)

// unary applies an op to one input, and sets its Shape and DType to those of the input.
func unary(o Op, x *Tensor) *Tensor {
	if x.err == nil && x.op.DType == Bool {
		return fail(o.Name, []*Tensor{x}, "it takes numbers, not bool: Cast it")
	}
	if x.err == nil && x.op.DType.Packed() {
		return fail(o.Name, []*Tensor{x}, "it takes f32, not %s: Cast it", x.op.DType)
	}
	o.Shape, o.DType = x.op.Shape, x.op.DType
	return o.On(x)
}

// float is unary for ops that are defined for floats only.
func float(o Op, x *Tensor) *Tensor {
	if x.err == nil && x.op.DType != F32 {
		return fail(o.Name, []*Tensor{x}, "it takes f32, not %s: Cast it", x.op.DType)
	}
	return unary(o, x)
}

// Neg returns −x.
func (x *Tensor) Neg() *Tensor {
	return unary(Op{
		Name: "Neg", kind: ir.Negation,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Neg(in[0]) },
		Fold: func(in ...float64) float64 { return -in[0] },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Neg()} },
	}, x)
}

// Abs returns |x|. Its gradient at 0 and at NaN is 0.
func (x *Tensor) Abs() *Tensor {
	return float(Op{
		Name: "Abs",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.FAbs, in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sign())} },
	}, x)
}

// Sign returns −1, 0 or 1; the sign of NaN is 0.
func (x *Tensor) Sign() *Tensor {
	return float(Op{
		Name: "Sign", NoGrad: true,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { // drivers differ in FSign of NaN
			below := b.Select(b.Less(in[0], b.Float(0)), b.Float(-1), b.Float(0))
			return b.Select(b.Less(b.Float(0), in[0]), b.Float(1), below)
		},
	}, x)
}

// Floor rounds down.
func (x *Tensor) Floor() *Tensor { return rounded("Floor", spirv.Floor, x) }

// Ceil rounds up.
func (x *Tensor) Ceil() *Tensor { return rounded("Ceil", spirv.Ceil, x) }

// Trunc rounds towards zero.
func (x *Tensor) Trunc() *Tensor { return rounded("Trunc", spirv.Trunc, x) }

// Round rounds to the nearest whole number, halves to the even one.
func (x *Tensor) Round() *Tensor {
	return float(Op{
		Name: "Round", NoGrad: true,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.RoundEven(in[0]) },
	}, x)
}

// rounded applies an instruction that rounds. Its gradient is zero.
func rounded(name string, e spirv.Ext, x *Tensor) *Tensor {
	return float(Op{
		Name: name, NoGrad: true,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(e, in[0]) },
	}, x)
}

// Square returns x².
func (x *Tensor) Square() *Tensor { return x.Mul(x) }

// Sqrt returns √x.
func (x *Tensor) Sqrt() *Tensor {
	return float(Op{
		Name: "Sqrt",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Sqrt, in[0]) },
		Fold: func(in ...float64) float64 { return math.Sqrt(in[0]) },
		Grad: func(y, dy *Tensor) []*Tensor { return []*Tensor{dy.Scale(0.5).Div(y)} },
	}, x)
}

// Rsqrt returns 1/√x.
func (x *Tensor) Rsqrt() *Tensor { return x.Sqrt().Reciprocal() }

// Reciprocal returns 1/x.
func (x *Tensor) Reciprocal() *Tensor { return Full(1).Div(x) }

// Exp returns eˣ.
func (x *Tensor) Exp() *Tensor {
	return float(Op{
		Name: "Exp",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Exp, in[0]) },
		Fold: func(in ...float64) float64 { return math.Exp(in[0]) },
		Grad: func(y, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(y)} },
	}, x)
}

// Expm1 returns eˣ − 1, exact to the last digits near 0, too.
func (x *Tensor) Expm1() *Tensor {
	return float(Op{
		Name: "Expm1",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			x := in[0]
			series := b.Float(1) // x(1 + x/2·(1 + x/3·(…))), the power series
			for n := 8; n > 1; n-- {
				series = b.Add(b.Float(1), b.Mul(series, b.Mul(x, b.Float(1/float64(n)))))
			}
			near := b.Less(b.Ext(spirv.FAbs, x), b.Float(0.4))
			return b.Select(near, b.Mul(x, series), b.Sub(b.Ext(spirv.Exp, x), b.Float(1)))
		},
		Grad: func(y, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(y.Shift(1))} },
	}, x)
}

// Log1p returns log(1 + x), exact to the last digits near 0, too.
func (x *Tensor) Log1p() *Tensor {
	return float(Op{
		Name: "Log1p",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return expr.Log1p(b, in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Div(x.Shift(1))} },
	}, x)
}

// Erf returns the error function 2/√π ∫₀ˣ e^−t² dt.
func (x *Tensor) Erf() *Tensor {
	return float(Op{
		Name: "Erf",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			x := in[0]
			// Near 0 the power series, Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n + 1)) · 2/√π (Abramowitz & Stegun 1964, 7.1.5).
			square := b.Mul(x, x)
			var series spirv.ID
			factorial := 1.0
			var terms []float64
			for n := range 11 {
				terms = append(terms, math.Pow(-1, float64(n))/factorial/float64(2*n+1)*2/math.SqrtPi)
				factorial *= float64(n + 1)
			}
			series = b.Float(terms[10])
			for n := 9; n >= 0; n-- {
				series = b.Add(b.Float(terms[n]), b.Mul(square, series))
			}
			// Farther from 0: 1 − (a₁t + … + a₅t⁵)·e^−x² with t = 1/(1 + p|x|), with an error of at most 1.5e-7 (7.1.26).
			size := b.Ext(spirv.FAbs, x)
			t := b.Div(b.Float(1), b.Add(b.Float(1), b.Mul(size, b.Float(0.3275911))))
			tail := b.Float(1.061405429)
			for _, a := range []float64{-1.453152027, 1.421413741, -0.284496736, 0.254829592} {
				tail = b.Add(b.Float(a), b.Mul(t, tail))
			}
			far := b.Sub(b.Float(1), b.Mul(b.Mul(t, tail), b.Ext(spirv.Exp, b.Neg(square))))
			return b.Select(b.Less(b.Float(1), size), b.Mul(b.Ext(spirv.FSign, x), far), b.Mul(x, series))
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Square().Neg().Exp()).Scale(2 / math.SqrtPi)} },
	}, x)
}

// Log returns the natural logarithm.
func (x *Tensor) Log() *Tensor {
	return float(Op{
		Name: "Log",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return expr.Log(b, in[0]) },
		Fold: func(in ...float64) float64 { return math.Log(in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Div(x)} },
	}, x)
}

// Sin returns the sine of x, in radians and of any size, to 2 units in the last place.
func (x *Tensor) Sin() *Tensor {
	return float(Op{
		Name: "Sin",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return expr.Sin(b, in[0], 0) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Cos())} },
	}, x)
}

// Cos returns the cosine of x, in radians and of any size, to 2 units in the last place.
func (x *Tensor) Cos() *Tensor {
	return float(Op{
		Name: "Cos",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return expr.Sin(b, in[0], 1) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sin()).Neg()} },
	}, x)
}

// Tanh returns the hyperbolic tangent.
func (x *Tensor) Tanh() *Tensor {
	return float(Op{
		Name: "Tanh",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			// sign(x)·(1 − e^−2|x|)/(1 + e^−2|x|) loses digits near 0. There the odd power series to x⁷ is exact to float32.
			x := in[0]
			e := b.Ext(spirv.Exp, b.Mul(b.Ext(spirv.FAbs, x), b.Float(-2)))
			far := b.Mul(b.Ext(spirv.FSign, x), b.Div(b.Sub(b.Float(1), e), b.Add(b.Float(1), e)))
			s := b.Mul(x, x)
			p := b.Add(b.Mul(s, b.Float(-17.0/315)), b.Float(2.0/15))
			p = b.Add(b.Mul(s, p), b.Float(-1.0/3))
			near := b.Add(x, b.Mul(b.Mul(x, s), p))
			return b.Select(b.Less(b.Ext(spirv.FAbs, x), b.Float(0.15)), near, far)
		},
		Grad: func(y, dy *Tensor) []*Tensor { return []*Tensor{dy.Sub(dy.Mul(y.Square()))} },
	}, x)
}

// Sigmoid returns 1/(1 + e^−x).
func (x *Tensor) Sigmoid() *Tensor {
	return float(Op{
		Name: "Sigmoid",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			return b.Div(b.Float(1), b.Add(b.Float(1), b.Ext(spirv.Exp, b.Neg(in[0]))))
		},
		Grad: func(y, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(y.Sub(y.Square()))} },
	}, x)
}

// Softplus returns log(1 + eˣ), which is x for large x.
func (x *Tensor) Softplus() *Tensor {
	return float(Op{
		Name: "Softplus",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			x := in[0] // max(x, 0) + log1p(e^−|x|)
			return b.Add(b.Max(x, b.Float(0)), expr.Log1p(b, b.Ext(spirv.Exp, b.Neg(b.Ext(spirv.FAbs, x)))))
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sigmoid())} },
	}, x)
}

// ReLU returns max(x, 0). Its gradient at 0 is 0.
func (x *Tensor) ReLU() *Tensor { return x.LeakyReLU(0) }

// LeakyReLU returns x where x > 0, else slope·x.
func (x *Tensor) LeakyReLU(slope float64) *Tensor {
	return float(Op{
		Name: "LeakyReLU", Attr: slope,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			if slope == 0 { // NaN stays NaN
				return b.Select(b.Less(in[0], b.Float(0)), b.Float(0), in[0])
			}
			return b.Select(b.Less(b.Float(0), in[0]), in[0], b.Mul(in[0], b.Float(slope)))
		},
		Grad: func(y, dy *Tensor) []*Tensor {
			if slope == 0 { // at NaN the gradient is dy, as in PyTorch
				return []*Tensor{Where(y.LessEqual(Full(0)), Full(0), dy)}
			}
			above := y // y is above 0 where x is, and the ops that follow read y anyway
			if slope < 0 {
				above = x
			}
			return []*Tensor{Where(above.Greater(Full(0)), dy, dy.Scale(slope))}
		},
	}, x)
}

// ELU returns x where x > 0, else alpha·(eˣ − 1) (Clevert et al. 2015). Its gradient at 0 is alpha.
func (x *Tensor) ELU(alpha float64) *Tensor {
	below := x.Minimum(Full(0))
	return Where(x.Greater(Full(0)), x, below.Expm1().Scale(alpha)).withGrad(func(dy *Tensor) []*Tensor {
		return []*Tensor{Where(x.Greater(Full(0)), dy, dy.Mul(below.Exp().Scale(alpha)))}
	}, x)
}

// SELU returns λ·ELU(x) with the λ and α at which mean 0 and variance 1 are a fixed point (Klambauer et al. 2017, eq. 2).
func (x *Tensor) SELU() *Tensor {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	return x.ELU(alpha).Scale(scale)
}

// GELU returns x·Φ(x), where Φ(x) = ½(1 + erf(x/√2)) is the distribution function of the normal distribution (Hendrycks & Gimpel 2016).
// It is PyTorch's default GELU.
func (x *Tensor) GELU() *Tensor {
	return x.Scale(0.5).Mul(x.Scale(math.Sqrt2 / 2).Erf().Shift(1))
}

// GELUTanh returns the approximation of GELU ½x(1 + tanh(√(2/π)(x + 0.044715x³))), which is PyTorch's approximate="tanh", and GPT-2's.
func (x *Tensor) GELUTanh() *Tensor {
	inner := x.Add(x.Mul(x).Mul(x).Scale(0.044715)).Scale(math.Sqrt(2 / math.Pi))
	return x.Scale(0.5).Mul(inner.Tanh().Shift(1))
}

// Mish returns x·tanh(softplus(x)) (Misra 2019).
func (x *Tensor) Mish() *Tensor { return x.Mul(x.Softplus().Tanh()) }

// SiLU returns x·σ(x) (Elfwing et al. 2017).
func (x *Tensor) SiLU() *Tensor { return x.Mul(x.Sigmoid()) }

// Clamp limits x to [lo, hi]. The gradient passes where x lies within, including the bounds.
func (x *Tensor) Clamp(lo, hi float64) *Tensor {
	return clamp("Clamp", x, lo, hi, func() *Tensor { return x.GreaterEqual(Full(lo)).And(x.LessEqual(Full(hi))) })
}

// Hardtanh is Clamp whose gradient does not pass at the bounds, as in PyTorch.
func (x *Tensor) Hardtanh(lo, hi float64) *Tensor {
	return clamp("Hardtanh", x, lo, hi, func() *Tensor { return x.Greater(Full(lo)).And(x.Less(Full(hi))) })
}

// clamp limits x to lo … hi. The gradient passes where the mask that passes returns is true.
func clamp(name string, x *Tensor, lo, hi float64, passes func() *Tensor) *Tensor {
	if x.err == nil && lo > hi {
		return fail(name, []*Tensor{x}, "the lower bound %g is above the upper one %g", lo, hi)
	}
	return float(Op{
		Name: name, Attr: [2]float64{lo, hi},
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { // NaN stays NaN
			x := b.Select(b.Less(in[0], b.Float(lo)), b.Float(lo), in[0])
			return b.Select(b.Less(b.Float(hi), x), b.Float(hi), x)
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{Where(passes(), dy, Full(0))} },
	}, x)
}

// Detach returns x without a gradient.
func (x *Tensor) Detach() *Tensor {
	return Op{
		Name: "Detach", Shape: x.op.Shape, DType: x.op.DType, NoGrad: true,
		View: func(v View) (View, bool) { return v, true },
	}.On(x)
}
