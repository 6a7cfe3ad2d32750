package ir

import (
	"math"
	"slices"
)

// A View is a layout: it maps each element of a tensor to an element of a buffer. Elements outside [Lo, Hi) on some axis are padding:
// they are not in the buffer and read as zero.
type View struct {
	Shape   []int
	Strides []int // in elements; 0 repeats
	Offset  int   // in elements
	Lo, Hi  []int // nil: no padding
}

// RowMajor returns the row-major layout of a shape.
func RowMajor(shape []int) View {
	v := View{Shape: slices.Clone(shape), Strides: make([]int, len(shape))}
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		v.Strides[i] = n
		n *= shape[i]
	}
	return v
}

// Clone returns a copy of v with slices of its own.
func (v View) Clone() View {
	v.Shape, v.Strides = slices.Clone(v.Shape), slices.Clone(v.Strides)
	v.Lo, v.Hi = slices.Clone(v.Lo), slices.Clone(v.Hi)
	return v
}

// Contiguous tells whether v is row-major, has no padding and starts at the buffer's first element.
func (v View) Contiguous() bool {
	if v.Lo != nil || v.Offset != 0 {
		return false
	}
	n := 1
	for i := len(v.Shape) - 1; i >= 0; i-- {
		if v.Shape[i] != 1 && v.Strides[i] != n {
			return false
		}
		n *= v.Shape[i]
	}
	return true
}

// Permutes tells whether v contains each of the n elements of a buffer once, in any order.
func (v View) Permutes(n int) bool {
	if v.Lo != nil || v.Offset != 0 || Size(v.Shape) != n || v.Contiguous() {
		return false
	}
	var axes []int
	for i, m := range v.Shape {
		if m > 1 {
			axes = append(axes, i)
		}
	}
	slices.SortFunc(axes, func(a, b int) int { return v.Strides[a] - v.Strides[b] })
	next := 1
	for _, a := range axes {
		if v.Strides[a] != next {
			return false
		}
		next *= v.Shape[a]
	}
	return true
}

// Permute reorders the axes: axis i of the result is axis axes[i] of v.
func (v View) Permute(axes []int) View {
	w := v.Clone()
	for i, a := range axes {
		w.Shape[i], w.Strides[i] = v.Shape[a], v.Strides[a]
		if v.Lo != nil {
			w.Lo[i], w.Hi[i] = v.Lo[a], v.Hi[a]
		}
	}
	return w
}

// Expand repeats axes of size 1; shape has the rank of v.
func (v View) Expand(shape []int) View {
	w := v.Clone()
	for i, n := range shape {
		if v.Shape[i] == n {
			continue
		}
		w.Shape[i], w.Strides[i] = n, 0
		if v.Lo != nil && v.Hi[i] > v.Lo[i] {
			w.Lo[i], w.Hi[i] = 0, n
		}
	}
	return w
}

// Slice takes n elements from start on, with a step that may be negative.
func (v View) Slice(axis, start, n, step int) View {
	w := v.Clone()
	w.Shape[axis] = n
	w.Offset += start * v.Strides[axis]
	w.Strides[axis] *= step
	if v.Lo != nil {
		lo, hi := n, 0 // the range of positions whose element is not padding
		for i := range n {
			if p := start + i*step; p >= v.Lo[axis] && p < v.Hi[axis] {
				lo, hi = min(lo, i), max(hi, i+1)
			}
		}
		w.Lo[axis], w.Hi[axis] = min(lo, hi), hi
	}
	return w
}

// Pad adds lo and hi elements that read as zero.
func (v View) Pad(axis, lo, hi int) View {
	w := v.Clone()
	if w.Lo == nil {
		w.Lo, w.Hi = make([]int, len(v.Shape)), slices.Clone(v.Shape)
	}
	w.Shape[axis] += lo + hi
	w.Lo[axis] += lo
	w.Hi[axis] += lo
	w.Offset -= lo * v.Strides[axis]
	return w
}

// Reshape splits and joins axes. It returns false if joined axes are not contiguous in memory.
func (v View) Reshape(shape []int) (View, bool) {
	w := View{Shape: slices.Clone(shape), Strides: make([]int, len(shape)), Offset: v.Offset}
	if v.Lo != nil {
		w.Lo, w.Hi = make([]int, len(shape)), slices.Clone(shape)
	}
	i, j := len(v.Shape)-1, len(shape)-1
	for i >= 0 || j >= 0 {
		if i >= 0 && j >= 0 && v.Shape[i] == shape[j] { // the axis does not change, nor does its padding
			w.Strides[j] = v.Strides[i]
			if v.Lo != nil {
				w.Lo[j], w.Hi[j] = v.Lo[i], v.Hi[i]
			}
			i, j = i-1, j-1
			continue
		}
		// Find the smallest groups of axes, [i0, i] of v and [j0, j] of w, with equally many elements.
		i0, j0, a, b := i+1, j+1, 1, 1
		for a != b || i0 == i+1 && j0 == j+1 {
			if (a <= b || j0 == 0) && i0 > 0 {
				i0--
				a *= v.Shape[i0]
			} else {
				j0--
				b *= shape[j0]
			}
		}
		stride := 0
		first := true
		for k := i; k >= i0; k-- { // the group must be one arithmetic progression without gaps
			if v.Lo != nil && (v.Lo[k] != 0 || v.Hi[k] != v.Shape[k]) {
				return View{}, false
			}
			if v.Shape[k] == 1 {
				continue
			}
			if first {
				stride, first = v.Strides[k], false
			} else if v.Strides[k] != stride {
				return View{}, false
			}
			stride *= v.Shape[k]
		}
		stride = 0
		for k := i; k >= i0; k-- {
			if v.Shape[k] != 1 {
				stride = v.Strides[k]
				break
			}
		}
		for k := j; k >= j0; k-- {
			w.Strides[k] = stride
			stride *= shape[k]
		}
		i, j = i0-1, j0-1
	}
	return w, true
}

