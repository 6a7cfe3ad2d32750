package tensor

import (
	"fmt"
	"slices"

	"genview/tensor/internal/ir"
)

func (x *Tensor) view(name string, shape []int, attr any, view func(View) (View, bool), grad func(y, dy *Tensor) []*Tensor) *Tensor {
	return Op{Name: name, Shape: shape, DType: x.op.DType, Attr: attr, View: view, Grad: grad}.On(x)
}

// Reshape gives x another shape with as many elements, in row-major order. One axis may be −1: its size follows from the others.
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
	if ir.Size(shape) != x.Len() || slices.Min(append(shape, 1)) < 1 {
		return fail("Reshape", []*Tensor{x}, "it has %d elements, which do not fill %s", x.Len(), dims(shape))
	}
	if slices.Equal(shape, x.op.Shape) {
		return x
	}
	return x.view("Reshape", shape, nil,
		func(v View) (View, bool) { return v.Reshape(shape) },
		func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Reshape(x.op.Shape...)} })
}

// Flatten joins the axes from the given one on into one axis.
func (x *Tensor) Flatten(from int) *Tensor {
	a, ok := x.axis(from)
	if !ok {
		return fail("Flatten", []*Tensor{x}, "there is no axis %d", from)
	}
	return x.Reshape(append(x.Shape()[:a], -1)...)
}

// Permute reorders the axes: axis i of the result is axis axes[i] of x.
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
		func(v View) (View, bool) { return v.Permute(axes), true },
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

// Expand broadcasts x to the shape: it repeats axes of size 1 and adds axes in front. It takes no memory.
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
		func(v View) (View, bool) { return v.Expand(shape), true },
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
		func(v View) (View, bool) { return v.Slice(a, lo, shape[a], step), true },
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
		func(v View) (View, bool) { return v.Slice(a, n-1, n, -1), true },
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
	return Op{
		Name: "Pad", kind: ir.Pad, Shape: shape, DType: x.op.DType, Attr: [3]int{a, lo, hi},
		View: func(v View) (View, bool) { return v.Pad(a, lo, hi), true },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy.Slice(a, lo, lo+n)} },
	}.On(x)
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
	// Each part is padded with zeros to the size of the result, and all of them are added: one pass.
	dt := xs[0].op.DType
	sums := dt // the type of the sum
	switch {
	case dt == Bool:
		sums = I32
	case dt.Packed():
		sums = F32
	}
	var y *Tensor
	lo := 0
	for _, x := range xs {
		n := x.op.Shape[a]
		y = plus(y, x.Cast(sums).Pad(a, lo, total-lo-n))
		lo += n
	}
	return y.Cast(dt)
}

// PadConstant adds lo elements of a value before and hi elements after those of an axis.
func (x *Tensor) PadConstant(axis, lo, hi int, v float64) *Tensor {
	y := x.Pad(axis, lo, hi)
	if y.err != nil || v == 0 || lo == 0 && hi == 0 {
		return y
	}
	at, n := Iota(axis, y.op.Shape...), x.Dim(axis)
	inside := at.GreaterEqual(fullOf(I32, float64(lo), nil)).And(at.Less(fullOf(I32, float64(lo+n), nil)))
	return Where(inside, y, fullOf(x.op.DType, v, nil))
}

// PadReflect adds lo elements before and hi elements after those of an axis. They mirror the axis without its outermost elements.
func (x *Tensor) PadReflect(axis, lo, hi int) *Tensor {
	n := x.Dim(axis)
	if x.err == nil && (lo < 0 || hi < 0 || lo >= n || hi >= n) {
		return fail("PadReflect", []*Tensor{x}, "%d and %d elements cannot be reflected on axis %d", lo, hi, axis)
	}
	parts := []*Tensor{x}
	if lo > 0 {
		parts = append([]*Tensor{x.Slice(axis, 1, lo+1).Flip(axis)}, parts...)
	}
	if hi > 0 {
		parts = append(parts, x.Slice(axis, n-1-hi, n-1).Flip(axis))
	}
	return Concat(axis, parts...)
}

