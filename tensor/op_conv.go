package tensor

import "slices"

// ConvOptions is the geometry of a convolution, along height and width. Zero strides, dilations and groups mean 1.
type ConvOptions struct {
	Stride   [2]int
	Padding  [2]int // zeros on both sides
	Dilation [2]int
	Groups   int
}

// ConvTransposeOptions is the geometry of a transposed convolution. Zero strides, dilations and groups mean 1.
type ConvTransposeOptions struct {
	Stride        [2]int
	Padding       [2]int // cut off from both sides
	OutputPadding [2]int // rows and columns added at the end
	Dilation      [2]int
	Groups        int
}

func orOne(v [2]int) [2]int { return [2]int{max(v[0], 1), max(v[1], 1)} }

// Conv2d slides weight w [O, I/Groups, KH, KW] over x [B, I, H, W] and returns [B, O, OH, OW] with
// OH = (H + 2·Padding − Dilation·(KH−1) − 1)/Stride + 1. It computes cross-correlation, as torch.nn.functional.conv2d does.
//
// It is one matrix product of the weight with the windows of x laid side by side.
func (x *Tensor) Conv2d(w *Tensor, o ConvOptions) *Tensor {
	in := []*Tensor{x, w}
	if x.err != nil || w.err != nil {
		return fail("Conv2d", in, "an operand is poisoned")
	}
	if x.Rank() != 4 || w.Rank() != 4 {
		return fail("Conv2d", in, "it takes x [B, I, H, W] and w [O, I/groups, KH, KW]")
	}
	stride, dilation, g := orOne(o.Stride), orOne(o.Dilation), max(o.Groups, 1)
	outC, kh, kw := w.Dim(0), w.Dim(2), w.Dim(3)
	if w.Dim(1)*g != x.Dim(1) || outC%g != 0 {
		return fail("Conv2d", in, "%d input channels in %d groups do not fit the weight", x.Dim(1), g)
	}
	p := x.Pad(2, o.Padding[0], o.Padding[0]).Pad(3, o.Padding[1], o.Padding[1])
	if p.err != nil || p.Dim(2) < dilation[0]*(kh-1)+1 || p.Dim(3) < dilation[1]*(kw-1)+1 {
		return fail("Conv2d", in, "the kernel is larger than the padded picture")
	}
	cols := p.windows(2, kh, stride[0], dilation[0]).windows(3, kw, stride[1], dilation[1]) // [B, I, OH, OW, KH, KW]
	b, oh, ow := x.Dim(0), cols.Dim(2), cols.Dim(3)
	if parts := x.split(cols.Len()); parts != nil {
		for i, part := range parts {
			parts[i] = part.Conv2d(w, o)
		}
		return Concat(0, parts...)
	}
	cols = cols.Permute(1, 4, 5, 0, 2, 3).Reshape(g, -1, b*oh*ow)
	return w.Reshape(g, outC/g, -1).MatMul(cols).Reshape(outC, b, oh, ow).Permute(1, 0, 2, 3)
}

// ConvTranspose2d is the gradient of Conv2d by its input, used forwards: x [B, I, H, W] and w [I, O/Groups, KH, KW] give
// [B, O, OH, OW] with OH = (H−1)·Stride − 2·Padding + Dilation·(KH−1) + OutputPadding + 1, as torch.nn.functional.conv_transpose2d.
func (x *Tensor) ConvTranspose2d(w *Tensor, o ConvTransposeOptions) *Tensor {
	in := []*Tensor{x, w}
	if x.err != nil || w.err != nil {
		return fail("ConvTranspose2d", in, "an operand is poisoned")
	}
	if x.Rank() != 4 || w.Rank() != 4 {
		return fail("ConvTranspose2d", in, "it takes x [B, I, H, W] and w [I, O/groups, KH, KW]")
	}
	stride, dilation, g := orOne(o.Stride), orOne(o.Dilation), max(o.Groups, 1)
	b, c, h, wd := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	kh, kw, outC := w.Dim(2), w.Dim(3), w.Dim(1)*g
	if w.Dim(0) != c || c%g != 0 {
		return fail("ConvTranspose2d", in, "%d input channels in %d groups do not fit the weight", c, g)
	}
	full := [2]int{(h-1)*stride[0] + dilation[0]*(kh-1) + 1, (wd-1)*stride[1] + dilation[1]*(kw-1) + 1}
	size := [2]int{full[0] - 2*o.Padding[0] + o.OutputPadding[0], full[1] - 2*o.Padding[1] + o.OutputPadding[1]}
	if size[0] < 1 || size[1] < 1 {
		return fail("ConvTranspose2d", in, "the padding %v leaves nothing", o.Padding)
	}
	if parts := x.split(b * outC * kh * kw * h * wd); parts != nil {
		for i, part := range parts {
			parts[i] = part.ConvTranspose2d(w, o)
		}
		return Concat(0, parts...)
	}
	cols := w.Reshape(g, c/g, -1).T().MatMul(x.Permute(1, 0, 2, 3).Reshape(g, c/g, -1))
	cols = cols.Reshape(outC, kh, kw, b, h, wd).Permute(3, 0, 4, 5, 1, 2) // [B, O, H, W, KH, KW]
	y := cols.unwindow(3, full[1]+o.OutputPadding[1], stride[1], dilation[1])
	y = y.unwindow(2, full[0]+o.OutputPadding[0], stride[0], dilation[0])
	return y.Slice(2, o.Padding[0], o.Padding[0]+size[0]).Slice(3, o.Padding[1], o.Padding[1]+size[1])
}

