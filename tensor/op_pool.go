package tensor

import (
	"math"
	"slices"

	"genview/tensor/internal/ir"
)

// PoolOptions is the geometry of a pooling. Each slice has one number for each spatial axis, or one for all. An empty Stride means the
// kernel size, an empty Padding 0, and an empty Dilation 1.
type PoolOptions struct {
	Kernel, Stride, Padding, Dilation []int
}

// poolShape is PoolOptions with one number for each axis.
type poolShape struct {
	kernel, stride, pad, dilation []int
}

// poolOf checks the geometry of a pooling of the last n axes of x.
func (x *Tensor) poolOf(name string, n int, o PoolOptions) (p poolShape, bad *Tensor) {
	if x.err != nil {
		return p, x
	}
	var ok [4]bool
	p.kernel, ok[0] = spread(o.Kernel, n, 0)
	p.stride, ok[1] = p.kernel, true
	if len(o.Stride) > 0 {
		p.stride, ok[1] = spread(o.Stride, n, 1)
	}
	p.pad, ok[2] = spread(o.Padding, n, 0)
	p.dilation, ok[3] = spread(o.Dilation, n, 1)
	if slices.Contains(ok[:], false) || slices.Min(p.dilation) < 1 || slices.Min(p.kernel) < 1 || slices.Min(p.stride) < 1 || slices.Min(p.pad) < 0 || x.Rank() < n {
		return p, fail(name, []*Tensor{x}, "the geometry needs one number, or one for each of %d axes: kernels, strides and dilations from 1 on, paddings from 0 on", n)
	}
	for i := range n {
		if 2*p.pad[i] > p.kernel[i] || x.Dim(x.Rank()-n+i)+2*p.pad[i] < p.dilation[i]*(p.kernel[i]-1)+1 {
			return p, fail(name, []*Tensor{x}, "the padding is more than half of the kernel, or the kernel is larger than the padded input")
		}
	}
	return p, nil
}

// windows returns the windows of the last axes of x, padded with fill. The elements of a window are the result's last axis.
func (p poolShape) windows(x *Tensor, fill float64) *Tensor {
	n := len(p.kernel)
	first := x.Rank() - n
	for i := range n {
		x = x.PadConstant(first+i, p.pad[i], p.pad[i], fill)
	}
	for i := range n {
		x = x.windows(first+i, p.kernel[i], p.stride[i], p.dilation[i])
	}
	return x.Flatten(first + n)
}

// inside returns a mask that is false at the padding of windows of x, in a shape that broadcasts to that of the windows. It returns nil
// if there is no padding.
func (p poolShape) inside(x, windows *Tensor) *Tensor {
	n := len(p.kernel)
	if slices.Max(p.pad) == 0 || windows.err != nil {
		return nil
	}
	first := x.Rank() - n
	shape := append(windows.Shape()[first:first+n], p.kernel...)
	var all *Tensor
	for i := range n {
		number := func(v int) *Tensor { return fullOf(I32, float64(v), nil) }
		at := Iota(i, shape...).Mul(number(p.stride[i])).Add(Iota(n+i, shape...).Mul(number(p.dilation[i])))
		is := at.GreaterEqual(number(p.pad[i])).And(at.Less(number(p.pad[i] + x.Dim(first+i))))
		if all != nil {
			is = all.And(is)
		}
		all = is
	}
	return all.Flatten(n)
}

// largest returns the largest element of the last axis, or NaN if there is one. The gradient goes to the first of equal elements and to
// the last NaN, as in PyTorch's pooling, and never to padding. mine is false at padding; nil: there is none.
func (x *Tensor) largest(mine *Tensor) *Tensor {
	y := x.MaxKeep(-1)
	if y.err != nil {
		return y
	}
	n := x.Dim(-1)
	return y.withGrad(func(dy *Tensor) []*Tensor {
		at := Iota(-1, x.op.Shape...)
		none := fullOf(I32, 0, nil)
		equal := x.Equal(y)
		if mine != nil {
			equal = equal.And(mine)
		}
		claim := Where(x.NotEqual(x), at.Shift(float64(n+1)), Where(equal, fullOf(I32, float64(n), nil).Sub(at), none))
		return []*Tensor{Where(claim.Equal(claim.MaxKeep(-1)), dy, Full(0))} // a window of padding alone has no element that gets a gradient
	}, x).Squeeze(-1)
}

// maxPool takes the largest element of each window of the last n axes.
func (x *Tensor) maxPool(name string, n int, o PoolOptions) *Tensor {
	p, bad := x.poolOf(name, n, o)
	if bad != nil {
		return bad
	}
	windows := p.windows(x, math.Inf(-1))
	return windows.largest(p.inside(x, windows))
}

// avgPool averages each window of the last n axes.
func (x *Tensor) avgPool(name string, n int, o PoolOptions) *Tensor {
	p, bad := x.poolOf(name, n, o)
	if bad != nil {
		return bad
	}
	return p.windows(x, 0).Mean(-1)
}

