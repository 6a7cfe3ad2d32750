package optest

import (
	"fmt"
	"slices"
	"strings"

	"genview/tensor"
)

// move is a step that moves the elements of its one input: element at of the result is element from(at), or fill if from returns nil.
func move(code string, op func(x *T) *T, shape []int, fill float64, from func(at []int) []int) *step {
	return &step{code: code, op: unary(op), exact: true, ref: func(in []Array) Array {
		return build(shape, func(at []int) float64 {
			if p := from(at); p != nil {
				return in[0].get(p)
			}
			return fill
		})
	}}
}

func with(at []int, axis, p int) []int {
	at = slices.Clone(at)
	at[axis] = p
	return at
}

// args writes whole numbers as arguments.
func args(v ...int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", ", ")
}

func reshape(shape []int) *step {
	return &step{
		code: "%[1]s.Reshape(" + args(shape...) + ")", exact: true,
		op:  unary(func(x *T) *T { return x.Reshape(shape...) }),
		ref: func(in []Array) Array { return Array{shape, in[0].V} },
	}
}

// flip reverses the axis of the nodes' shape.
func flip(axis int) *step {
	return &step{
		code: fmt.Sprintf("%%[1]s.Flip(%d)", axis), exact: true, op: unary(func(x *T) *T { return x.Flip(axis) }),
		ref: func(in []Array) Array {
			return build(in[0].Shape, func(at []int) float64 { return in[0].get(with(at, axis, in[0].Shape[axis]-1-at[axis])) })
		},
	}
}

// moves draws a step that moves elements.
func (m *maker) moves() (name string, s *step, in []int) {
	i := m.pick(func(node) bool { return true })
	n := m.nodes[i]
	in = []int{i}
	shape := n.shape
	if len(shape) == 0 || m.r.IntN(6) == 0 {
		return "Reshape", reshape(m.factors(count(shape))), in
	}
	a := m.r.IntN(len(shape))
	d := shape[a]
	sized := func(n int) []int { return with(shape, a, n) }
	switch m.r.IntN(11) {
	case 0, 1:
		axes := m.r.Perm(len(shape))
		if len(shape) > 4 {
			return "", nil, nil
		}
		var to []int
		for _, k := range axes {
			to = append(to, shape[k])
		}
		return "Permute", move("%[1]s.Permute("+args(axes...)+")", func(x *T) *T { return x.Permute(axes...) }, to, 0, func(at []int) []int {
			from := make([]int, len(at))
			for k, axis := range axes {
				from[axis] = at[k]
			}
			return from
		}), in
	case 2: // axes of size 1, and one more in front
		to := slices.Clone(shape)
		for k := range to {
			if to[k] == 1 {
				to[k] = m.dims[m.r.IntN(len(m.dims))]
			}
		}
		if len(to) < 4 {
			to = append([]int{1 + m.r.IntN(3)}, to...)
		}
		if count(to) > 4000 {
			return "", nil, nil
		}
		return "Expand", move("%[1]s.Expand("+args(to...)+")", func(x *T) *T { return x.Expand(to...) }, to, 0, func(at []int) []int { return at }), in
	case 3, 4:
		lo, hi := m.r.IntN(d), 0
		hi = lo + 1 + m.r.IntN(d-lo)
		step := 1 + m.r.IntN(3)
		return "Slice", move(fmt.Sprintf("%%[1]s.SliceStep(%d, %d, %d, %d)", a, lo, hi, step), func(x *T) *T { return x.SliceStep(a, lo, hi, step) },
			sized((hi-lo+step-1)/step), 0, func(at []int) []int { return with(at, a, lo+at[a]*step) }), in
	case 5:
		return "Flip", flip(a), in
	case 6, 7:
		lo, hi := m.r.IntN(4), m.r.IntN(4)
		inside := func(at []int) []int {
			if p := at[a] - lo; p >= 0 && p < d {
				return with(at, a, p)
			}
			return nil
		}
		if n.dt == tensor.F32 && m.r.IntN(4) == 0 {
			return "PadConstant", move(fmt.Sprintf("%%[1]s.PadConstant(%d, %d, %d, 0.5)", a, lo, hi), func(x *T) *T { return x.PadConstant(a, lo, hi, 0.5) }, sized(lo+d+hi), 0.5, inside), in
		}
		return "Pad", move(fmt.Sprintf("%%[1]s.Pad(%d, %d, %d)", a, lo, hi), func(x *T) *T { return x.Pad(a, lo, hi) }, sized(lo+d+hi), 0, inside), in
	case 8:
		shift := m.r.IntN(d)
		return "Roll", move(fmt.Sprintf("%%[1]s.Roll(%d, %d)", a, shift), func(x *T) *T { return x.Roll(a, shift) }, shape, 0, func(at []int) []int {
			return with(at, a, (at[a]-shift+d)%d)
		}), in
	case 9:
		lo, hi := m.r.IntN(3), m.r.IntN(3)
		return "PadReplicate", move(fmt.Sprintf("%%[1]s.PadReplicate(%d, %d, %d)", a, lo, hi), func(x *T) *T { return x.PadReplicate(a, lo, hi) }, sized(lo+d+hi), 0, func(at []int) []int {
			return with(at, a, min(max(at[a]-lo, 0), d-1))
		}), in
	}
	// Join it with another node, or with itself.
	other := m.pick(func(o node) bool {
		return o.dt == n.dt && len(o.shape) == len(shape) && slices.Equal(with(o.shape, a, 0), with(shape, a, 0))
	})
	return "Concat", concat(a), []int{i, other}
}

func concat(a int) *step {
	return &step{
		code: fmt.Sprintf("tensor.Concat(%d, %%[1]s, %%[2]s)", a), exact: true, op: func(in []*T) *T { return tensor.Concat(a, in...) },
		ref: func(in []Array) Array {
			d := in[0].Shape[a]
			return build(with(in[0].Shape, a, d+in[1].Shape[a]), func(at []int) float64 {
				if at[a] < d {
					return in[0].get(at)
				}
				return in[1].get(with(at, a, at[a]-d))
			})
		},
	}
}

// factors draws a shape of n elements.
func (m *maker) factors(n int) []int {
	shape := []int{n}
	for range m.r.IntN(4) {
		k := m.r.IntN(len(shape))
		for _, f := range []int{m.dims[m.r.IntN(len(m.dims))], 2, 3, 1} {
			if shape[k]%f == 0 {
				shape[k] /= f
				shape = slices.Insert(shape, k, f)
				break
			}
		}
	}
	return shape
}
