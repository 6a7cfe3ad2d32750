package optest

import (
	"math"

	"genview/tensor"
)

var shapeCases = []Case{
	{Name: "Reshape", Op: unary(func(x *T) *T { return x.T().Reshape(-1).Exp() }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		n, m := in[0].Shape[0], in[0].Shape[1]
		return build([]int{n * m}, func(at []int) float64 { return math.Exp(in[0].get([]int{at[0] % n, at[0] / n})) })
	}},
	{Name: "Flatten", Op: unary(func(x *T) *T { return x.Flatten(1) }), In: normal, Dims: cubes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return Array{[]int{d[0], d[1] * d[2]}, in[0].V}
	}},
	{Name: "Permute", Op: unary(func(x *T) *T { return x.Permute(2, 0, 1).Mul(x.Permute(2, 0, 1)) }), In: normal, Dims: cubes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[2], d[0], d[1]}, func(at []int) float64 { return math.Pow(in[0].get([]int{at[1], at[2], at[0]}), 2) })
	}},
	{Name: "Permute/six", Op: unary(func(x *T) *T { return x.Permute(5, 0, 3, 2, 4, 1).Exp() }), In: uniform(-1, 1), Dims: of(sh(s{2, 3, 1, 2, 3, 2}), sh(s{1, 4, 2, 3, 1, 4})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[5], d[0], d[3], d[2], d[4], d[1]}, func(at []int) float64 {
			return math.Exp(in[0].get([]int{at[1], at[5], at[3], at[2], at[4], at[0]}))
		})
	}},
	{Name: "Transpose", Op: unary(func(x *T) *T { return x.Transpose(0, 1) }), In: normal, Dims: planes, Ref: refTranspose},
	{Name: "T", Op: unary((*T).T), In: normal, Dims: planes, Ref: refTranspose},
	{Name: "Expand", Op: unary(func(x *T) *T { return x.Unsqueeze(1).Expand(x.Dim(0), 3, x.Dim(1)).Square() }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0], 3, d[1]}, func(at []int) float64 { return math.Pow(in[0].get([]int{at[0], at[2]}), 2) })
	}},
	{Name: "Unsqueeze", Op: unary(func(x *T) *T { return x.Unsqueeze(0) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return Array{append([]int{1}, in[0].Shape...), in[0].V}
	}},
	{Name: "Squeeze", Op: unary(func(x *T) *T { return x.Unsqueeze(1).Squeeze(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array { return in[0] }},
	{Name: "Slice", Op: unary(func(x *T) *T { return x.Slice(1, 1, 3) }), In: normal, Dims: of(sh(s{2, 3}), sh(s{5, 8, 4})), Ref: refSlice(1, 1, 3, 1)},
	{Name: "SliceStep", Op: unary(func(x *T) *T { return x.SliceStep(0, 1, 8, 3) }), In: normal, Dims: of(sh(s{8}), sh(s{9, 4})), Ref: refSlice(0, 1, 8, 3)},
	{Name: "Flip", Op: unary(func(x *T) *T { return x.Flip(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return build(in[0].Shape, func(at []int) float64 { return in[0].get([]int{at[0], in[0].Shape[1] - 1 - at[1]}) })
	}},
	{Name: "Pad", Op: unary(func(x *T) *T { return x.Pad(1, 2, 3).Pad(0, 1, 0).Shift(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0] + 1, d[1] + 5}, func(at []int) float64 {
			i, j := at[0]-1, at[1]-2
			if i < 0 || j < 0 || j >= d[1] {
				return 1
			}
			return in[0].get([]int{i, j}) + 1
		})
	}},
	{Name: "PadConstant", Op: unary(func(x *T) *T { return x.PadConstant(1, 2, 1, -inf).Maximum(tensor.Full(-9)) }), In: normal, Dims: planes, Order: 1, Ref: refPlaced(2, 1, func(i, n int) int {
		if i < 0 || i >= n {
			return -1
		}
		return i
	}, -9)},
	{Name: "PadReflect", Op: unary(func(x *T) *T { return x.PadReflect(1, 2, 1) }), In: normal, Dims: of(sh(s{2, 3}), sh(s{4, 8})), Ref: refPlaced(2, 1, func(i, n int) int {
		if i < 0 {
			return -i
		}
		return min(i, 2*(n-1)-i)
	}, 0)},
	{Name: "PadReplicate", Op: unary(func(x *T) *T { return x.PadReplicate(1, 2, 3) }), In: normal, Dims: planes, Ref: refPlaced(2, 3, func(i, n int) int { return min(max(i, 0), n-1) }, 0)},
	{Name: "Roll", Op: unary(func(x *T) *T { return x.Roll(1, -2) }), In: normal, Dims: planes, Ref: refPlaced(0, 0, func(i, n int) int { return (i + 2) % n }, 0)},
	{Name: "Stack", Op: binary(func(x, y *T) *T { return tensor.Stack(1, x, y) }), In: normal, Dims: of(sh(s{3, 5}, s{3, 5}), sh(s{4, 8}, s{4, 8})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0], 2, d[1]}, func(at []int) float64 { return in[at[1]].get([]int{at[0], at[2]}) })
	}},
	{Name: "Split", Op: unary(func(x *T) *T { parts := x.Split(0, 1, x.Dim(0)-1); return parts[1].Mul(parts[0]) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{5, 8})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0] - 1, d[1]}, func(at []int) float64 { return in[0].get([]int{at[0] + 1, at[1]}) * in[0].get([]int{0, at[1]}) })
	}},
	{Name: "Tile", Op: unary(func(x *T) *T { return x.Tile(2, 1, 3) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4})), Ref: func(in []Array) Array {
		d := in[0].Shape
		return build([]int{2, d[0], 3 * d[1]}, func(at []int) float64 { return in[0].get([]int{at[1], at[2] % d[1]}) })
	}},
	{Name: "Tril", Op: unary(func(x *T) *T { return x.Tril(1) }), In: normal, Dims: planes, Ref: refBand(func(i, j int) bool { return j <= i+1 })},
	{Name: "Triu", Op: unary(func(x *T) *T { return x.Triu(-1) }), In: normal, Dims: planes, Ref: refBand(func(i, j int) bool { return j >= i-1 })},
	{Name: "Concat", Op: func(in []*T) *T { return tensor.Concat(1, in...) }, In: normal, Dims: of(sh(s{2, 3}, s{2, 1}, s{2, 5}), sh(s{4, 4}, s{4, 8})), Ref: func(in []Array) Array {
		n := 0
		for _, a := range in {
			n += a.Shape[1]
		}
		return build([]int{in[0].Shape[0], n}, func(at []int) float64 {
			j := at[1]
			for _, a := range in {
				if j < a.Shape[1] {
					return a.get([]int{at[0], j})
				}
				j -= a.Shape[1]
			}
			return math.NaN()
		})
	}},
}