// MaxPool1d takes the largest element of each window of x [..., L].
func (x *Tensor) MaxPool1d(o PoolOptions) *Tensor { return x.maxPool("MaxPool1d", 1, o) }

// MaxPool2d takes the largest element of each window of x [..., H, W], as torch.nn.functional.max_pool2d does.
func (x *Tensor) MaxPool2d(o PoolOptions) *Tensor { return x.maxPool("MaxPool2d", 2, o) }

// MaxPool3d takes the largest element of each window of x [..., D, H, W].
func (x *Tensor) MaxPool3d(o PoolOptions) *Tensor { return x.maxPool("MaxPool3d", 3, o) }

// AvgPool1d averages each window of x [..., L], with the padding's zeros.
func (x *Tensor) AvgPool1d(o PoolOptions) *Tensor { return x.avgPool("AvgPool1d", 1, o) }

// AvgPool2d averages each window of x [..., H, W], with the padding's zeros, as torch.nn.functional.avg_pool2d does.
func (x *Tensor) AvgPool2d(o PoolOptions) *Tensor { return x.avgPool("AvgPool2d", 2, o) }

// AvgPool3d averages each window of x [..., D, H, W], with the padding's zeros.
func (x *Tensor) AvgPool3d(o PoolOptions) *Tensor { return x.avgPool("AvgPool3d", 3, o) }

// AdaptiveAvgPool averages x's last axes, as many as there are sizes, down to these sizes: element i of n is the mean of the elements
// ⌊i·m/n⌋ to ⌈(i+1)·m/n⌉ − 1 of m, as torch.nn.functional.adaptive_avg_pool2d does.
func (x *Tensor) AdaptiveAvgPool(sizes ...int) *Tensor {
	return x.adaptive("AdaptiveAvgPool", sizes, func(windows, mine *Tensor, counts []float32) *Tensor {
		if mine != nil {
			windows = Where(mine, windows, Full(0))
		}
		return windows.Sum(-1).Div(Const(counts, len(counts)))
	})
}

// AdaptiveMaxPool is AdaptiveAvgPool with the largest element in place of the mean.
func (x *Tensor) AdaptiveMaxPool(sizes ...int) *Tensor {
	return x.adaptive("AdaptiveMaxPool", sizes, func(windows, mine *Tensor, _ []float32) *Tensor { return windows.largest(mine) })
}

// adaptive reduces the windows of the last axes, one axis after the other, beginning with the last. The first of equal elements in a
// window is then the first of its first row. reduce gets windows [..., N, K], a mask [N, K] that is false at padding (nil: there is
// none), and the number of elements in each window.
func (x *Tensor) adaptive(name string, sizes []int, reduce func(windows, mine *Tensor, counts []float32) *Tensor) *Tensor {
	if x.err == nil && (len(sizes) == 0 || len(sizes) > x.Rank() || slices.Min(sizes) < 1) {
		return fail(name, []*Tensor{x}, "the sizes %v do not fit", sizes)
	}
	for i := len(sizes) - 1; i >= 0; i-- {
		if x.err != nil {
			return x
		}
		axis, n := x.Rank()-len(sizes)+i, sizes[i]
		m := x.Dim(axis)
		last := x.Transpose(axis, -1)
		front := last.Shape()[:last.Rank()-1]
		longest, counts := 0, make([]float32, n)
		for k := range n {
			counts[k] = float32(ir.Up((k+1)*m, n) - k*m/n)
			longest = max(longest, int(counts[k]))
		}
		var mine *Tensor
		if m%n != 0 {
			at, is := make([]int32, 0, n*longest), make([]bool, 0, n*longest)
			for k := range n {
				for p := range longest { // short windows are padded with their last element
					at = append(at, int32(min(k*m/n+p, ir.Up((k+1)*m, n)-1)))
					is = append(is, p < int(counts[k]))
				}
			}
			last, mine = last.IndexSelect(-1, Const(at, len(at))), Const(is, n, longest)
		}
		windows := last.Reshape(append(slices.Clone(front), n, longest)...)
		x = reduce(windows, mine, counts).Transpose(axis, -1)
	}
	return x
}

// PixelShuffle turns x [..., C·r², H, W] into [..., C, H·r, W·r] (Shi et al. 2016, eq. 4).
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
	return y.Permute(append(ir.Counting(0, n+1), n+3, n+1, n+4, n+2)...).Reshape(append(front, c, h*r, w*r)...)
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
	return y.Permute(append(ir.Counting(0, n+1), n+2, n+4, n+1, n+3)...).Reshape(append(front, c*r*r, h, w)...)
}

// Unfold returns the windows of x [B, C, H, W] as columns [B, C·KH·KW, L], as torch.nn.functional.unfold does.
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

// Fold adds columns [B, C·KH·KW, L] to the elements from which Unfold would read them, and returns [B, C, size…], as
// torch.nn.functional.fold does.
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
