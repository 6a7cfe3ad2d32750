package tensor

import (
	"math"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

var (
	sumOf  = &ir.Reduction{Name: "Sum", Combine: (*spirv.Block).Add, Subgroup: (*spirv.Block).SubgroupAdd, Adds: true}
	maxOf  = &ir.Reduction{Name: "Max", Identity: math.Inf(-1), Combine: larger2, Subgroup: orNaN((*spirv.Block).SubgroupMax)}
	prodOf = &ir.Reduction{Name: "Prod", Identity: 1, Combine: (*spirv.Block).Mul, Subgroup: (*spirv.Block).SubgroupMul}
	minOf  = &ir.Reduction{Name: "Min", Identity: math.Inf(1), Combine: smaller2, Subgroup: orNaN((*spirv.Block).SubgroupMin)}
)

// orNaN makes a reduction return NaN if an element is NaN. best alone may ignore NaN.
func orNaN(best func(b *spirv.Block, x spirv.ID) spirv.ID) func(b *spirv.Block, x spirv.ID) spirv.ID {
	return func(b *spirv.Block, x spirv.ID) spirv.ID {
		if b.TypeOf(x).Elem != spirv.Float {
			return best(b, x)
		}
		is := b.SubgroupMax(b.Cast(b.NotEqual(x, x), spirv.Uint))
		return b.Select(b.NotEqual(is, b.Same(is, 0)), b.Same(x, math.NaN()), best(b, x))
	}
}

// Sum adds up the elements along the axes and removes the axes. Without axes it adds up all elements.
func (x *Tensor) Sum(axes ...int) *Tensor { return x.drop(x.SumKeep(axes...), axes) }

// SumKeep is Sum with the axes kept at size 1.
func (x *Tensor) SumKeep(axes ...int) *Tensor { return x.reduce(sumOf, axes) }

// Mean averages the elements along the axes and removes the axes. Without axes it averages all elements.
func (x *Tensor) Mean(axes ...int) *Tensor { return x.drop(x.MeanKeep(axes...), axes) }

// MeanKeep is Mean with the axes kept at size 1.
func (x *Tensor) MeanKeep(axes ...int) *Tensor {
	sum := x.SumKeep(axes...)
	return sum.Scale(float64(sum.Len()) / float64(x.Len()))
}

// Var returns the variance along the axes and removes the axes: the sum of squared distances from the mean, divided by the count minus
// correction. A correction of 1 is Bessel's, which is PyTorch's default; 0 gives the variance of the elements themselves.
func (x *Tensor) Var(correction int, axes ...int) *Tensor {
	return x.drop(x.VarKeep(correction, axes...), axes)
}

// VarKeep is Var with the axes kept at size 1.
func (x *Tensor) VarKeep(correction int, axes ...int) *Tensor {
	d := x.Sub(x.MeanKeep(axes...))
	sum := d.Square().SumKeep(axes...)
	if sum.err != nil {
		return sum
	}
	scale := 1 / (float64(x.Len()/sum.Len()) - float64(correction))
	return sum.Scale(scale).withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{dy.Scale(2 * scale).Mul(d)} }, x)
}

// Std returns the square root of Var. If all elements are equal, Std and its gradient are 0, as in PyTorch.
func (x *Tensor) Std(correction int, axes ...int) *Tensor {
	variance := x.VarKeep(correction, axes...)
	y := variance.Sqrt()
	none := y.Equal(Full(0))
	return x.drop(y.withGrad(func(dy *Tensor) []*Tensor {
		return []*Tensor{Where(none, Full(0), dy.Scale(0.5).Div(Where(none, Full(1), y)))}
	}, variance), axes)
}

// Max returns the largest element, or NaN, along the axes, and removes the axes. Equal elements share the gradient.
func (x *Tensor) Max(axes ...int) *Tensor { return x.drop(x.MaxKeep(axes...), axes) }

// MaxKeep is Max with the axes kept at size 1.
func (x *Tensor) MaxKeep(axes ...int) *Tensor { return x.best(maxOf, axes) }

