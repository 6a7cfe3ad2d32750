package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

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
