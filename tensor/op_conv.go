package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// ConvOptions is the geometry of a convolution. Each slice has one number for each spatial axis, or one for all. Empty slices mean stride
// and dilation 1 and no padding, and Groups 0 means 1.
type ConvOptions struct {
	Stride   []int
	Padding  []int // zeros on both sides
	Dilation []int
	Groups   int
}

// ConvTransposeOptions is the geometry of a transposed convolution, as in [ConvOptions].
type ConvTransposeOptions struct {
	Stride        []int
	Padding       []int // removed from both sides
	OutputPadding []int // added at the end
	Dilation      []int
	Groups        int
}

// Conv1d slides weight w [O, I/Groups, K] over x [B, I, L], as torch.nn.functional.conv1d does; see [Tensor.Conv2d].
func (x *Tensor) Conv1d(w *Tensor, o ConvOptions) *Tensor { return convolve("Conv1d", 1, x, w, o) }

// Conv2d slides weight w [O, I/Groups, KH, KW] over x [B, I, H, W] and returns [B, O, OH, OW] with
// OH = ⌊(H + 2·Padding − Dilation·(KH−1) − 1)/Stride⌋ + 1. It computes cross-correlation, as torch.nn.functional.conv2d does.
func (x *Tensor) Conv2d(w *Tensor, o ConvOptions) *Tensor { return convolve("Conv2d", 2, x, w, o) }

// Conv3d slides weight w [O, I/Groups, KD, KH, KW] over x [B, I, D, H, W], as torch.nn.functional.conv3d does; see [Tensor.Conv2d].
func (x *Tensor) Conv3d(w *Tensor, o ConvOptions) *Tensor { return convolve("Conv3d", 3, x, w, o) }

// ConvTranspose1d is [Tensor.ConvTranspose2d] for x [B, I, L] and w [I, O/Groups, K].
func (x *Tensor) ConvTranspose1d(w *Tensor, o ConvTransposeOptions) *Tensor {
	return convolveBack("ConvTranspose1d", 1, x, w, o)
}

// ConvTranspose2d is the gradient of Conv2d by its input, as an op: x [B, I, H, W] and w [I, O/Groups, KH, KW] give [B, O, OH, OW] with
// OH = (H−1)·Stride − 2·Padding + Dilation·(KH−1) + OutputPadding + 1, as torch.nn.functional.conv_transpose2d.
func (x *Tensor) ConvTranspose2d(w *Tensor, o ConvTransposeOptions) *Tensor {
	return convolveBack("ConvTranspose2d", 2, x, w, o)
}

// ConvTranspose3d is [Tensor.ConvTranspose2d] for x [B, I, D, H, W] and w [I, O/Groups, KD, KH, KW].
func (x *Tensor) ConvTranspose3d(w *Tensor, o ConvTransposeOptions) *Tensor {
	return convolveBack("ConvTranspose3d", 3, x, w, o)
}

// A conv is the geometry that a convolution and its two gradients, by the input and by the weight, have in common. There are x [B, I,
// in…], w [O, I/groups, kernel…] and y [B, O, out…]. The three ops forth, back and weigh are bilinear, and ⟨y, forth(x, w)⟩ = ⟨x, back(y,
// w)⟩ = ⟨w, weigh(x, y)⟩: the gradients of any of them are the other two.
//
// All are contractions whose operands are views. Windows are not copied; only padding is, and, on lavapipe with many channels, the
// windows along the last axis.
type conv struct {
	groups, b, i, o int
	axes            []convAxis
}

// A convAxis is one spatial axis: out·stride + tap·dilation − pad is a position of in.
type convAxis struct{ in, out, kernel, stride, pad, dilation int }

// spread expands an option to one number for each of n axes, as [ConvOptions] says; an empty list means usual. It returns false for any
// other number of numbers.
func spread(v []int, n, usual int) ([]int, bool) {
	switch len(v) {
	case 0:
		return slices.Repeat([]int{usual}, n), true
	case 1:
		return slices.Repeat(v, n), true
	}
	return v, len(v) == n
}

