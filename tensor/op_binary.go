package tensor

import (
	"math"

	"genview/shaders/spirv"
	"genview/tensor/internal/expr"
	"genview/tensor/internal/ir"
)

// broadcastTogether broadcasts x and y to their common shape. They must have the same type.
func broadcastTogether(name string, x, y *Tensor) (*Tensor, *Tensor, *Tensor) {
	in := []*Tensor{x, y}
	if x.err != nil {
		return nil, nil, x
	}
	if y.err != nil {
		return nil, nil, y
	}
	if x.op.DType != y.op.DType {
		return nil, nil, fail(name, in, "the types %s and %s differ: Cast one", x.op.DType, y.op.DType)
	}
	if x.op.DType.Packed() {
		return nil, nil, fail(name, in, "it takes f32, not %s: Cast both", x.op.DType)
	}
	shape, ok := broadcast(x.op.Shape, y.op.Shape)
	if !ok {
		return nil, nil, fail(name, in, "the shapes do not broadcast")
	}
	return x.Expand(shape...), y.Expand(shape...), nil
}

// binaryOp applies o, whose Shape and DType it fills in, to x and y broadcast to each other.
func binaryOp(o Op, x, y *Tensor) *Tensor {
	x, y, bad := broadcastTogether(o.Name, x, y)
	if bad != nil {
		return bad
	}
	o.Shape, o.DType = x.op.Shape, x.op.DType
	return o.On(x, y)
}

// Add returns x + y.
func (x *Tensor) Add(y *Tensor) *Tensor {
	return binaryOp(Op{
		Name: "Add", kind: ir.Sum,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Add(in[0], in[1]) },
		Fold: func(in ...float64) float64 { return in[0] + in[1] },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy, dy} },
	}, x, y)
}

// Sub returns x − y.
func (x *Tensor) Sub(y *Tensor) *Tensor {
	return binaryOp(Op{
		Name: "Sub", kind: ir.Diff,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Sub(in[0], in[1]) },
		Fold: func(in ...float64) float64 { return in[0] - in[1] },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy, dy.Neg()} },
	}, x, y)
}

// Mul returns x · y, element by element.
func (x *Tensor) Mul(y *Tensor) *Tensor {
	x, y, bad := broadcastTogether("Mul", x, y)
	if bad != nil {
		return bad
	}
	return binaryOp(Op{
		Name: "Mul", kind: ir.Product,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return mul(b, in[0], in[1]) },
		Fold: func(in ...float64) float64 { return in[0] * in[1] },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(y), dy.Mul(x)} },
	}, x, y)
}

// mul multiplies two values. Drivers simplify x · 0 to 0 if they know that a factor is 0. The correct product is NaN for NaN and for
// infinite x.
func mul(b *spirv.Block, x, y spirv.ID) spirv.ID {
	product := b.Mul(x, y)
	if b.TypeOf(x).Elem != spirv.Float || !b.IsZero(x) && !b.IsZero(y) {
		return product
	}
	if b.IsZero(x) {
		x = y
	}
	finite := b.Less(b.Ext(spirv.FAbs, x), b.Same(x, math.Inf(1)))
	return b.Select(finite, product, b.Same(x, math.NaN()))
}

// Div returns x / y; for int32 it rounds towards zero.
func (x *Tensor) Div(y *Tensor) *Tensor {
	x, y, bad := broadcastTogether("Div", x, y)
	if bad != nil {
		return bad
	}
	return binaryOp(Op{
		Name: "Div", kind: ir.Quotient,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Div(in[0], in[1]) },
		Grad: func(q, dy *Tensor) []*Tensor { return []*Tensor{dy.Div(y), dy.Mul(q).Div(y).Neg()} },
	}, x, y)
}

// Maximum returns the larger of x and y, or NaN if one is NaN. Where they are equal each gets half of the gradient, and where one is NaN
// both get all of it, as in PyTorch.
func (x *Tensor) Maximum(y *Tensor) *Tensor { return extremum("Maximum", x, y, true) }

// Minimum returns the smaller of x and y, or NaN if one is NaN. The gradient is shared as that of [Tensor.Maximum].
func (x *Tensor) Minimum(y *Tensor) *Tensor { return extremum("Minimum", x, y, false) }

// larger2 returns the larger of two values, or NaN if one is NaN.
func larger2(b *spirv.Block, x, y spirv.ID) spirv.ID { return outdo(b, b.Less(y, x), x, y) }

// smaller2 returns the smaller of two values, or NaN if one is NaN.
func smaller2(b *spirv.Block, x, y spirv.ID) spirv.ID { return outdo(b, b.Less(x, y), x, y) }

// outdo returns x if it is NaN or wins the comparison, else y.
func outdo(b *spirv.Block, wins, x, y spirv.ID) spirv.ID {
	if b.TypeOf(x).Elem == spirv.Float {
		wins = b.Or(wins, b.NotEqual(x, x))
	}
	return b.Select(wins, x, y)
}

