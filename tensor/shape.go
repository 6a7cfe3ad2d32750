package tensor

import (
	"slices"

	"genview/vk"
)

// limit is most, except in tests that lower it.
var limit = most

// count returns how many elements a shape has. It returns false if an axis is below 1, or if there are more elements than limit.
func count(shape []int) (int, bool) {
	n := 1
	for _, d := range shape {
		if d < 1 || n > limit/d {
			return 0, false
		}
		n *= d
	}
	return n, true
}

// A SizeError says that a tensor is larger than any device can hold, or that a program needs more memory than its device has. Nothing has
// been allocated for it.
type SizeError struct{ msg string }

func (e *SizeError) Error() string { return e.msg }

// impossible returns a poisoned tensor for a result with an invalid shape. The poisoned tensor keeps the number of axes, because
// composite ops go on to use the axes of their intermediate results.
func impossible(o Op, in []*Tensor) *Tensor {
	var t *Tensor
	if slices.ContainsFunc(o.Shape, func(n int) bool { return n < 1 }) {
		t = fail(o.Name, in, "the result would have the shape %s: each axis must be at least 1", dims(o.Shape))
	} else {
		bytes := float64(o.DType.Bytes(1))
		for _, d := range o.Shape {
			bytes *= float64(d)
		}
		t = fail(o.Name, in, "the result would have the shape %s and take %s: more than %d elements", dims(o.Shape), vk.Bytes(int64(min(bytes, 1<<62))), limit)
		t.err = &SizeError{t.err.Error()}
	}
	t.op.Shape = make([]int, len(o.Shape))
	for i, n := range o.Shape {
		t.op.Shape[i] = max(n, 1)
	}
	return t
}

// broadcast returns the shape to which both expand, by the rules of NumPy and PyTorch.
func broadcast(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, n := range b {
		k := len(a) - len(b) + i
		switch {
		case out[k] == n || n == 1:
		case out[k] == 1:
			out[k] = n
		default:
			return nil, false
		}
	}
	return out, true
}

// axis returns i counted from the front, and whether x has that axis.
func (x *Tensor) axis(i int) (int, bool) {
	if i < 0 {
		i += x.Rank()
	}
	return i, i >= 0 && i < x.Rank()
}
