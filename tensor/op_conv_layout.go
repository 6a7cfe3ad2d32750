package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// windows replaces an axis of size n by its windows of k elements, dilation apart. The windows begin step apart, and their elements
// become a new last axis. They overlap in memory: nothing is copied.
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

// unwindow adds windows [..., O, ..., K] to the positions that they came from: the axis gets n elements, and the last axis goes.
func (x *Tensor) unwindow(axis, n, step, dilation int) *Tensor {
	if x.err != nil {
		return x
	}
	last := x.Rank() - 1
	o, k := x.Dim(axis), x.Dim(last)
	if step > 1 && dilation > 1 { // zeros between the beginnings of windows, so that they begin one apart
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
	// Element m·step + r is the sum over q of element q·step + r of window m − q. For each q that is a shift, for all r at once.
	turns := ir.Up(k, step)
	x = x.Pad(last, 0, turns*step-k).Reshape(append(x.Shape()[:last], turns, step)...)
	axes := make([]int, 0, last+1) // the axis of r follows the axis of m
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

// copied returns x in memory of its own.
func (x *Tensor) copied() *Tensor {
	if x.err != nil {
		return x
	}
	o := opOf(ir.CopyOp(x.op.DType, x.op.Shape))
	o.Grad = func(_, dy *Tensor) []*Tensor { return []*Tensor{dy} }
	return o.On(x)
}

// replacedOnGPU returns x, except that GPUs read y, which must have the same elements in another layout. Callers copy x into an
// order that lavapipe reads fast. GPUs would gain nothing by that, because they compute addresses while they wait for memory.
func (x *Tensor) replacedOnGPU(y *Tensor) *Tensor {
	return x.replacedOn(func(on ir.Target) bool { return !on.CPU }, y)
}

// crowded tells whether rows of n elements all begin at the same offset in a page, or in half a page. The cache lines of a column would
// then compete for the same few sets of a processor's cache.
func crowded(n int) bool { return n%512 == 0 }

// uncrowded returns a copy of x. If its rows, which are the axes from the given one on, would be crowded, it leaves a gap of a cache line
// between them.
func (x *Tensor) uncrowded(axis int) *Tensor {
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

// padded returns n elements of the last axis, beginning with lo zeros before its first. It stores zeros before and after, so that aligned
// quads stay aligned.
func (x *Tensor) padded(axis, lo, n int) *Tensor {
	have := x.Dim(axis)
	if lo == 0 && n <= have || have%4 != 0 {
		return x.Pad(axis, lo, 0).fit(axis, n)
	}
	before := ir.Up(lo, 4) * 4
	first := before - lo
	return x.Pad(axis, before, 0).fit(axis, ir.Up(first+n, 4)*4).copied().Slice(axis, first, first+n)
}

// place puts lo zeros before an axis, or removes −lo elements if lo is negative. Then it cuts or pads the end to n elements.
func (x *Tensor) place(axis, lo, n int) *Tensor {
	if lo < 0 {
		if -lo >= x.Dim(axis) { // no element is left
			shape := x.Shape()
			shape[axis] = n
			return fullOf(x.op.DType, 0, shape)
		}
		return x.Slice(axis, -lo, x.Dim(axis)).fit(axis, n)
	}
	return x.Pad(axis, lo, 0).fit(axis, n)
}