// best returns the largest or smallest element along the axes, which it keeps. All elements that are equal to the result share the
// gradient, even if the reduction runs over several axes or in several stages. If the result is NaN, the gradient is NaN for all
// elements.
func (x *Tensor) best(r *ir.Reduction, axes []int) *Tensor {
	y := x.reduce(r, axes)
	if y.err != nil {
		return y
	}
	return y.withGrad(func(dy *Tensor) []*Tensor {
		is := x.Detach().Equal(y.Detach()).Cast(F32)
		return []*Tensor{dy.Mul(is).Div(is.SumKeep(axes...))}
	}, x)
}

// Min returns the smallest element, or NaN, along the axes, and removes the axes. Equal elements share the gradient.
func (x *Tensor) Min(axes ...int) *Tensor { return x.drop(x.MinKeep(axes...), axes) }

// MinKeep is Min with the axes kept at size 1.
func (x *Tensor) MinKeep(axes ...int) *Tensor { return x.best(minOf, axes) }

// Prod returns the product of the elements along the axes and removes the axes.
func (x *Tensor) Prod(axes ...int) *Tensor { return x.drop(x.reduce(prodOf, axes), axes) }

// Any tells whether any element of a Bool tensor is true along the axes, and removes the axes.
func (x *Tensor) Any(axes ...int) *Tensor { return x.Cast(I32).Max(axes...).Cast(Bool) }

// All tells whether all elements of a Bool tensor are true along the axes, and removes the axes.
func (x *Tensor) All(axes ...int) *Tensor { return x.Cast(I32).Min(axes...).Cast(Bool) }

// Norm returns the p-norm (Σ |x|ᵖ)^1/p along the axes and removes the axes. For p = ∞ it is the largest absolute value, for p = −∞ the
// smallest, and for p = 0 the number of nonzero elements. Gradients are as in PyTorch: 0 where the norm is 0; for an infinite p all
// elements with that absolute value share it.
func (x *Tensor) Norm(p float64, axes ...int) *Tensor {
	size := x.Abs()
	switch {
	case math.IsInf(p, 0):
		return x.drop(x.endNorm(p > 0, axes), axes)
	case p == 0:
		return x.Detach().NotEqual(Full(0)).Cast(F32).Sum(axes...)
	case p == 1:
		return size.Sum(axes...)
	}
	var y *Tensor
	if p == 2 {
		y = x.Square().SumKeep(axes...).Sqrt()
	} else {
		y = size.PowScalar(p).SumKeep(axes...).PowScalar(1 / p)
	}
	if y.err != nil {
		return y
	}
	grad := func(dy *Tensor) []*Tensor { // sign(x)·(|x|/y)^(p−1)·dy, with the factors in PyTorch's order
		zero, one := Full(0), Full(1)
		none, nought := y.Equal(zero), x.Equal(zero)
		total, each := Where(none, one, y), Where(nought, one, size)
		switch {
		case p == 2:
			return []*Tensor{dy.Mul(Where(none, zero, x.Div(total)))}
		case p < 1:
			return []*Tensor{Where(nought, zero, x.Sign().Mul(each.PowScalar(p-1))).Mul(dy.Mul(y.PowScalar(1 - p)))}
		case p < 2:
			return []*Tensor{Where(nought, zero, x.Sign().Mul(each.PowScalar(p-1))).Mul(Where(none, zero, dy.Div(total.PowScalar(p-1))))}
		}
		return []*Tensor{x.Mul(size.PowScalar(p - 2)).Mul(Where(none, zero, dy.Div(total.PowScalar(p-1))))}
	}
	return x.drop(y.withGrad(grad, x), axes)
}

// endNorm returns the norm of p = ∞, or −∞, and keeps the axes. If the norm is NaN, the gradient is 0 at each NaN, because its sign is 0.
func (x *Tensor) endNorm(largest bool, axes []int) *Tensor {
	r := minOf
	if largest {
		r = maxOf
	}
	size := x.Abs()
	y := size.reduce(r, axes)
	if y.err != nil {
		return y
	}
	return y.withGrad(func(dy *Tensor) []*Tensor {
		x, size, y := x.Detach(), size.Detach(), y.Detach()
		is := size.Equal(y).Or(x.NotEqual(x)).Cast(F32)
		return []*Tensor{x.Sign().Mul(dy.Div(is.SumKeep(axes...)).Mul(is))}
	}, x)
}