// newConv checks the geometry of n spatial axes.
func newConv(name string, n int, x, w *Tensor, stride, pad, dilation []int, groups int) (*conv, *Tensor) {
	in := []*Tensor{x, w}
	if x.err != nil || w.err != nil {
		return nil, fail(name, in, "an operand is poisoned")
	}
	if x.Rank() != n+2 || w.Rank() != n+2 {
		return nil, fail(name, in, "both need %d axes", n+2)
	}
	if !x.op.DType.IsFloat() || !w.op.DType.IsFloat() {
		return nil, fail(name, in, "it takes floats, not %s and %s", x.op.DType, w.op.DType)
	}
	stride, ok := spread(stride, n, 1)
	pad, ok2 := spread(pad, n, 0)
	dilation, ok3 := spread(dilation, n, 1)
	if !ok || !ok2 || !ok3 || slices.Min(stride) < 1 || slices.Min(dilation) < 1 || slices.Min(pad) < 0 || groups < 1 {
		return nil, fail(name, in, "the geometry needs one number, or one for each of %d axes: strides, dilations and groups from 1 on, paddings from 0 on", n)
	}
	if x.Dim(1)%groups != 0 || w.Dim(0)%groups != 0 {
		return nil, fail(name, in, "%d groups do not divide the channels", groups)
	}
	c := &conv{groups: groups, b: x.Dim(0)}
	for a := range n {
		c.axes = append(c.axes, convAxis{kernel: w.Dim(2 + a), stride: stride[a], pad: pad[a], dilation: dilation[a]})
	}
	return c, nil
}

// convolve is a convolution over n spatial axes.
func convolve(name string, n int, x, w *Tensor, o ConvOptions) *Tensor {
	c, bad := newConv(name, n, x, w, o.Stride, o.Padding, o.Dilation, max(o.Groups, 1))
	if bad != nil {
		return bad
	}
	if c.i, c.o = x.Dim(1), w.Dim(0); w.Dim(1)*c.groups != c.i {
		return fail(name, []*Tensor{x, w}, "%d input channels in %d groups do not fit the weight", c.i, c.groups)
	}
	if !c.measure(x.op.Shape[2:]) {
		return fail(name, []*Tensor{x, w}, "the kernel is larger than the padded input")
	}
	return c.forth(x, w)
}

// measure computes the number of windows along each axis. It returns false if an axis has none.
func (c *conv) measure(in []int) bool {
	for i := range c.axes {
		a := &c.axes[i]
		a.in = in[i]
		room := a.in + 2*a.pad - a.dilation*(a.kernel-1) - 1
		if room < 0 {
			return false
		}
		a.out = room/a.stride + 1
	}
	return true
}

// convolveBack is a transposed convolution over n spatial axes.
func convolveBack(name string, n int, x, w *Tensor, o ConvTransposeOptions) *Tensor {
	c, bad := newConv(name, n, x, w, o.Stride, o.Padding, o.Dilation, max(o.Groups, 1))
	if bad != nil {
		return bad
	}
	more, ok := spread(o.OutputPadding, n, 0)
	if c.o, c.i = x.Dim(1), w.Dim(1)*c.groups; w.Dim(0) != c.o || !ok {
		return fail(name, []*Tensor{x, w}, "%d input channels in %d groups do not fit the weight", c.o, c.groups)
	}
	for i := range c.axes {
		a := &c.axes[i]
		a.out = x.Dim(2 + i)
		a.in = (a.out-1)*a.stride - 2*a.pad + a.dilation*(a.kernel-1) + more[i] + 1
		if a.in < 1 || more[i] < 0 || more[i] >= max(a.stride, a.dilation) {
			return fail(name, []*Tensor{x, w}, "the padding %v leaves nothing, or the output padding is not smaller than the stride or the dilation", o.Padding)
		}
	}
	return c.back(x, w)
}

func (c *conv) sizes(of func(a convAxis) int) []int {
	var out []int
	for _, a := range c.axes {
		out = append(out, of(a))
	}
	return out
}

func (c *conv) out() []int    { return c.sizes(func(a convAxis) int { return a.out }) }
func (c *conv) kernel() []int { return c.sizes(func(a convAxis) int { return a.kernel }) }

