package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// scatter computes back for inputs with few channels: one product computes what each position of y adds to its window, and the windows
// are added up. With gather, a single channel would be the only row of a product, and no other row would use the windows that it reads.
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

// gather computes back as a product of windows of y, without adding windows up.
func (c *conv) gather(y, w *Tensor) *Tensor {
	n := len(c.axes)
	g, o, i := c.groups, c.o/c.groups, c.i/c.groups
	var turns, phases, places []int
	for _, a := range c.axes {
		b := a.backwards()
		turns, phases, places = append(turns, b.turns), append(phases, b.phases), append(places, ir.Up(a.in+b.skip, b.phases))
	}
	rows := c.turned(y, places)
	if rows.err != nil {
		return rows
	}
	weight := c.remainders(w)
	if weight.err != nil {
		return weight
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
		weight = weight.uncrowded(2 + n).replacedOnGPU(weight.copied())
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

// turned returns y as [B, g, o, (u, r, turns)…]. Each axis becomes windows: one for each of its places u and each remainder r.
func (c *conv) turned(y *Tensor, places []int) *Tensor {
	n := len(c.axes)
	rows := y.Reshape(slices.Concat([]int{c.b, c.groups, c.o / c.groups}, c.out())...)
	for k, a := range c.axes {
		b := a.backwards()
		// Window u, shifted by the drift of r, holds the positions u + shift − halo, …, u + shift.
		halo := a.dilation * (b.turns - 1)
		rows = rows.dilate(3+k, b.dilate)
		if before, need := halo-b.shift, places[k]+halo+b.drift*(b.phases-1); k == n-1 && before > 0 {
			rows = rows.padded(3+k, before, need)
		} else {
			rows = rows.place(3+k, before, need)
		}
	}
	rows = rows.turn(2+n, c.axes[n-1], c.dense() && places[n-1]%4 == 0)
	for _, a := range c.axes[:n-1] {
		rows = rows.turn(3, a, false)
		if rows.err != nil { // a poisoned tensor may lack the axes
			return rows
		}
		last := rows.Rank() // [B, g, o, rest of out…, done…, u, r, turns], from [B, g, o, u, rest…, done…, r, turns]
		rows = rows.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(4, last-6), []int{3, last - 2, last - 1})...)
	}
	if rows.err != nil {
		return rows
	}
	return rows.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(6, rows.Rank()-6), ir.Counting(3, 3))...)
}

// turn replaces an axis by u and adds r and turns as the last two axes, by way of [u, turns, r]. With copied, lavapipe stores the
// windows.
func (x *Tensor) turn(axis int, a convAxis, copied bool) *Tensor {
	if x.err != nil {
		return x
	}
	b := a.backwards()
	written := func(x *Tensor) *Tensor {
		if last := x.Rank() - 1; copied {
			return x.Transpose(axis, last).copied().Transpose(axis, last).replacedOnGPU(x)
		}
		return x
	}
	x = x.windows(axis, b.turns, 1, a.dilation).Flip(-1)
	if b.drift > 0 {
		x = written(x.windows(axis, b.phases, 1, 1))
	} else {
		x = written(x)
		x = x.Unsqueeze(-1).Expand(append(x.Shape(), b.phases)...)
	}
	return x.Transpose(-1, -2)
}

// remainders returns the weight as [g, o, i, (turns, r)…].
func (c *conv) remainders(w *Tensor) *Tensor {
	weight := w.Reshape(slices.Concat([]int{c.groups, c.o / c.groups, c.i / c.groups}, c.kernel())...)
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
	return weight
}

// backwards describes the geometry of back along one axis.
type backwards struct {
	dilate int  // y is dilated by this first
	phases int  // number of remainders
	turns  int  // number of taps of each remainder
	shift  int  // the first tap of remainder 0 reads y at u + shift
	drift  int  // each further remainder reads y this much further
	flip   bool // the weight's remainders are in reverse order
	skip   int  // surplus positions at the beginning
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
