package tensor

import (
	"math"

	"genview/shaders/spirv"
)

// A reduction combines elements in any order.
type reduction struct {
	name    string
	unit    float64 // combining with it changes nothing
	combine func(b *spirv.Block, x, y spirv.ID) spirv.ID
}

var (
	sumOf = &reduction{"Sum", 0, (*spirv.Block).Add}
	maxOf = &reduction{"Max", math.Inf(-1), (*spirv.Block).Max}
	minOf = &reduction{"Min", math.Inf(1), (*spirv.Block).Min}
)

// Sum adds up the elements along the axes, which disappear; without axes all elements.
func (x *Tensor) Sum(axes ...int) *Tensor { return x.drop(x.SumKeep(axes...), axes) }

// SumKeep is Sum with the axes kept at size 1.
func (x *Tensor) SumKeep(axes ...int) *Tensor { return x.reduce(sumOf, axes) }

// Mean averages the elements along the axes, which disappear; without axes all elements.
func (x *Tensor) Mean(axes ...int) *Tensor { return x.drop(x.MeanKeep(axes...), axes) }

// MeanKeep is Mean with the axes kept at size 1.
func (x *Tensor) MeanKeep(axes ...int) *Tensor {
	sum := x.SumKeep(axes...)
	return sum.Scale(float64(sum.Len()) / float64(x.Len()))
}

// Var is the variance along the axes, which disappear: the mean square distance from the mean, without Bessel's correction.
func (x *Tensor) Var(axes ...int) *Tensor { return x.drop(x.VarKeep(axes...), axes) }

// VarKeep is Var with the axes kept at size 1.
func (x *Tensor) VarKeep(axes ...int) *Tensor {
	return x.Sub(x.MeanKeep(axes...)).Square().MeanKeep(axes...)
}

// Max is the largest element along the axes, which disappear; equal ones share the gradient.
func (x *Tensor) Max(axes ...int) *Tensor { return x.drop(x.MaxKeep(axes...), axes) }

// MaxKeep is Max with the axes kept at size 1.
func (x *Tensor) MaxKeep(axes ...int) *Tensor { return x.reduce(maxOf, axes) }

// Min is the smallest element along the axes, which disappear; equal ones share the gradient.
func (x *Tensor) Min(axes ...int) *Tensor { return x.drop(x.MinKeep(axes...), axes) }

// MinKeep is Min with the axes kept at size 1.
func (x *Tensor) MinKeep(axes ...int) *Tensor { return x.reduce(minOf, axes) }

// LogSumExp is log Σ eˣ along the axes, which disappear, without overflow.
func (x *Tensor) LogSumExp(axes ...int) *Tensor {
	top := x.MaxKeep(axes...).Detach()
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

func (x *Tensor) reduce(r *reduction, axes []int) *Tensor {
	if x.err != nil {
		return x
	}
	if x.op.DType == Bool {
		return fail(r.name, []*Tensor{x}, "it takes numbers, not bool: Cast it")
	}
	hit := make([]bool, x.Rank())
	for _, i := range axes {
		a, ok := x.axis(i)
		if !ok || hit[a] {
			return fail(r.name, []*Tensor{x}, "there is no axis %d, or it is named twice", i)
		}
		hit[a] = true
	}
	if len(axes) == 0 {
		for i := range hit {
			hit[i] = true
		}
	}
	// Neighbouring axes are one; the innermost run goes first, while rows are long.
	y, shape := x, x.Shape()
	for hi := len(shape); hi > 0; hi-- {
		if !hit[hi-1] {
			continue
		}
		lo := hi - 1
		for lo > 0 && hit[lo-1] {
			lo--
		}
		a, k, n := size(shape[:lo]), size(shape[lo:hi]), size(shape[hi:])
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

// reduceMiddle combines x [A, K, N] to [A, N]. Where that leaves too little to share out, it goes in two stages.
func (x *Tensor) reduceMiddle(r *reduction) *Tensor {
	a, k, n := x.op.Shape[0], x.op.Shape[1], x.op.Shape[2]
	if parts := stages(k, a*n); parts > 1 {
		return x.Reshape(a*parts, k/parts, n).reduceMiddle(r).Reshape(a, parts, n).reduceMiddle(r)
	}
	return Op{
		Name: r.name, Shape: []int{a, n}, DType: x.op.DType, Reduce: r,
		Grad: func(y, dy *Tensor) []*Tensor {
			dy = dy.Reshape(a, 1, n).Expand(a, k, n)
			if r == sumOf {
				return []*Tensor{dy}
			}
			best := x.Equal(y.Reshape(a, 1, n)).Cast(F32)
			return []*Tensor{dy.Mul(best).Div(best.SumKeep(1))}
		},
	}.On(x)
}

// stages returns in how many parts the k terms of each of n results are combined first: 1 where n is work enough.
func stages(k, n int) int {
	const enough = 2048 // terms or results that keep all lanes of a small machine busy
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
