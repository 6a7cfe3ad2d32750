package tensor

import (
	"fmt"
	"slices"
)

func (x *Tensor) view(name string, shape []int, attr any, view func(View) (View, bool), grad func(y, dy *Tensor) []*Tensor) *Tensor {
	return Op{Name: name, Shape: shape, DType: x.op.DType, Attr: attr, View: view, Grad: grad}.On(x)
}

// Reshape gives x another shape with as many elements, in row-major order. One axis may be −1: it takes what is left.
func (x *Tensor) Reshape(shape ...int) *Tensor {
	if x.err != nil {
		return x
	}
	shape = slices.Clone(shape)
	known, free := 1, -1
	for i, n := range shape {
		if n == -1 && free < 0 {
			free = i
			continue
		}
		known *= n
	}
	if free >= 0 && known > 0 && x.Len()%known == 0 {
		shape[free] = x.Len() / known
	}
	if size(shape) != x.Len() || slices.Min(append(shape, 1)) < 1 {
		return fail("Reshape", []*Tensor{x}, "it has %d elements, which do not fill %s", x.Len(), dims(shape))
	}
	if slices.Equal(shape, x.op.Shape) {
		return x
	}
	return x.view("Reshape", shape, nil,
		func(v View) (View, bool) { return v.reshape(shape) },
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Reshape(x.op.Shape...)} })
}

// Flatten joins all axes from the given one on.
func (x *Tensor) Flatten(from int) *Tensor {
	a, ok := x.axis(from)
	if !ok {
		return fail("Flatten", []*Tensor{x}, "there is no axis %d", from)
	}
	return x.Reshape(append(x.Shape()[:a], -1)...)
}

// Permute orders the axes anew: axis i of the result is axis axes[i] of x.
func (x *Tensor) Permute(axes ...int) *Tensor {
	if x.err != nil {
		return x
	}
	axes = slices.Clone(axes)
	inverse := make([]int, len(axes))
	shape := make([]int, len(axes))
	seen := map[int]bool{}
	for i := range axes {
		a, ok := x.axis(axes[i])
		if !ok || seen[a] || len(axes) != x.Rank() {
			return fail("Permute", []*Tensor{x}, "%v does not name each axis once", axes)
		}
		axes[i], seen[a], inverse[a], shape[i] = a, true, i, x.op.Shape[a]
	}
	return x.view("Permute", shape, fmt.Sprint(axes),
		func(v View) (View, bool) { return v.permute(axes), true },
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Permute(inverse...)} })
}

// Transpose swaps two axes.
func (x *Tensor) Transpose(i, j int) *Tensor {
	a, ok := x.axis(i)
	b, ok2 := x.axis(j)
	if !ok || !ok2 {
		return fail("Transpose", []*Tensor{x}, "there is no axis %d or %d", i, j)
	}
	axes := make([]int, x.Rank())
	for k := range axes {
		axes[k] = k
	}
	axes[a], axes[b] = b, a
	return x.Permute(axes...)
}

// T swaps the last two axes.
func (x *Tensor) T() *Tensor { return x.Transpose(-2, -1) }

// Expand repeats axes of size 1, and adds axes in front, to give x this shape. It costs no memory.
func (x *Tensor) Expand(shape ...int) *Tensor {
	if x.err != nil || slices.Equal(shape, x.op.Shape) {
		return x
	}
	shape = slices.Clone(shape)
	full, ok := broadcast(x.op.Shape, shape)
	if !ok || !slices.Equal(full, shape) {
		return fail("Expand", []*Tensor{x}, "it does not expand to %s", dims(shape))
	}
	if x.Rank() < len(shape) {
		ones := slices.Repeat([]int{1}, len(shape)-x.Rank())
		return x.Reshape(append(ones, x.op.Shape...)...).Expand(shape...)
	}
	var axes []int
	for i, n := range shape {
		if x.op.Shape[i] != n {
			axes = append(axes, i)
		}
	}
	return x.view("Expand", shape, nil,
		func(v View) (View, bool) { return v.expand(shape), true },
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.SumKeep(axes...)} })
}

// Unsqueeze inserts an axis of size 1 before the given one; −1 appends it.
func (x *Tensor) Unsqueeze(axis int) *Tensor {
	if axis < 0 {
		axis += x.Rank() + 1
	}
	if axis < 0 || axis > x.Rank() {
		return fail("Unsqueeze", []*Tensor{x}, "there is no axis %d", axis)
	}
	return x.Reshape(slices.Insert(x.Shape(), axis, 1)...)
}

