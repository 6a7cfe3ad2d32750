package tensor

import (
	"math"
	"slices"
)

// PoolOptions is the geometry of a pooling, one number for each spatial axis, or one for all. No Stride means the kernel's, no Padding
// none, and no Dilation 1.
type PoolOptions struct {
	Kernel, Stride, Padding, Dilation []int
}

// pool checks the geometry and returns the windows of the last n axes of x, padded with fill, with their elements as one last axis.
func (x *Tensor) pool(name string, n int, o PoolOptions, fill float64) *Tensor {
	if x.err != nil {
		return x
	}
	kernel, ok := spread(o.Kernel, n, 0)
	stride := kernel
	ok2 := true
	if len(o.Stride) > 0 {
		stride, ok2 = spread(o.Stride, n, 1)
	}
	pad, ok3 := spread(o.Padding, n, 0)
	dilation, ok4 := spread(o.Dilation, n, 1)
	if !ok || !ok2 || !ok3 || !ok4 || slices.Min(dilation) < 1 || slices.Min(kernel) < 1 || slices.Min(stride) < 1 || slices.Min(pad) < 0 || x.Rank() < n {
		return fail(name, []*Tensor{x}, "the geometry needs one number, or one for each of %d axes: kernels, strides and dilations from 1 on, paddings from 0 on", n)
	}
	first := x.Rank() - n
	for i := range n {
		if 2*pad[i] > kernel[i] || x.Dim(first+i)+2*pad[i] < dilation[i]*(kernel[i]-1)+1 {
			return fail(name, []*Tensor{x}, "the padding is more than half of the kernel, or the kernel is larger than the padded input")
		}
		x = x.PadConstant(first+i, pad[i], pad[i], fill)
	}
	for i := range n {
		x = x.windows(first+i, kernel[i], stride[i], dilation[i])
	}
	return x.Flatten(first + n)
}

// largest is the largest element of the last axis; the gradient goes to the first of equal ones, as in PyTorch's pooling.
func (x *Tensor) largest() *Tensor {
	return x.Max(-1).withGrad(func(dy *Tensor) []*Tensor {
		n := x.Dim(-1)
		return []*Tensor{x.ArgMax(-1).OneHot(n).Mul(dy.Unsqueeze(-1))}
	}, x)
}

// MaxPool1d takes the largest element of each window of x [..., L].
func (x *Tensor) MaxPool1d(o PoolOptions) *Tensor {
	return x.pool("MaxPool1d", 1, o, math.Inf(-1)).largest()
}

// MaxPool2d takes the largest element of each window of x [..., H, W], as torch.nn.functional.max_pool2d does.
func (x *Tensor) MaxPool2d(o PoolOptions) *Tensor {
	return x.pool("MaxPool2d", 2, o, math.Inf(-1)).largest()
}

// MaxPool3d takes the largest element of each window of x [..., D, H, W].
func (x *Tensor) MaxPool3d(o PoolOptions) *Tensor {
	return x.pool("MaxPool3d", 3, o, math.Inf(-1)).largest()
}

// AvgPool1d averages each window of x [..., L], with the padding's zeros.
func (x *Tensor) AvgPool1d(o PoolOptions) *Tensor { return x.pool("AvgPool1d", 1, o, 0).Mean(-1) }

// AvgPool2d averages each window of x [..., H, W], with the padding's zeros, as torch.nn.functional.avg_pool2d does.
func (x *Tensor) AvgPool2d(o PoolOptions) *Tensor { return x.pool("AvgPool2d", 2, o, 0).Mean(-1) }

// AvgPool3d averages each window of x [..., D, H, W], with the padding's zeros.
func (x *Tensor) AvgPool3d(o PoolOptions) *Tensor { return x.pool("AvgPool3d", 3, o, 0).Mean(-1) }

// AdaptiveAvgPool averages x's last axes, as many as there are sizes, down to these sizes: element i of n from m is the mean of the
// elements ⌊i·m/n⌋ to ⌈(i+1)·m/n⌉ − 1, as torch.nn.functional.adaptive_avg_pool2d does.
func (x *Tensor) AdaptiveAvgPool(sizes ...int) *Tensor {
	return x.adaptive("AdaptiveAvgPool", sizes, func(x *Tensor, axis int, lo, hi []int) *Tensor {
		weights := make([]float32, x.Dim(axis)*len(lo))
		for i := range lo {
			for p := lo[i]; p < hi[i]; p++ {
				weights[p*len(lo)+i] = 1 / float32(hi[i]-lo[i])
			}
		}
		return x.along(axis, Const(weights, x.Dim(axis), len(lo)))
	})
}

// AdaptiveMaxPool is AdaptiveAvgPool with the largest element in place of the mean.
func (x *Tensor) AdaptiveMaxPool(sizes ...int) *Tensor {
	return x.adaptive("AdaptiveMaxPool", sizes, func(x *Tensor, axis int, lo, hi []int) *Tensor {
		longest := 0
		for i := range lo {
			longest = max(longest, hi[i]-lo[i])
		}
		at := make([]int32, 0, len(lo)*longest) // short windows have their last element again
		for i := range lo {
			for p := range longest {
				at = append(at, int32(min(lo[i]+p, hi[i]-1)))
			}
		}
		picked := x.Transpose(axis, -1).IndexSelect(-1, Const(at, len(at)))
		return picked.Reshape(append(picked.Shape()[:picked.Rank()-1], len(lo), longest)...).largest().Transpose(axis, -1)
	})
}