// PadReplicate adds lo elements before and hi elements after those of an axis. They are copies of the outermost elements.
func (x *Tensor) PadReplicate(axis, lo, hi int) *Tensor {
	if x.err == nil && (lo < 0 || hi < 0) {
		return fail("PadReplicate", []*Tensor{x}, "it cannot be padded by %d and %d", lo, hi)
	}
	again := func(at, n int) *Tensor {
		edge := x.Slice(axis, at, at+1)
		shape := edge.Shape()
		if a, ok := x.axis(axis); ok && x.err == nil {
			shape[a] = n
		}
		return edge.Expand(shape...)
	}
	parts := []*Tensor{x}
	if lo > 0 {
		parts = append([]*Tensor{again(0, lo)}, parts...)
	}
	if hi > 0 {
		parts = append(parts, again(x.Dim(axis)-1, hi))
	}
	return Concat(axis, parts...)
}

// Roll shifts the elements of an axis by shift positions; elements that leave at one end come in at the other.
func (x *Tensor) Roll(axis, shift int) *Tensor {
	if _, ok := x.axis(axis); !ok && x.err == nil {
		return fail("Roll", []*Tensor{x}, "there is no axis %d", axis)
	}
	n := x.Dim(axis)
	shift = (shift%n + n) % n
	if shift == 0 {
		return x
	}
	return Concat(axis, x.Slice(axis, n-shift, n), x.Slice(axis, 0, n-shift))
}

// Stack joins tensors of one shape along a new axis.
func Stack(axis int, xs ...*Tensor) *Tensor {
	parts := make([]*Tensor, len(xs))
	for i, x := range xs {
		parts[i] = x.Unsqueeze(axis)
	}
	return Concat(axis, parts...)
}

// Split cuts an axis into parts of the given sizes, which must add up to the size of the axis.
func (x *Tensor) Split(axis int, sizes ...int) []*Tensor {
	total := 0
	for _, n := range sizes {
		total += n
	}
	parts := make([]*Tensor, len(sizes))
	lo := 0
	for i, n := range sizes {
		if parts[i] = x.Slice(axis, lo, lo+n); total != x.Dim(axis) {
			parts[i] = fail("Split", []*Tensor{x}, "the sizes %v do not fill axis %d, of %d", sizes, axis, x.Dim(axis))
		}
		lo += n
	}
	return parts
}

// Tile repeats x along its last axes, or along more axes than it has.
func (x *Tensor) Tile(times ...int) *Tensor {
	if x.err != nil {
		return x
	}
	times = append(slices.Repeat([]int{1}, max(x.Rank()-len(times), 0)), times...)
	shape := append(slices.Repeat([]int{1}, len(times)-x.Rank()), x.op.Shape...)
	var ones, all, out []int
	for i, n := range shape {
		if times[i] < 1 {
			return fail("Tile", []*Tensor{x}, "it cannot be repeated %v times", times)
		}
		ones, all, out = append(ones, 1, n), append(all, times[i], n), append(out, times[i]*n)
	}
	return x.Reshape(ones...).Expand(all...).Reshape(out...)
}

// Tril keeps the elements on or below diagonal k of the last two axes and sets the others to 0. Diagonal 0 is the main one; a positive k
// is above it.
func (x *Tensor) Tril(k int) *Tensor { return x.triangle(k, (*Tensor).LessEqual) }

// Triu keeps the elements on or above diagonal k of the last two axes and sets the others to 0. Diagonal 0 is the main one; a positive k
// is above it.
func (x *Tensor) Triu(k int) *Tensor { return x.triangle(k, (*Tensor).GreaterEqual) }

func (x *Tensor) triangle(k int, keeps func(x, y *Tensor) *Tensor) *Tensor {
	if x.err == nil && x.Rank() < 2 {
		return fail("Tril", []*Tensor{x}, "it needs two axes or more")
	}
	plane := []int{x.Dim(-2), x.Dim(-1)}
	return Where(keeps(Iota(1, plane...), Iota(0, plane...).Shift(float64(k))), x, fullOf(x.op.DType, 0, nil))
}