// ArgMax returns the int32 index of the largest element along an axis, and removes the axis. It returns the first of equal elements. NaN
// counts as the largest.
func (x *Tensor) ArgMax(axis int) *Tensor { return x.argBest(x.MaxKeep(axis), axis) }

// ArgMin is ArgMax for the smallest element.
func (x *Tensor) ArgMin(axis int) *Tensor { return x.argBest(x.MinKeep(axis), axis) }

func (x *Tensor) argBest(best *Tensor, axis int) *Tensor {
	if best.err != nil {
		return best
	}
	is := x.Equal(best).Or(x.NotEqual(x))
	return Where(is, Iota(axis, x.op.Shape...), fullOf(I32, float64(x.Dim(axis)), nil)).Min(axis)
}

// CumSum returns cumulative sums along an axis: element i of the result is the sum of the elements up to and including i.
func (x *Tensor) CumSum(axis int) *Tensor { return x.scan(axis, 0, (*Tensor).Add) }

// scan combines each element along an axis with all elements before it, in ⌈log₂ n⌉ passes (Hillis & Steele 1986).
func (x *Tensor) scan(axis int, identity float64, combine func(x, y *Tensor) *Tensor) *Tensor {
	if x.err != nil {
		return x
	}
	a, ok := x.axis(axis)
	if !ok {
		return fail("CumSum", []*Tensor{x}, "there is no axis %d", axis)
	}
	for d := 1; d < x.Dim(a); d *= 2 {
		x = combine(x, x.behind(a, d, identity))
	}
	return x
}

// behind shifts x by d along an axis and fills the beginning with fill.
func (x *Tensor) behind(a, d int, fill float64) *Tensor {
	n := x.Dim(a)
	if d >= n {
		return fullOf(x.op.DType, fill, x.op.Shape)
	}
	moved := x.Slice(a, 0, n-d).Pad(a, d, 0)
	if fill == 0 {
		return moved
	}
	return Where(Iota(a, x.op.Shape...).Less(fullOf(I32, float64(d), nil)), fullOf(x.op.DType, fill, nil), moved)
}

// LogSumExp returns log Σ eˣ along the axes, without overflow, and removes the axes.
func (x *Tensor) LogSumExp(axes ...int) *Tensor {
	top := x.MaxKeep(axes...).Detach()
	if top.err == nil { // for infinite elements the difference would be NaN
		top = Where(top.Abs().Less(Full(math.Inf(1))), top, Full(0))
	}
	return x.drop(x.Sub(top).Exp().SumKeep(axes...).Log().Add(top), axes)
}

// drop removes the reduced axes from y.
func (x *Tensor) drop(y *Tensor, axes []int) *Tensor {
	if y.err != nil {
		return y
	}
	if len(axes) == 0 {
		return y.Reshape()
	}
	return y.Squeeze(axes...)
}

// reduce combines the elements along the axes, or all without axes, and keeps the axes at size 1.
func (x *Tensor) reduce(r *ir.Reduction, axes []int) *Tensor {
	if x.err != nil {
		return x
	}
	if x.op.DType == Bool {
		return fail(r.Name, []*Tensor{x}, "it takes numbers, not bool: Cast it")
	}
	if x.op.DType.Packed() {
		return fail(r.Name, []*Tensor{x}, "it takes f32, not %s: Cast it", x.op.DType)
	}
	hit := make([]bool, x.Rank())
	for _, i := range axes {
		a, ok := x.axis(i)
		if !ok || hit[a] {
			return fail(r.Name, []*Tensor{x}, "there is no axis %d, or it is named twice", i)
		}
		hit[a] = true
	}
	if len(axes) == 0 {
		for i := range hit {
			hit[i] = true
		}
	}
	// Neighbouring axes are reduced as one. The innermost group is reduced first, while rows are long.
	y, shape := x, x.Shape()
	for hi := len(shape); hi > 0; hi-- {
		if !hit[hi-1] {
			continue
		}
		lo := hi - 1
		for lo > 0 && hit[lo-1] {
			lo--
		}
		a, k, n := ir.Size(shape[:lo]), ir.Size(shape[lo:hi]), ir.Size(shape[hi:])
		if k > 1 {
			y = y.Reshape(a, k, n).reduceMiddle(r)
		}
		for i := lo; i < hi; i++ {
			shape[i] = 1
		}
		y = y.Reshape(shape...)
		hi = lo + 1
	}
	return y
}