// mostWindows is how many elements of windows lie side by side at once: what every Vulkan device binds as one storage buffer
// (maxStorageBufferRange is at least 2^27 bytes).
const mostWindows = 1 << 25

// split cuts x [B, ...] along B, evenly, so that of n elements of windows no more than mostWindows belong to a part. It returns
// nil where nothing needs cutting, or nothing can be cut.
func (x *Tensor) split(n int) []*Tensor {
	b := x.Dim(0)
	count := min(up(n, mostWindows), b)
	if count <= 1 {
		return nil
	}
	parts := make([]*Tensor, count)
	for i := range parts {
		parts[i] = x.Slice(0, i*b/count, (i+1)*b/count)
	}
	return parts
}

// windows replaces an axis of size n by its windows of k elements, dilation apart, which begin step apart; their elements are a new
// last axis. The windows overlap in memory: nothing is copied.
func (x *Tensor) windows(axis, k, step, dilation int) *Tensor {
	if x.err != nil {
		return x
	}
	n := x.op.Shape[axis]
	shape := append(x.Shape(), k)
	shape[axis] = (n-dilation*(k-1)-1)/step + 1
	return x.view("Windows", shape, [4]int{axis, k, step, dilation},
		func(v View) (View, bool) {
			if v.Lo != nil && (v.Lo[axis] != 0 || v.Hi[axis] != n) {
				return v, false
			}
			w := v.clone()
			w.Shape, w.Strides = slices.Clone(shape), append(w.Strides, v.Strides[axis]*dilation)
			w.Strides[axis] *= step
			if v.Lo != nil {
				w.Lo, w.Hi = append(w.Lo, 0), append(w.Hi, k)
				w.Hi[axis] = shape[axis]
			}
			return w, true
		},
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.unwindow(axis, n, step, dilation)} })
}

// unwindow adds windows [..., O, ..., K] up to where they came from: the axis gets n elements, the last axis goes.
func (x *Tensor) unwindow(axis, n, step, dilation int) *Tensor {
	if x.err != nil {
		return x
	}
	last := x.Rank() - 1
	o, k := x.Dim(axis), x.Dim(last)
	if step > 1 && dilation > 1 { // zeros between the windows' beginnings, so that they begin one apart
		return x.dilate(axis, step).unwindow(axis, n, 1, dilation)
	}
	if step == 1 {
		var y *Tensor
		for j := range k {
			term := x.Slice(last, j, j+1).Squeeze(last).Pad(axis, j*dilation, (k-1-j)*dilation)
			y = plus(y, term)
		}
		return y.fit(axis, n)
	}
	// Element m·step + r is Σ over q of element q·step + r of window m − q: for each q a shift, all r at once.
	turns := up(k, step)
	x = x.Pad(last, 0, turns*step-k).Reshape(append(x.Shape()[:last], turns, step)...)
	axes := make([]int, 0, last+1) // the remainder r follows its axis
	for a := range last {
		axes = append(axes, a)
		if a == axis {
			axes = append(axes, last)
		}
	}
	var y *Tensor
	for q := range turns {
		term := x.Slice(last, q, q+1).Squeeze(last).Permute(axes...).Pad(axis, q, turns-1-q)
		y = plus(y, term)
	}
	shape := slices.Delete(y.Shape(), axis+1, axis+2)
	shape[axis] = (o + turns - 1) * step
	return y.Reshape(shape...).fit(axis, n)
}

func plus(x, y *Tensor) *Tensor {
	if x == nil {
		return y
	}
	return x.Add(y)
}

// fit cuts an axis, or pads its end with zeros, to n elements.
func (x *Tensor) fit(axis, n int) *Tensor {
	have := x.Dim(axis)
	if have > n {
		return x.Slice(axis, 0, n)
	}
	return x.Pad(axis, 0, n-have)
}
