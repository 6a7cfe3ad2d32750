package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// ConvOptions is the geometry of a convolution, one number for each spatial axis, or one for all. None means stride and dilation 1
// and no padding, and Groups 0 means 1.
type ConvOptions struct {
	Stride   []int
	Padding  []int // zeros on both sides
	Dilation []int
	Groups   int
}

// ConvTransposeOptions is the geometry of a transposed convolution, as in [ConvOptions].
type ConvTransposeOptions struct {
	Stride        []int
	Padding       []int // cut off from both sides
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

// ConvTranspose2d is the gradient of Conv2d by its input, used forwards: x [B, I, H, W] and w [I, O/Groups, KH, KW] give
// [B, O, OH, OW] with OH = (H−1)·Stride − 2·Padding + Dilation·(KH−1) + OutputPadding + 1, as torch.nn.functional.conv_transpose2d.
func (x *Tensor) ConvTranspose2d(w *Tensor, o ConvTransposeOptions) *Tensor {
	return convolveBack("ConvTranspose2d", 2, x, w, o)
}

// ConvTranspose3d is [Tensor.ConvTranspose2d] for x [B, I, D, H, W] and w [I, O/Groups, KD, KH, KW].
func (x *Tensor) ConvTranspose3d(w *Tensor, o ConvTransposeOptions) *Tensor {
	return convolveBack("ConvTranspose3d", 3, x, w, o)
}

// A conv is the geometry that a convolution, its gradient by the input and its gradient by the weight have in common. Of the three,
// x [B, I, in…], w [O, I/groups, kernel…] and y [B, O, out…], each is linear in the other two, and ⟨y, forth(x, w)⟩ =
// ⟨x, back(y, w)⟩ = ⟨w, weigh(x, y)⟩: the gradients of any of them are the other two.
//
// All are contractions whose operands are views: windows are not copied, only padding is, and on lavapipe, of many channels, the windows
// along the last axis.
type conv struct {
	groups, b, i, o int
	axes            []convAxis
}

// A convAxis is one spatial axis: out·stride + tap·dilation − pad is a place of in.
type convAxis struct{ in, out, kernel, stride, pad, dilation int }

// spread returns one number for each of n axes.
func spread(v []int, n, none int) ([]int, bool) {
	switch len(v) {
	case 0:
		return slices.Repeat([]int{none}, n), true
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

// measure works out how many windows there are along each axis; false where there are none.
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
	for i, a := range c.axes { // as much as is read, and no more
		need := (a.out-1)*a.stride + a.dilation*(a.kernel-1) + 1
		if i == n-1 {
			x = x.padded(2+i, a.pad, need)
		} else {
			x = x.Pad(2+i, a.pad, 0).fit(2+i, need)
		}
	}
	last := c.axes[n-1]
	if last.pad == 0 && slices.ContainsFunc(c.axes, func(a convAxis) bool { return a.pad > 0 }) {
		x = x.unless(x.copied()) // the padding of other axes is written before there are windows along the last one
	}
	x = x.windows(n+1, last.kernel, last.stride, last.dilation)
	if c.dense() && last.out%4 == 0 {
		x = x.Transpose(n+1, n+2).copied().Transpose(n+1, n+2).unless(x)
	}
	for i, a := range c.axes[:n-1] {
		x = x.windows(2+i, a.kernel, a.stride, a.dilation)
	}
	x = x.Permute(slices.Concat(ir.Counting(0, n+2), ir.Counting(n+3, n-1), []int{n + 2})...)
	return x.Reshape(slices.Concat([]int{c.b, c.groups, c.i / c.groups}, c.out(), c.kernel())...)
}

// dense tells whether so many products are made of each element of a window that on lavapipe windows along the last axis are best
// written out: their elements then lie in aligned fours, which are read at once.
func (c *conv) dense() bool {
	const enough = 32
	return c.o/c.groups >= enough && c.i/c.groups >= enough
}

// forth is the convolution of x with w.
func (c *conv) forth(x, w *Tensor) *Tensor {
	n := len(c.axes)
	inner := append([]int{c.i / c.groups}, c.kernel()...)
	p := contraction{&ir.Contraction{
		Batch: []int{c.groups}, Rows: []int{c.o / c.groups}, Inner: inner, Columns: append([]int{c.b}, c.out()...),
		Out: slices.Concat([]int{2, 0, 1}, ir.Counting(3, n)), // [B, groups, O/groups, out…]
	}}
	weight := w.Reshape(slices.Concat(p.Batch, p.Rows, p.Inner)...)
	if c.dense() && crowded(ir.Size(inner)) {
		weight = weight.apart(2).unless(weight)
	}
	columns := c.windows(x).Permute(slices.Concat([]int{1, 2}, ir.Counting(3+n, n), []int{0}, ir.Counting(3, n))...)
	y := p.of("Conv", weight, columns, nil).Reshape(append([]int{c.b, c.o}, c.out()...)...)
	return y.withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{c.back(dy, w), c.weigh(x, dy)} }, x, w)
}