func refTranspose(in []Array) Array {
	d := in[0].Shape
	return build([]int{d[1], d[0]}, func(at []int) float64 { return in[0].get([]int{at[1], at[0]}) })
}

func refSlice(axis, lo, hi, step int) func([]Array) Array {
	return func(in []Array) Array {
		shape := append([]int{}, in[0].Shape...)
		shape[axis] = (hi - lo + step - 1) / step
		return build(shape, func(at []int) float64 {
			p := append([]int{}, at...)
			p[axis] = lo + at[axis]*step
			return in[0].get(p)
		})
	}
}

// refPlaced returns a matrix with lo more columns in front and hi more at the end. Its column i, counted from x's first column, is column
// of(i, n) of x; −1 stands for fill.
func refPlaced(lo, hi int, of func(i, n int) int, fill float64) func(in []Array) Array {
	return func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0], lo + d[1] + hi}, func(at []int) float64 {
			j := of(at[1]-lo, d[1])
			if j < 0 {
				return fill
			}
			return in[0].get([]int{at[0], j})
		})
	}
}

func refBand(in func(i, j int) bool) func([]Array) Array {
	return func(x []Array) Array {
		return build(x[0].Shape, func(at []int) float64 {
			if in(at[0], at[1]) {
				return x[0].get(at)
			}
			return 0
		})
	}
}
