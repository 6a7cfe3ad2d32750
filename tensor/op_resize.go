package tensor

import (
	"math"
	"slices"

	"genview/tensor/internal/ir"
)

// UpsampleNearest resizes x's last axes, as many as there are sizes, to these sizes: element i of n is element ⌊i·m/n⌋ of m, as
// torch.nn.functional.interpolate does by default. The sizes may also be smaller than x's.
func (x *Tensor) UpsampleNearest(sizes ...int) *Tensor {
	return x.resize("UpsampleNearest", sizes, func(x *Tensor, axis, n int) *Tensor {
		m := x.Dim(axis)
		if n%m == 0 {
			shape := x.Shape()
			wide := append(slices.Clone(shape[:axis+1]), append([]int{n / m}, shape[axis+1:]...)...)
			shape[axis] = n
			return x.Unsqueeze(axis + 1).Expand(wide...).Reshape(shape...)
		}
		at := make([]int32, n)
		for i := range at {
			at[i] = int32(i * m / n)
		}
		return x.IndexSelect(axis, Const(at, n))
	})
}

// UpsampleLinear resizes x's last axes, as many as there are sizes, by linear interpolation; for two axes this is bilinear. It aligns
// either the corners or the edges of the outermost elements, as torch.nn.functional.interpolate does with align_corners true or false.
func (x *Tensor) UpsampleLinear(alignCorners bool, sizes ...int) *Tensor {
	return x.resize("UpsampleLinear", sizes, func(x *Tensor, axis, n int) *Tensor {
		return x.resample(axis, linearTaps(x.Dim(axis), n, alignCorners))
	})
}

// UpsampleCubic resizes x's last axes, as many as there are sizes, by cubic convolution (Keys 1981) with a = −¾; for two axes this is
// bicubic, as in torch.nn.functional.interpolate. Elements beyond the ends are those at the ends. Results may lie outside the range of x.
func (x *Tensor) UpsampleCubic(alignCorners bool, sizes ...int) *Tensor {
	return x.resize("UpsampleCubic", sizes, func(x *Tensor, axis, n int) *Tensor {
		return x.resample(axis, cubicTaps(x.Dim(axis), n, alignCorners))
	})
}

// resize applies one to each of the last axes whose size changes.
func (x *Tensor) resize(name string, sizes []int, one func(x *Tensor, axis, n int) *Tensor) *Tensor {
	if x.err == nil && (len(sizes) == 0 || len(sizes) > x.Rank() || slices.Min(sizes) < 1) {
		return fail(name, []*Tensor{x}, "the sizes %v do not fit", sizes)
	}
	for i, n := range sizes {
		if axis := x.Rank() - len(sizes) + i; x.err == nil && x.Dim(axis) != n {
			x = one(x, axis, n)
		}
	}
	return x
}

// taps say how an axis is resampled: element i of the result is the sum over t of weight[t][i] · x[at[t][i]].
type taps struct {
	at     [][]int32
	weight [][]float32
}

// resample returns x with an axis resampled: by a kernel, whose gradient is that of the same sum as a composition of ops.
func (x *Tensor) resample(axis int, t taps) *Tensor {
	last := x.Transpose(axis, -1)
	var y *Tensor
	for k, at := range t.at {
		y = plus(y, last.IndexSelect(-1, Const(at, len(at))).Mul(Const(t.weight[k], len(at))))
	}
	y = y.Transpose(axis, -1)
	if y.err != nil || x.op.DType != F32 {
		return y
	}
	shape, n := x.Shape(), len(t.at[0])
	kernel := Op{
		Name: "Resample", Shape: []int{ir.Size(shape[:axis]), n, ir.Size(shape[axis+1:])}, DType: F32, kernel: ir.Resample{},
	}.On(x.Reshape(ir.Size(shape[:axis]), shape[axis], -1), Const(slices.Concat(t.at...), len(t.at), n), Const(slices.Concat(t.weight...), len(t.at), n))
	return kernel.Reshape(y.op.Shape...).withGrad(func(dy *Tensor) []*Tensor { return VJP(y, dy, x) }, x)
}

// source returns the coordinate in an axis of m elements that element i of a resized axis of n elements shows.
func source(i, m, n int, alignCorners bool) float64 {
	if alignCorners {
		return float64(i) * float64(m-1) / float64(max(n-1, 1))
	}
	return (float64(i)+0.5)*float64(m)/float64(n) - 0.5
}

// linearTaps interpolates between the two elements next to a coordinate.
func linearTaps(m, n int, alignCorners bool) taps {
	low, high := make([]int32, n), make([]int32, n)
	part, rest := make([]float32, n), make([]float32, n)
	for i := range n {
		at := max(source(i, m, n, alignCorners), 0)
		lo := min(int(at), m-1)
		low[i], high[i] = int32(lo), int32(min(lo+1, m-1))
		part[i] = float32(at - float64(lo))
		rest[i] = 1 - part[i]
	}
	return taps{[][]int32{low, high}, [][]float32{rest, part}}
}

// cubicTaps weighs the four elements around a coordinate by Keys' kernel, a cubic of the distance up to 1 and another one up to 2.
func cubicTaps(m, n int, alignCorners bool) taps {
	const a = -0.75
	var t taps
	for k := range 4 {
		at, weight := make([]int32, n), make([]float32, n)
		for i := range n {
			x := source(i, m, n, alignCorners)
			p := math.Floor(x) + float64(k-1)
			d := math.Abs(x - p)
			w := ((a*d-5*a)*d+8*a)*d - 4*a
			if k == 1 || k == 2 {
				w = ((a+2)*d-(a+3))*d*d + 1
			}
			at[i], weight[i] = int32(min(max(p, 0), float64(m-1))), float32(w)
		}
		t.at, t.weight = append(t.at, at), append(t.weight, weight)
	}
	return t
}