// weigh is the gradient of the convolution by its weight, where y's is given.
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

// back is the gradient of the convolution by its input, where y's is given.
//
// Along an axis of stride s the places u·s + r that a remainder r stands for are reached by the taps of one remainder only: each r is
// a product of its own, with a part of the weight and windows of y, and nothing is multiplied by zeros.
func (c *conv) back(y, w *Tensor) *Tensor {
	const few = 4
	grad := func(dx *Tensor) []*Tensor { return []*Tensor{c.forth(dx, w), c.weigh(dx, y)} }
	if i, o := c.i/c.groups, c.o/c.groups; i <= few && o > few {
		return c.scatter(y, w).withGrad(grad, y, w)
	}
	return c.gather(y, w).withGrad(grad, y, w)
}

// scatter is back where the input has few channels: one product makes what each place of y gives to its window, and the windows are
// added up. A channel alone would be a row of a product, with no other to share the windows with.
func (c *conv) scatter(y, w *Tensor) *Tensor {
	n := len(c.axes)
	g, o, i := c.groups, c.o/c.groups, c.i/c.groups
	p := contraction{&ir.Contraction{
		Batch: []int{g}, Rows: append([]int{i}, c.kernel()...), Inner: []int{o}, Columns: append([]int{c.b}, c.out()...),
		Out: slices.Concat([]int{2 + n, 0, 1}, ir.Counting(2, n), ir.Counting(3+n, n)), // [B, g, i, kernel…, out…]
	}}
	weight := w.Reshape(slices.Concat([]int{g, o, i}, c.kernel())...).Permute(slices.Concat([]int{0, 2}, ir.Counting(3, n), []int{1})...)
	rows := y.Reshape(slices.Concat([]int{c.b, g, o}, c.out())...).Permute(slices.Concat([]int{1, 2, 0}, ir.Counting(3, n))...)
	x := p.of("ConvWindows", weight, rows, nil).Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(3+n, n), ir.Counting(3, n))...)
	x = x.Reshape(slices.Concat([]int{c.b, c.i}, c.out(), c.kernel())...)
	for k := n - 1; k >= 0; k-- {
		a := c.axes[k]
		x = x.unwindow(2+k, a.in+2*a.pad, a.stride, a.dilation).Slice(2+k, a.pad, a.pad+a.in)
	}
	return x
}

// gather is back without windows that are added up.
func (c *conv) gather(y, w *Tensor) *Tensor {
	n := len(c.axes)
	g, o, i := c.groups, c.o/c.groups, c.i/c.groups
	rows := y.Reshape(slices.Concat([]int{c.b, g, o}, c.out())...)
	weight := w.Reshape(slices.Concat([]int{g, o, i}, c.kernel())...)
	// Axis by axis: y's becomes [u, r, taps], the weight's [taps, r], both last in their tensors.
	var turns, phases, places []int
	for k, a := range c.axes {
		b := a.backwards()
		turns, phases, places = append(turns, b.turns), append(phases, b.phases), append(places, ir.Up(a.in+b.skip, b.phases))
		// Window u, further on by the drift of r, holds the places u + shift − reach, …, u + shift.
		reach := a.dilation * (b.turns - 1)
		rows = rows.dilate(3+k, b.dilate)
		if before, need := reach-b.shift, places[k]+reach+b.drift*(b.phases-1); k == n-1 && before > 0 {
			rows = rows.padded(3+k, before, need)
		} else {
			rows = rows.place(3+k, before, need)
		}
	}
	// Of axis k is made [u, r, turns], last in its tensor, by way of [u, turns, r].
	window := func(axis int, a convAxis, copied bool) {
		b := a.backwards()
		written := func() {
			if last := rows.Rank() - 1; copied {
				rows = rows.Transpose(axis, last).copied().Transpose(axis, last).unless(rows)
			}
		}
		rows = rows.windows(axis, b.turns, 1, a.dilation).Flip(-1)
		if b.drift > 0 {
			rows = rows.windows(axis, b.phases, 1, 1)
			written()
		} else {
			written()
			rows = rows.Unsqueeze(-1).Expand(append(rows.Shape(), b.phases)...)
		}
		rows = rows.Transpose(-1, -2)
	}
	window(2+n, c.axes[n-1], c.dense() && places[n-1]%4 == 0)
	for _, a := range c.axes[:n-1] {
		if rows.err == nil {
			window(3, a, false)
		}
		if rows.err != nil { // it does not have the axes
			return rows
		}
		last := rows.Rank() // [B, g, o, rest of out…, done…, u, r, turns], from [B, g, o, u, rest…, done…, r, turns]
		rows = rows.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(4, last-6), []int{3, last - 2, last - 1})...)
	}
	if rows.err != nil {
		return rows
	}
	rows = rows.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(6, rows.Rank()-6), ir.Counting(3, 3))...)
	for _, a := range c.axes {
		if weight.err != nil {
			return weight
		}
		b := a.backwards()
		weight = weight.Pad(3, 0, b.turns*b.phases-a.kernel)
		weight = weight.Reshape(slices.Concat(weight.Shape()[:3], []int{b.turns, b.phases}, weight.Shape()[4:])...)
		if b.flip {
			weight = weight.Flip(4)
		}
		weight = weight.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(5, weight.Rank()-5), []int{3, 4})...)
	}
	// weight [g, o, i, (turns, r)…], rows [B, g, o, (u, r, turns)…]
	every := func(from, step int) []int {
		var out []int
		for k := range n {
			out = append(out, from+k*step)
		}
		return out
	}
	p := contraction{&ir.Contraction{
		Batch: append([]int{g}, phases...), Rows: []int{i}, Inner: append([]int{o}, turns...), Columns: append([]int{c.b}, places...),
		Out: []int{2 + n, 0, 1 + n}, // [B, g, i, (u, r)…]
	}}
	for k := range n {
		p.Out = append(p.Out, 3+n+k, 1+k)
	}
	weight = weight.Permute(slices.Concat([]int{0}, every(4, 2), []int{2, 1}, every(3, 2))...)
	if c.dense() {
		weight = weight.apart(2 + n).unless(weight.copied())
	}
	rows = rows.Permute(slices.Concat([]int{1}, every(4, 3), []int{2}, every(5, 3), []int{0}, every(3, 3))...)
	x := p.of("ConvInput", weight, rows, nil)
	shape := []int{c.b, c.i}
	for k := range n {
		shape = append(shape, places[k]*phases[k])
	}
	x = x.Reshape(shape...)
	for k, a := range c.axes {
		skip := a.backwards().skip
		x = x.Slice(2+k, skip, skip+a.in)
	}
	return x
}