// Collapse drops axes of size 1 and joins axes that are contiguous in memory: the result has the same elements and fewer axes.
func (v View) Collapse() View {
	w := View{Offset: v.Offset}
	add := func(n, s, lo, hi int) {
		w.Shape, w.Strides = append(w.Shape, n), append(w.Strides, s)
		if v.Lo != nil {
			w.Lo, w.Hi = append(w.Lo, lo), append(w.Hi, hi)
		}
	}
	whole := func(u View, i int) bool { return u.Lo == nil || u.Lo[i] == 0 && u.Hi[i] == u.Shape[i] }
	for i, n := range v.Shape {
		k := len(w.Shape) - 1
		switch {
		case n == 1 && whole(v, i):
		case k >= 0 && w.Strides[k] == n*v.Strides[i] && whole(w, k) && whole(v, i):
			w.Shape[k] *= n
			w.Strides[k] = v.Strides[i]
			if v.Lo != nil {
				w.Hi[k] = w.Shape[k]
			}
		case v.Lo != nil:
			add(n, v.Strides[i], v.Lo[i], v.Hi[i])
		default:
			add(n, v.Strides[i], 0, 0)
		}
	}
	all := true
	for i := range w.Lo {
		all = all && w.Lo[i] == 0 && w.Hi[i] == w.Shape[i]
	}
	if all {
		w.Lo, w.Hi = nil, nil
	}
	return w
}

// Permutation returns the axes of a shape in the order in which they lie in memory through v, which must contain every element once.
func (v View) Permutation(shape []int) (axes []int, ok bool) {
	strides := RowMajor(shape).Strides
	w := v.Collapse()
	if w.Lo != nil || w.Offset != 0 {
		return nil, false
	}
	for i, n := range w.Shape {
		var run []int
		m := 1
		for a := len(shape) - 1; a >= 0 && m < n; a-- {
			if shape[a] > 1 && strides[a] == w.Strides[i]*m {
				run = append([]int{a}, run...)
				m *= shape[a]
			}
		}
		if m != n {
			return nil, false
		}
		axes = append(axes, run...)
	}
	for a, n := range shape {
		if n == 1 {
			axes = append(axes, a)
		}
	}
	sorted := slices.Sorted(slices.Values(axes))
	return axes, slices.Equal(sorted, Counting(0, len(shape)))
}

// Repeats tells whether v consists of n elements, each repeated k times in a row.
func (v View) Repeats(n, k int) bool {
	v = v.Collapse()
	if v.Lo != nil || v.Offset != 0 || len(v.Shape) != 2 {
		return false
	}
	return v.Shape[0] == n && v.Strides[0] == 1 && v.Shape[1] == k && v.Strides[1] == 0
}

// SameRows tells whether all rows of v are the same.
func (v View) SameRows(rows int) bool {
	v = v.Collapse()
	return v.Lo == nil && len(v.Shape) == 2 && v.Shape[0] == rows && v.Strides[0] == 0
}

// Footprint returns an upper bound of the number of elements of a buffer that are visible through v.
func (v View) Footprint() int {
	n := 1
	for i, m := range v.Shape {
		switch {
		case v.Strides[i] == 0:
		case v.Lo != nil:
			n *= v.Hi[i] - v.Lo[i]
		default:
			n *= m
		}
	}
	return n
}

// Near returns how many of the elements that 32 invocations read along v are contiguous.
func (v View) Near() float64 {
	last := len(v.Shape) - 1
	if last < 0 {
		return 0
	}
	return float64(min(v.Shape[last], 32)) / max(1, math.Abs(float64(v.Strides[last])))
}

// Part returns n axes of v, from the given one on, collapsed to the fewest axes.
func (v View) Part(from, n int) View {
	return View{Shape: v.Shape[from : from+n], Strides: v.Strides[from : from+n]}.Collapse()
}

// AlignedQuads tells whether four consecutive elements along the layout along can be read or written as an aligned quad, at every position on
// the other axes.
func AlignedQuads(along View, others ...View) bool {
	last := len(along.Shape) - 1
	if last < 0 || along.Strides[last] != 1 || along.Shape[last]%4 != 0 {
		return false
	}
	strides := along.Strides[:last:last]
	for _, v := range others {
		strides = append(strides, v.Strides...)
		strides = append(strides, v.Offset)
	}
	for _, s := range strides {
		if s%4 != 0 {
			return false
		}
	}
	return true
}