// Squeeze removes axes of size 1; without arguments all of them.
func (x *Tensor) Squeeze(axes ...int) *Tensor {
	drop := make([]bool, x.Rank())
	for _, i := range axes {
		a, ok := x.axis(i)
		if !ok {
			return fail("Squeeze", []*Tensor{x}, "there is no axis %d", i)
		}
		drop[a] = true
	}
	var shape []int
	for i, n := range x.op.Shape {
		if n != 1 || len(axes) > 0 && !drop[i] {
			shape = append(shape, n)
		}
	}
	return x.Reshape(shape...)
}

// Slice takes the elements lo ≤ i < hi of an axis; negative bounds count from the end.
func (x *Tensor) Slice(axis, lo, hi int) *Tensor { return x.SliceStep(axis, lo, hi, 1) }

// SliceStep takes every step-th of the elements lo ≤ i < hi of an axis.
func (x *Tensor) SliceStep(axis, lo, hi, step int) *Tensor {
	if x.err != nil {
		return x
	}
	a, ok := x.axis(axis)
	if !ok {
		return fail("Slice", []*Tensor{x}, "there is no axis %d", axis)
	}
	n := x.op.Shape[a]
	if lo < 0 {
		lo += n
	}
	if hi < 0 {
		hi += n
	}
	if lo < 0 || hi > n || lo >= hi || step < 1 {
		return fail("Slice", []*Tensor{x}, "there are no elements %d to %d by %d on axis %d, of size %d", lo, hi, step, axis, n)
	}
	if lo == 0 && hi == n && step == 1 {
		return x
	}
	shape := x.Shape()
	shape[a] = (hi - lo + step - 1) / step
	return x.view("Slice", shape, [4]int{a, lo, hi, step},
		func(v View) (View, bool) { return v.slice(a, lo, shape[a], step), true },
		func(_, dy *Tensor) []*Tensor {
			last := lo + (shape[a]-1)*step
			return []*Tensor{dy.dilate(a, step).Pad(a, lo, n-1-last)}
		})
}

// dilate puts step−1 zeros between the elements of an axis.
func (x *Tensor) dilate(a, step int) *Tensor {
	if step == 1 {
		return x
	}
	shape := x.Shape()
	shape[a] *= step
	return x.Unsqueeze(a+1).Pad(a+1, 0, step-1).Reshape(shape...).Slice(a, 0, shape[a]-step+1)
}

// Flip reverses an axis.
func (x *Tensor) Flip(axis int) *Tensor {
	a, ok := x.axis(axis)
	if !ok {
		return fail("Flip", []*Tensor{x}, "there is no axis %d", axis)
	}
	n := x.op.Shape[a]
	return x.view("Flip", x.op.Shape, a,
		func(v View) (View, bool) { return v.slice(a, n-1, n, -1), true },
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Flip(a)} })
}

// Pad adds lo zeros before and hi after the elements of an axis.
func (x *Tensor) Pad(axis, lo, hi int) *Tensor {
	if x.err != nil || lo == 0 && hi == 0 {
		return x
	}
	a, ok := x.axis(axis)
	if !ok || lo < 0 || hi < 0 {
		return fail("Pad", []*Tensor{x}, "it cannot be padded by %d and %d on axis %d", lo, hi, axis)
	}
	n := x.op.Shape[a]
	shape := x.Shape()
	shape[a] += lo + hi
	return x.view("Pad", shape, [3]int{a, lo, hi},
		func(v View) (View, bool) { return v.pad(a, lo, hi), true },
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Slice(a, lo, lo+n)} })
}

// Concat joins tensors that agree in all but one axis along that axis.
func Concat(axis int, xs ...*Tensor) *Tensor {
	if len(xs) == 0 {
		return fail("Concat", nil, "nothing was given")
	}
	a, ok := xs[0].axis(axis)
	total := 0
	for _, x := range xs {
		if x.err != nil {
			return x
		}
		want := xs[0].Shape()
		if ok && x.Rank() == len(want) {
			want[a] = x.op.Shape[a]
		}
		if !ok || !slices.Equal(want, x.op.Shape) || x.op.DType != xs[0].op.DType {
			return fail("Concat", xs, "they must agree in type and in all axes but %d", axis)
		}
		total += x.op.Shape[a]
	}
	if len(xs) == 1 {
		return xs[0]
	}
	// Each part, padded with zeros to the whole, is added up: one pass.
	if xs[0].op.DType == Bool {
		ints := make([]*Tensor, len(xs))
		for i, x := range xs {
			ints[i] = x.Cast(I32)
		}
		return Concat(a, ints...).Cast(Bool)
	}
	var y *Tensor
	lo := 0
	for _, x := range xs {
		n := x.op.Shape[a]
		y = plus(y, x.Pad(a, lo, total-lo-n))
		lo += n
	}
	return y
}