// backwards says how a convolution is gone back along one axis.
type backwards struct {
	dilate int  // by which y is dilated first
	phases int  // remainders
	turns  int  // taps of each
	shift  int  // y's place for u of the first tap, with remainder 0, is u + shift
	drift  int  // how much further it is for the next remainder
	flip   bool // the weight's remainders run backwards
	skip   int  // places too many at the beginning
}

func (a convAxis) backwards() backwards {
	s := a.stride
	switch {
	case s == 1 || a.dilation > 1:
		return backwards{dilate: s, phases: 1, turns: a.kernel, shift: a.pad}
	case s == 2 && a.pad%2 == 1:
		return backwards{dilate: 1, phases: 2, turns: ir.Up(a.kernel, 2), shift: a.pad / 2, drift: 1, flip: true}
	}
	return backwards{dilate: 1, phases: s, turns: ir.Up(a.kernel, s), shift: a.pad / s, skip: a.pad % s}
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
			w := v.Clone()
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
	turns := ir.Up(k, step)
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

// copied is x in memory of its own.
func (x *Tensor) copied() *Tensor {
	if x.err != nil {
		return x
	}
	o := opOf(ir.CopyOp(x.op.DType, x.op.Shape))
	o.Grad = func(_, dy *Tensor) []*Tensor { return []*Tensor{dy} }
	return o.On(x)
}

// unless is x, which a GPU reads as y instead: the same numbers, lying otherwise. A GPU works addresses out while it waits for memory,
// and does not gain by a pass that writes windows for one that reads them.
func (x *Tensor) unless(y *Tensor) *Tensor {
	return x.or(func(on ir.Target) bool { return !on.CPU }, y)
}

// crowded tells whether rows of n elements all begin at the same place of a page, or of half of one: the lines of a column would
// contend for the same few places of a processor's cache.
func crowded(n int) bool { return n%512 == 0 }

// apart is x in memory of its own, its rows, which are the axes from the given one on, a line apart where they would be crowded.
func (x *Tensor) apart(axis int) *Tensor {
	if x.err != nil {
		return x
	}
	const line = 16 // elements
	n, row := x.Dim(axis), ir.Size(x.op.Shape[axis:])
	if !crowded(row) {
		return x.copied()
	}
	return x.Pad(axis, 0, ir.Up(line*n, row)).copied().Slice(axis, 0, n)
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

// padded is n elements of the last axis from lo zeros before its begin on. Zeros are written before and behind so that aligned fours
// stay so.
func (x *Tensor) padded(axis, lo, n int) *Tensor {
	have := x.Dim(axis)
	if lo == 0 && n <= have || have%4 != 0 {
		return x.Pad(axis, lo, 0).fit(axis, n)
	}
	before := ir.Up(lo, 4) * 4
	first := before - lo
	return x.Pad(axis, before, 0).fit(axis, ir.Up(first+n, 4)*4).copied().Slice(axis, first, first+n)
}

// place puts lo zeros before an axis, or cuts as many off where lo is negative, and then cuts or pads the end to n elements.
func (x *Tensor) place(axis, lo, n int) *Tensor {
	if lo < 0 {
		if -lo >= x.Dim(axis) { // nothing is left of it
			shape := x.Shape()
			shape[axis] = n
			return fullOf(x.op.DType, 0, shape)
		}
		return x.Slice(axis, -lo, x.Dim(axis)).fit(axis, n)
	}
	return x.Pad(axis, lo, 0).fit(axis, n)
}