// extremum is Maximum or Minimum.
func extremum(name string, x, y *Tensor, larger bool) *Tensor {
	x, y, bad := broadcastTogether(name, x, y)
	if bad != nil {
		return bad
	}
	return binaryOp(Op{
		Name: name,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			if larger {
				return larger2(b, in[0], in[1])
			}
			return smaller2(b, in[0], in[1])
		},
		Grad: func(_, dy *Tensor) []*Tensor {
			loses, wins := x.Less(y), x.Greater(y)
			if !larger {
				loses, wins = wins, loses
			}
			ties, half, zero := x.Equal(y), dy.Scale(0.5), Full(0)
			return []*Tensor{Where(ties, half, Where(loses, zero, dy)), Where(ties, half, Where(wins, zero, dy))}
		},
	}, x, y)
}

// Scale returns c·x.
func (x *Tensor) Scale(c float64) *Tensor { return x.Mul(fullOf(x.op.DType, c, nil)) }

// Shift returns x + c.
func (x *Tensor) Shift(c float64) *Tensor { return x.Add(fullOf(x.op.DType, c, nil)) }

// compare applies an op whose result is Bool.
func compare(name string, x, y *Tensor, emit func(b *spirv.Block, x, y spirv.ID) spirv.ID) *Tensor {
	x, y, bad := broadcastTogether(name, x, y)
	if bad != nil {
		return bad
	}
	return Op{
		Name: name, Shape: x.op.Shape, DType: Bool,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return emit(b, in[0], in[1]) },
	}.On(x, y)
}

// Less returns x < y as Bool.
func (x *Tensor) Less(y *Tensor) *Tensor { return compare("Less", x, y, (*spirv.Block).Less) }

// LessEqual returns x ≤ y as Bool.
func (x *Tensor) LessEqual(y *Tensor) *Tensor {
	return compare("LessEqual", x, y, (*spirv.Block).LessEqual)
}

// Greater returns x > y as Bool.
func (x *Tensor) Greater(y *Tensor) *Tensor { return y.Less(x) }

// GreaterEqual returns x ≥ y as Bool.
func (x *Tensor) GreaterEqual(y *Tensor) *Tensor { return y.LessEqual(x) }

// Equal returns x = y as Bool.
func (x *Tensor) Equal(y *Tensor) *Tensor { return compare("Equal", x, y, (*spirv.Block).Equal) }

// NotEqual returns x ≠ y as Bool.
func (x *Tensor) NotEqual(y *Tensor) *Tensor {
	return compare("NotEqual", x, y, (*spirv.Block).NotEqual)
}

// And returns the logical and of Bool tensors, the bitwise and of I32.
func (x *Tensor) And(y *Tensor) *Tensor { return logical("And", x, y, (*spirv.Block).And) }

// Or returns the logical or of Bool tensors, the bitwise or of I32.
func (x *Tensor) Or(y *Tensor) *Tensor { return logical("Or", x, y, (*spirv.Block).Or) }

// logical makes an op of two Bool or two I32 tensors, whose result has their type.
func logical(name string, x, y *Tensor, emit func(b *spirv.Block, x, y spirv.ID) spirv.ID) *Tensor {
	if x.err == nil && x.op.DType == F32 {
		return fail(name, []*Tensor{x, y}, "it takes bool or i32, not f32: compare first")
	}
	t := compare(name, x, y, emit)
	if t.err == nil {
		t.op.DType = x.op.DType
	}
	return t
}

// Not returns the logical not of a Bool tensor.
func (x *Tensor) Not() *Tensor {
	if x.err == nil && x.op.DType != Bool {
		return fail("Not", []*Tensor{x}, "it takes bool, not %s", x.op.DType)
	}
	return Op{
		Name: "Not", Shape: x.op.Shape, DType: Bool,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Not(in[0]) },
	}.On(x)
}

// Where returns x where cond, a Bool tensor, is true and y elsewhere. All three broadcast.
func Where(cond, x, y *Tensor) *Tensor {
	in := []*Tensor{cond, x, y}
	x, y, bad := broadcastTogether("Where", x, y)
	if bad != nil {
		return bad
	}
	if cond.err != nil {
		return cond
	}
	if cond.op.DType != Bool {
		return fail("Where", in, "the condition is %s and must be bool", cond.op.DType)
	}
	shape, ok := broadcast(cond.op.Shape, x.op.Shape)
	if !ok {
		return fail("Where", in, "the shapes do not broadcast")
	}
	cond = cond.Expand(shape...)
	return Op{
		Name: "Where", Shape: shape, DType: x.op.DType,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Select(in[0], in[1], in[2]) },
		Grad: func(_, dy *Tensor) []*Tensor {
			zero := Full(0, shape...)
			return []*Tensor{nil, Where(cond, dy, zero), Where(cond, zero, dy)}
		},
	}.On(cond, x.Expand(shape...), y.Expand(shape...))
}