// reduceMiddle combines x [A, K, N] to [A, N]. If there are too few results to keep the device busy, it does so in two stages.
func (x *Tensor) reduceMiddle(r *ir.Reduction) *Tensor {
	if x.err != nil {
		return x
	}
	a, k, n := x.op.Shape[0], x.op.Shape[1], x.op.Shape[2]
	if parts := stages(k, a*n); parts > 1 {
		return x.Reshape(a*parts, k/parts, n).reduceMiddle(r).Reshape(a, parts, n).reduceMiddle(r)
	}
	return Op{
		Name: r.Name, Shape: []int{a, n}, DType: x.op.DType, reduce: r,
		instead: func(on ir.Target, in []*Tensor) *Tensor { return in[0].uneven(on, r) },
		Grad: func(y, dy *Tensor) []*Tensor {
			dy = dy.Reshape(a, 1, n).Expand(a, k, n)
			switch r {
			case sumOf:
				return []*Tensor{dy}
			case prodOf: // the product of all before times that of all after: right where an element is 0, too
				before := x.behind(1, 1, 1).scan(1, 1, (*Tensor).Mul)
				after := x.Flip(1).behind(1, 1, 1).scan(1, 1, (*Tensor).Mul).Flip(1)
				return []*Tensor{dy.Mul(before.Mul(after))}
			}
			return []*Tensor{nil} // best has the gradient
		},
	}.On(x)
}

// stages returns the number of parts in which the k terms of each of n results are combined first. It is 1 if n results keep the device
// busy.
func stages(k, n int) int {
	const enough = 2048 // terms or results that keep all cores of a small machine busy
	if n >= enough || k < enough {
		return 1
	}
	best := 1
	for p := 2; p*p <= k && p*n <= 2*enough; p++ {
		if k%p == 0 {
			best = p
		}
	}
	return best
}

// uneven combines x [A, K, 1] to [A, 1] in parts and a remainder. It serves GPUs in the case of few, long rows whose K has no suitable
// divisor; otherwise it returns nil.
func (x *Tensor) uneven(on ir.Target, r *ir.Reduction) *Tensor {
	const long, part = 1 << 15, 1 << 11 // elements of a row
	a, k, n := x.op.Shape[0], x.op.Shape[1], x.op.Shape[2]
	if on.CPU || n > 1 || k < long || a >= on.Cores() {
		return nil
	}
	parts := k / part
	most := x.Slice(1, 0, parts*part).Reshape(a*parts, part, 1).reduceMiddle(r).Reshape(a, parts, 1).reduceMiddle(r)
	if k%part == 0 {
		return most
	}
	rest := x.Slice(1, parts*part, k).reduceMiddle(r)
	return Op{
		Name: r.Name + "2", Shape: []int{a, 1}, DType: x.op.DType,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return r.Combine(b, in[0], in[1]) },
	}.On(most, rest)
}

// Softmax returns exp(x)/Σ exp(x) along an axis.
func (x *Tensor) Softmax(axis int) *Tensor {
	e := x.Sub(x.MaxKeep(axis).Detach()).Exp()
	return e.Div(e.SumKeep(axis))
}

// LogSoftmax returns log softmax(x) along an axis.
func (x *Tensor) LogSoftmax(axis int) *Tensor {
	x = x.Sub(x.MaxKeep(axis).Detach())
	return x.Sub(x.Exp().SumKeep(axis).Log())
}
