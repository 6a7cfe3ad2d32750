package tensor

import (
	"math"

	"genview/shaders/spirv"
)

// unary applies an op with one input, whose Shape and DType it fills in.
func unary(o Op, x *Tensor) *Tensor {
	if x.err == nil && x.op.DType == Bool {
		return fail(o.Name, []*Tensor{x}, "it takes numbers, not bool: Cast it")
	}
	o.Shape, o.DType = x.op.Shape, x.op.DType
	return o.On(x)
}

// float is unary for ops that are for floats alone.
func float(o Op, x *Tensor) *Tensor {
	if x.err == nil && x.op.DType != F32 {
		return fail(o.Name, []*Tensor{x}, "it takes f32, not %s: Cast it", x.op.DType)
	}
	return unary(o, x)
}

// Neg returns −x.
func (x *Tensor) Neg() *Tensor {
	return unary(Op{
		Name: "Neg",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Neg(in[0]) },
		Fold: func(in ...float64) float64 { return -in[0] },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Neg()} },
	}, x)
}

// Abs returns |x|; its slope at 0 is 0.
func (x *Tensor) Abs() *Tensor {
	return float(Op{
		Name: "Abs",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.FAbs, in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sign())} },
	}, x)
}

// Sign returns −1, 0 or 1.
func (x *Tensor) Sign() *Tensor {
	return float(Op{
		Name: "Sign",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.FSign, in[0]) },
	}, x)
}

// Floor rounds down.
func (x *Tensor) Floor() *Tensor {
	return float(Op{
		Name: "Floor",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Floor, in[0]) },
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
func (x *Tensor) Rsqrt() *Tensor { return Full(1).Div(x.Sqrt()) }

// Exp returns eˣ.
func (x *Tensor) Exp() *Tensor {
	return float(Op{
		Name: "Exp",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Exp, in[0]) },
		Fold: func(in ...float64) float64 { return math.Exp(in[0]) },
		Grad: func(y, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(y)} },
	}, x)
}

// Log returns the natural logarithm.
func (x *Tensor) Log() *Tensor {
	return float(Op{
		Name: "Log",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Log, in[0]) },
		Fold: func(in ...float64) float64 { return math.Log(in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Div(x)} },
	}, x)
}

// Sin returns the sine of x in radians.
func (x *Tensor) Sin() *Tensor {
	return float(Op{
		Name: "Sin",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Sin, in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Cos())} },
	}, x)
}

// Cos returns the cosine of x in radians.
func (x *Tensor) Cos() *Tensor {
	return float(Op{
		Name: "Cos",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Ext(spirv.Cos, in[0]) },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sin()).Neg()} },
	}, x)
}

// Tanh returns the hyperbolic tangent.
func (x *Tensor) Tanh() *Tensor {
	return float(Op{
		Name: "Tanh",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			// sign(x)·(1 − e^−2|x|)/(1 + e^−2|x|) loses digits near 0, where the odd series to x⁷ is exact to float32.
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
			// max(x, 0) + log1p(e^−|x|); log1p(e) = log(u)·e/(u − 1) for u = 1 + e keeps e's digits (Goldberg 1991, theorem 4).
			x := in[0]
			e := b.Ext(spirv.Exp, b.Neg(b.Ext(spirv.FAbs, x)))
			u := b.Add(b.Float(1), e)
			d := b.Sub(u, b.Float(1))
			zero := b.Equal(d, b.Float(0))
			log := b.Mul(b.Ext(spirv.Log, u), b.Div(e, b.Select(zero, b.Float(1), d)))
			return b.Add(b.Max(x, b.Float(0)), b.Select(zero, e, log))
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.Sigmoid())} },
	}, x)
}

// ReLU returns max(x, 0); its slope at 0 is 0.
func (x *Tensor) ReLU() *Tensor { return x.LeakyReLU(0) }

// LeakyReLU returns x where x > 0, else slope·x.
func (x *Tensor) LeakyReLU(slope float64) *Tensor {
	return float(Op{
		Name: "LeakyReLU", Attr: slope,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			if slope == 0 {
				return b.Max(in[0], b.Float(0))
			}
			return b.Select(b.Less(b.Float(0), in[0]), in[0], b.Mul(in[0], b.Float(slope)))
		},
		Grad: func(y, dy *Tensor) []*Tensor {
			above := y // is above 0 where x is; what follows has to read it anyway
			if slope < 0 {
				above = x
			}
			return []*Tensor{Where(above.Greater(Full(0)), dy, dy.Scale(slope))}
		},
	}, x)
}

// GELU returns x·Φ(x) in its tanh form, ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016), which is PyTorch's
// approximate="tanh".
func (x *Tensor) GELU() *Tensor {
	inner := x.Add(x.Mul(x).Mul(x).Scale(0.044715)).Scale(math.Sqrt(2 / math.Pi))
	return x.Scale(0.5).Mul(inner.Tanh().Shift(1))
}

// SiLU returns x·σ(x) (Elfwing et al. 2017).
func (x *Tensor) SiLU() *Tensor { return x.Mul(x.Sigmoid()) }

// Clamp limits x to [lo, hi]; the gradient passes where x lies within.
func (x *Tensor) Clamp(lo, hi float64) *Tensor {
	if x.err == nil && lo > hi {
		return fail("Clamp", []*Tensor{x}, "the lower bound %g is above the upper one %g", lo, hi)
	}
	return float(Op{
		Name: "Clamp", Attr: [2]float64{lo, hi},
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			return b.Min(b.Max(in[0], b.Float(lo)), b.Float(hi))
		},
		Grad: func(_, dy *Tensor) []*Tensor {
			inside := x.GreaterEqual(Full(lo)).And(x.LessEqual(Full(hi)))
			return []*Tensor{Where(inside, dy, Full(0))}
		},
	}, x)
}

// Detach returns x with no gradient.
func (x *Tensor) Detach() *Tensor {
	return Op{
		Name: "Detach", Shape: x.op.Shape, DType: x.op.DType,
		View: func(v View) (View, bool) { return v, true },
	}.On(x)
}