// windows returns x as [B, groups, I/groups, out…, kernel…].
func (c *conv) windows(x *Tensor) *Tensor {
	n := len(c.axes)
	for i, a := range c.axes { // exactly the elements that are read
		need := (a.out-1)*a.stride + a.dilation*(a.kernel-1) + 1
		if i == n-1 {
			x = x.padded(2+i, a.pad, need)
		} else {
			x = x.Pad(2+i, a.pad, 0).fit(2+i, need)
		}
	}
	last := c.axes[n-1]
	if last.pad == 0 && slices.ContainsFunc(c.axes, func(a convAxis) bool { return a.pad > 0 }) {
		x = x.replacedOnGPU(x.copied()) // the padding of other axes is stored before the windows along the last one are made
	}
	x = x.windows(n+1, last.kernel, last.stride, last.dilation)
	if c.dense() && last.out%4 == 0 {
		x = x.Transpose(n+1, n+2).copied().Transpose(n+1, n+2).replacedOnGPU(x)
	}
	for i, a := range c.axes[:n-1] {
		x = x.windows(2+i, a.kernel, a.stride, a.dilation)
	}
	x = x.Permute(slices.Concat(ir.Counting(0, n+2), ir.Counting(n+3, n-1), []int{n + 2})...)
	return x.Reshape(slices.Concat([]int{c.b, c.groups, c.i / c.groups}, c.out(), c.kernel())...)
}

// dense tells whether each element of a window takes part in so many products that on lavapipe the windows along the last axis should be
// stored: four consecutive elements are then an aligned quad, which one load reads.
func (c *conv) dense() bool {
	const enough = 32
	return c.o/c.groups >= enough && c.i/c.groups >= enough
}

// forth returns the convolution of x with w.
func (c *conv) forth(x, w *Tensor) *Tensor {
	n := len(c.axes)
	inner := append([]int{c.i / c.groups}, c.kernel()...)
	p := contraction{&ir.Contraction{
		Batch: []int{c.groups}, Rows: []int{c.o / c.groups}, Inner: inner, Columns: append([]int{c.b}, c.out()...),
		Out: slices.Concat([]int{2, 0, 1}, ir.Counting(3, n)), // [B, groups, O/groups, out…]
	}}
	weight := w.Reshape(slices.Concat(p.Batch, p.Rows, p.Inner)...)
	if c.dense() && crowded(ir.Size(inner)) {
		weight = weight.uncrowded(2).replacedOnGPU(weight)
	}
	columns := c.windows(x).Permute(slices.Concat([]int{1, 2}, ir.Counting(3+n, n), []int{0}, ir.Counting(3, n))...)
	y := p.of("Conv", weight, columns, nil).Reshape(append([]int{c.b, c.o}, c.out()...)...)
	return y.withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{c.back(dy, w), c.weigh(x, dy)} }, x, w)
}

// weigh returns the gradient of the convolution by its weight, given that of y.
func (c *conv) weigh(x, y *Tensor) *Tensor {
	n := len(c.axes)
	p := contraction{&ir.Contraction{
		Batch: []int{c.groups}, Rows: []int{c.o / c.groups}, Inner: append([]int{c.b}, c.out()...),
		Columns: append([]int{c.i / c.groups}, c.kernel()...), Out: ir.Counting(0, 3+n),
	}}
	rows := y.Reshape(slices.Concat([]int{c.b, c.groups, c.o / c.groups}, c.out())...).Permute(slices.Concat([]int{1, 2, 0}, ir.Counting(3, n))...)
	columns := c.windows(x).Permute(slices.Concat([]int{1, 0}, ir.Counting(3, n), []int{2}, ir.Counting(3+n, n))...)
	w := p.of("ConvWeight", rows, columns, nil).Reshape(slices.Concat([]int{c.o, c.i / c.groups}, c.kernel())...)
	return w.withGrad(func(dw *Tensor) []*Tensor { return []*Tensor{c.back(y, dw), c.forth(x, dw)} }, x, y)
}

// back returns the gradient of the convolution by its input, given that of y.
//
// scatter computes it if there are few channels of x and many of y, and gather otherwise.
func (c *conv) back(y, w *Tensor) *Tensor {
	const few = 4
	grad := func(dx *Tensor) []*Tensor { return []*Tensor{c.forth(dx, w), c.weigh(dx, y)} }
	if i, o := c.i/c.groups, c.o/c.groups; i <= few && o > few {
		return c.scatter(y, w).withGrad(grad, y, w)
	}
	return c.gather(y, w).withGrad(grad, y, w)
}