// Cast converts x: floats to ints round towards zero, bools become 0 or 1, anything but 0 becomes true. To F16 and BF16 it rounds to
// the nearest. Between floats the gradient passes, as F32.
func (x *Tensor) Cast(to DType) *Tensor {
	if x.err != nil || x.op.DType == to {
		return x
	}
	o := opOf(ir.CastOp(to, x.op.Shape))
	if x.op.DType.IsFloat() && to.IsFloat() {
		o.Grad = func(_, dy *Tensor) []*Tensor { return []*Tensor{dy} }
	}
	return o.On(x)
}

// Pow returns x to the power y, as torch.pow does, to 4 units in the last place. A negative x has only whole powers, and 0⁰ = 1.
func (x *Tensor) Pow(y *Tensor) *Tensor {
	x, y, bad := broadcastTogether("Pow", x, y)
	if bad != nil {
		return bad
	}
	if x.op.DType != F32 {
		return fail("Pow", []*Tensor{x, y}, "it takes f32, not %s: Cast it", x.op.DType)
	}
	return binaryOp(Op{
		Name: "Pow",
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			x, y := in[0], in[1]
			zero, one, infinite, nan := b.Float(0), b.Float(1), b.Float(math.Inf(1)), b.Float(math.NaN())
			abs := b.Ext(spirv.FAbs, x)
			is0, isInf := b.Equal(abs, zero), b.Equal(abs, infinite)
			size := expr.Pow(b, b.Select(b.Or(is0, isInf), one, abs), y)
			grows := b.Equal(b.Less(zero, y), isInf) // infinity to a positive power, or 0 to a negative one
			size = b.Select(b.Or(is0, isInf), b.Select(grows, infinite, zero), size)
			size = b.Select(b.Equal(abs, one), one, size) // y may be infinite
			whole := b.Equal(b.Ext(spirv.Trunc, y), y)
			odd := b.And(whole, b.NotEqual(b.Mul(b.Ext(spirv.Trunc, b.Mul(y, b.Float(0.5))), b.Float(2)), y))
			negative := b.Less(b.Bitcast(x, spirv.Int), b.Int(0)) // true for −0, too
			result := b.Select(b.And(negative, odd), b.Neg(size), size)
			defined := b.Or(b.Or(whole, b.Not(negative)), b.Or(is0, isInf))
			result = b.Select(defined, result, nan)
			result = b.Select(b.Or(b.NotEqual(x, x), b.NotEqual(y, y)), nan, result)
			return b.Select(b.Or(b.Equal(y, zero), b.Equal(x, one)), one, result)
		},
		Grad: func(z, dy *Tensor) []*Tensor {
			zero, one := Full(0), Full(1)
			// x⁰ is 1 for every x, even where 1/x is infinite or NaN. There x is replaced before it is raised to −1, because a second
			// gradient would multiply zero by what Where does not choose.
			level := y.Equal(zero).And(x.Abs().GreaterEqual(Full(0x1p-126)).Not())
			dx := Where(level, zero, dy.Mul(y.Mul(Where(level, one, x).Pow(y.Shift(-1)))))
			flat := x.Equal(zero).And(y.GreaterEqual(zero))
			return []*Tensor{dx, Where(flat, zero, dy.Mul(z.Mul(Where(flat, one, x).Log())))}
		},
	}, x, y)
}

// PowScalar returns x to the constant power p, as torch.pow does; small whole powers are products.
func (x *Tensor) PowScalar(p float64) *Tensor {
	switch p {
	case 0:
		return Full(1, x.op.Shape...)
	case 1:
		return x
	case 2:
		return x.Square()
	case 0.5:
		return x.Sqrt()
	}
	y := x.powScalar(p)
	return y.withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{dy.Mul(x.PowScalar(p - 1).Scale(p))} }, x)
}

// powScalar is PowScalar for the other powers. Its gradient is not that of the ops that compute it: for x⁻² = 1/(x·x) that would be 0·∞
// for infinite x.
func (x *Tensor) powScalar(p float64) *Tensor {
	const most = 8 // most factors of a product
	switch {
	case p == -0.5:
		return x.Rsqrt()
	case p != math.Trunc(p) || math.Abs(p) > most:
		return x.Pow(Full(p))
	case p < 0:
		return x.PowScalar(-p).Reciprocal()
	}
	y := x
	for range int(p) - 1 {
		y = x.Mul(y)
	}
	return y
}

// Xor returns the logical exclusive or of Bool tensors, the bitwise one of I32.
func (x *Tensor) Xor(y *Tensor) *Tensor { return logical("Xor", x, y, (*spirv.Block).Xor) }

// Lerp returns x + weight·(y − x); all three broadcast.
func (x *Tensor) Lerp(y, weight *Tensor) *Tensor { return x.Add(weight.Mul(y.Sub(x))) }
