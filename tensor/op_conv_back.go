package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// scatter computes back for inputs with few channels. One product computes what each position of y adds to the window that it came from.
// Then overlapping windows are added up. gather would be slow here: its product has a row for each channel, so with few channels the
// windows that it reads serve few rows.
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

// gather computes back as a product of the weight's phases with windows of y (see [convAxis.backwards]). Each element of the result is one
// sum of products, so nothing is added up afterwards.
func (c *conv) gather(y, w *Tensor) *Tensor {
	n := len(c.axes)
	g, o, i := c.groups, c.o/c.groups, c.i/c.groups
	var taps, phases, places []int
	for _, a := range c.axes {
		b := a.backwards()
		taps, phases, places = append(taps, b.taps), append(phases, b.phases), append(places, ir.Up(a.in+b.skip, b.phases))
	}
	rows := c.phaseWindows(y, places)
	if rows.err != nil {
		return rows
	}
	weight := c.weightPhases(w)
	if weight.err != nil {
		return weight
	}
	// Both operands have a group of axes for each spatial axis: weight [g, o, i, (taps, r)…], rows [B, g, o, (u, r, taps)…]. every lists
	// the same axis of all groups.
	every := func(from, step int) []int {
		var out []int
		for k := range n {
			out = append(out, from+k*step)
		}
		return out
	}
	p := contraction{&ir.Contraction{
		Batch: append([]int{g}, phases...), Rows: []int{i}, Inner: append([]int{o}, taps...), Columns: append([]int{c.b}, places...),
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

// phaseWindows returns y as [B, g, o, (u, r, taps)…]: for each axis, the elements of y that the taps of phase r read at position u.
// places has the number of positions u of each axis.
func (c *conv) phaseWindows(y *Tensor, places []int) *Tensor {
	n := len(c.axes)
	rows := y.Reshape(slices.Concat([]int{c.b, c.groups, c.o / c.groups}, c.out())...)
	for k, a := range c.axes {
		b := a.backwards()
		// Window u of phase 0 holds the positions u + shift − halo, …, u + shift of y. Those before 0 and after the end are zeros.
		halo := a.dilation * (b.taps - 1)
		rows = rows.dilate(3+k, b.dilate)
		if before, need := halo-b.shift, places[k]+halo+b.drift*(b.phases-1); k == n-1 && before > 0 {
			rows = rows.padded(3+k, before, need)
		} else {
			rows = rows.place(3+k, before, need)
		}
	}
	rows = rows.phaseWindow(2+n, c.axes[n-1], c.dense() && places[n-1]%4 == 0)
	for _, a := range c.axes[:n-1] {
		rows = rows.phaseWindow(3, a, false)
		if rows.err != nil { // a poisoned tensor may lack the axes
			return rows
		}
		last := rows.Rank() // [B, g, o, rest of out…, done…, u, r, taps], from [B, g, o, u, rest…, done…, r, taps]
		rows = rows.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(4, last-6), []int{3, last - 2, last - 1})...)
	}
	if rows.err != nil {
		return rows
	}
	return rows.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(6, rows.Rank()-6), ir.Counting(3, 3))...)
}

// phaseWindow replaces an axis by u, and adds r and taps as the last two axes. Tap 0 reads the last element of a window, so windows are
// flipped. With copied, lavapipe stores the windows, as conv.dense explains.
func (x *Tensor) phaseWindow(axis int, a convAxis, copied bool) *Tensor {
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
	x = x.windows(axis, b.taps, 1, a.dilation).Flip(-1)
	if b.drift > 0 {
		x = written(x.windows(axis, b.phases, 1, 1))
	} else {
		x = written(x)
		x = x.Unsqueeze(-1).Expand(append(x.Shape(), b.phases)...)
	}
	return x.Transpose(-1, -2)
}

// weightPhases returns the weight as [g, o, i, (taps, r)…]: tap q of phase r is w[q·phases + r], or 0 beyond the kernel. The
// phases come in reverse order if the geometry says flip.
func (c *conv) weightPhases(w *Tensor) *Tensor {
	weight := w.Reshape(slices.Concat([]int{c.groups, c.o / c.groups, c.i / c.groups}, c.kernel())...)
	for _, a := range c.axes {
		if weight.err != nil {
			return weight
		}
		b := a.backwards()
		weight = weight.Pad(3, 0, b.taps*b.phases-a.kernel)
		weight = weight.Reshape(slices.Concat(weight.Shape()[:3], []int{b.taps, b.phases}, weight.Shape()[4:])...)
		if b.flip {
			weight = weight.Flip(4)
		}
		weight = weight.Permute(slices.Concat(ir.Counting(0, 3), ir.Counting(5, weight.Rank()-5), []int{3, 4})...)
	}
	return weight
}

// backwards is the geometry of gather along one axis. It splits the kernel into phases, as polyphase filters do: with stride s and
// dilation 1, only every s-th tap of the kernel reaches a position of x. So phase r computes every s-th position,
//
//	x[u·s + r − skip] = Σ_q y[u + shift − q]·w[q·s + r]
//
// and no product has a factor of zero.
type backwards struct {
	dilate int  // zeros are put between the elements of y first, so that they lie this far from each other
	phases int  // number of phases
	taps   int  // number of taps of each phase
	shift  int  // tap 0 of phase 0 reads y at u + shift
	drift  int  // each further phase reads y this much further
	flip   bool // the phases of the weight come in reverse order
	skip   int  // positions before the first one of x, which are computed and cut off
}

func (a convAxis) backwards() backwards {
	s := a.stride
	switch {
	case s == 1 || a.dilation > 1: // the taps of a dilated kernel do not split into phases of equal geometry
		return backwards{dilate: s, phases: 1, taps: a.kernel, shift: a.pad}
	case s == 2 && a.pad%2 == 1: // position 0 belongs to phase 1; phases in reverse order make the result begin there, and nothing is cut off
		return backwards{dilate: 1, phases: 2, taps: ir.Up(a.kernel, 2), shift: a.pad / 2, drift: 1, flip: true}
	}
	return backwards{dilate: 1, phases: s, taps: ir.Up(a.kernel, s), shift: a.pad / s, skip: a.pad % s}
}