func (x *Tensor) adaptive(name string, sizes []int, reduce func(x *Tensor, axis int, lo, hi []int) *Tensor) *Tensor {
	if x.err == nil && (len(sizes) == 0 || len(sizes) > x.Rank() || slices.Min(sizes) < 1) {
		return fail(name, []*Tensor{x}, "the sizes %v do not fit", sizes)
	}
	for i, n := range sizes {
		if x.err != nil {
			return x
		}
		axis := x.Rank() - len(sizes) + i
		m := x.Dim(axis)
		lo, hi := make([]int, n), make([]int, n)
		for k := range n {
			lo[k], hi[k] = k*m/n, up((k+1)*m, n)
		}
		x = reduce(x, axis, lo, hi)
	}
	return x
}

// along applies a matrix [N, M] to an axis of size N, which becomes one of size M.
func (x *Tensor) along(axis int, matrix *Tensor) *Tensor {
	if axis == x.Rank()-1 {
		if x.Rank() == 1 {
			return x.Unsqueeze(0).MatMul(matrix).Squeeze(0)
		}
		return x.MatMul(matrix)
	}
	return x.Transpose(axis, -1).MatMul(matrix).Transpose(axis, -1)
}

// UpsampleNearest gives x's last axes, as many as there are sizes, these sizes: element i of n from m is element ⌊i·m/n⌋, as
// torch.nn.functional.interpolate does by default. It makes smaller, too.
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

// UpsampleLinear interpolates x's last axes, as many as there are sizes, linearly to these sizes: for two axes it is bilinear. Corners
// are aligned, or the edges of the outermost elements are, as torch.nn.functional.interpolate does with align_corners true or false.
func (x *Tensor) UpsampleLinear(alignCorners bool, sizes ...int) *Tensor {
	return x.resize("UpsampleLinear", sizes, func(x *Tensor, axis, n int) *Tensor {
		m := x.Dim(axis)
		weights := make([]float32, m*n)
		for i := range n {
			at := max((float64(i)+0.5)*float64(m)/float64(n)-0.5, 0)
			if alignCorners {
				at = float64(i) * float64(m-1) / float64(max(n-1, 1))
			}
			lo := min(int(at), m-1)
			part := float32(at - float64(lo))
			weights[lo*n+i] += 1 - part
			weights[min(lo+1, m-1)*n+i] += part
		}
		return x.along(axis, Const(weights, m, n))
	})
}

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

// PixelShuffle makes x [..., C·r², H, W] to [..., C, H·r, W·r] (Shi et al. 2016, eq. 4).
func (x *Tensor) PixelShuffle(r int) *Tensor {
	if x.err != nil {
		return x
	}
	if x.Rank() < 3 || r < 1 || x.Dim(-3)%(r*r) != 0 {
		return fail("PixelShuffle", []*Tensor{x}, "its channels are no multiple of %d²", r)
	}
	n := x.Rank() - 3
	front, c, h, w := x.Shape()[:n], x.Dim(-3)/(r*r), x.Dim(-2), x.Dim(-1)
	y := x.Reshape(append(slices.Clone(front), c, r, r, h, w)...)
	return y.Permute(append(counting(0, n+1), n+3, n+1, n+4, n+2)...).Reshape(append(front, c, h*r, w*r)...)
}

// PixelUnshuffle is the inverse of PixelShuffle.
func (x *Tensor) PixelUnshuffle(r int) *Tensor {
	if x.err != nil {
		return x
	}
	if x.Rank() < 3 || r < 1 || x.Dim(-2)%r != 0 || x.Dim(-1)%r != 0 {
		return fail("PixelUnshuffle", []*Tensor{x}, "its height and width are no multiples of %d", r)
	}
	n := x.Rank() - 3
	front, c, h, w := x.Shape()[:n], x.Dim(-3), x.Dim(-2)/r, x.Dim(-1)/r
	y := x.Reshape(append(slices.Clone(front), c, h, r, w, r)...)
	return y.Permute(append(counting(0, n+1), n+2, n+4, n+1, n+3)...).Reshape(append(front, c*r*r, h, w)...)
}

// Unfold lays the windows of x [B, C, H, W] out as columns [B, C·KH·KW, L], as torch.nn.functional.unfold does.
func (x *Tensor) Unfold(kernel [2]int, o ConvOptions) *Tensor {
	c, bad := newConv("Unfold", 2, x, Full(0, 1, x.Dim(1), kernel[0], kernel[1]), o.Stride, o.Padding, o.Dilation, 1)
	if bad != nil {
		return bad
	}
	c.i = x.Dim(1)
	if !c.measure(x.op.Shape[2:]) {
		return fail("Unfold", []*Tensor{x}, "the kernel is larger than the padded input")
	}
	windows := c.windows(x) // [B, 1, C, OH, OW, KH, KW]
	return windows.Permute(0, 1, 2, 5, 6, 3, 4).Reshape(x.Dim(0), x.Dim(1)*kernel[0]*kernel[1], -1)
}

// Fold adds columns [B, C·KH·KW, L] up to where Unfold takes them from: [B, C, size…], as torch.nn.functional.fold does.
func (x *Tensor) Fold(size, kernel [2]int, o ConvOptions) *Tensor {
	if x.err == nil && (x.Rank() != 3 || kernel[0] < 1 || kernel[1] < 1 || x.Dim(1)%(kernel[0]*kernel[1]) != 0) {
		return fail("Fold", []*Tensor{x}, "it takes columns [B, C·%d·%d, L]", kernel[0], kernel[1])
	}
	if x.err != nil {
		return x
	}
	channels := x.Dim(1) / (kernel[0] * kernel[1])
	picture := Full(0, x.Dim(0), channels, size[0], size[1])
	return VJP(picture.Unfold(kernel, o), x, picture)[0]
}
