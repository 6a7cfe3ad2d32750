package optest

import (
	"math"
	"slices"

	"genview/tensor"
)

// pattern repeats the whole numbers from −1 to n, as indices. The first and the last are out of range.
func pattern(n int, shape ...int) Array {
	i := 0
	return build(shape, func([]int) float64 {
		i++
		return float64((i*7+i/3)%(n+2) - 1)
	})
}

func ints(a Array) *T {
	v := make([]int32, len(a.V))
	for i := range v {
		v[i] = int32(a.V[i])
	}
	return tensor.Const(v, a.Shape...)
}

// pick reads a at an index with one coordinate replaced, or returns 0 if that is out of range.
func (a Array) pick(at []int, axis int, p float64) float64 {
	if p < 0 || int(p) >= a.Shape[axis] {
		return 0
	}
	at = slices.Clone(at)
	at[axis] = int(p)
	return a.get(at)
}

// order sorts n things by less, and keeps the order of ties.
func order(n int, less func(i, j int) bool) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	slices.SortStableFunc(at, func(i, j int) int {
		switch {
		case less(i, j):
			return -1
		case less(j, i):
			return 1
		}
		return 0
	})
	return at
}

// refSort sorts the last axis of a matrix. It returns k elements of each row, or their previous indices.
func refSort(descending, places bool, k int) func([]Array) Array {
	return func(in []Array) Array {
		x := in[0]
		n := x.Shape[1]
		if k == 0 {
			return refSort(descending, places, n)(in)
		}
		return build([]int{x.Shape[0], k}, func(at []int) float64 {
			row := x.V[at[0]*n : (at[0]+1)*n]
			i := order(n, func(i, j int) bool {
				if descending {
					i, j = j, i
				}
				return row[i] < row[j] || math.IsNaN(row[j]) && !math.IsNaN(row[i])
			})[at[1]]
			if places {
				return float64(i)
			}
			return row[i]
		})
	}
}

func first(a, _ *T) *T { return a }

func second(_, b *T) *T { return b }

var indexCases = []Case{
	{Name: "Gather", Op: unary(func(x *T) *T { return x.Gather(1, ints(pattern(x.Dim(1), x.Dim(0), 4))) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		p := pattern(in[0].Shape[1], in[0].Shape[0], 4)
		return build(p.Shape, func(at []int) float64 { return in[0].pick(at, 1, p.get(at)) })
	}},
	{Name: "Gather/first", Op: unary(func(x *T) *T { return x.Gather(0, ints(pattern(x.Dim(0), 6, x.Dim(1)))) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		p := pattern(in[0].Shape[0], 6, in[0].Shape[1])
		return build(p.Shape, func(at []int) float64 { return in[0].pick(at, 0, p.get(at)) })
	}},
	{Name: "ScatterAdd", Op: binary(func(x, y *T) *T { return x.ScatterAdd(1, ints(pattern(x.Dim(1), y.Shape()...)), y) }), In: normal, Dims: of(sh(s{3, 5}, s{3, 4}), sh(s{4, 8}, s{4, 16}), sh(s{70, 130}, s{70, 133})), Ref: func(in []Array) Array {
		p := pattern(in[0].Shape[1], in[1].Shape...)
		y := Array{in[0].Shape, slices.Clone(in[0].V)}
		index(in[1].Shape, func(at []int) {
			if k := p.get(at); k >= 0 && int(k) < y.Shape[1] {
				y.V[at[0]*y.Shape[1]+int(k)] += in[1].get(at)
			}
		})
		return y
	}},
	{Name: "Embedding/some", Op: unary(func(x *T) *T { return tensor.Embedding(ints(pattern(x.Dim(0), 533)), x) }), In: normal, Dims: of(sh(s{7, 3}), sh(s{70, 8})), Ref: func(in []Array) Array {
		p := pattern(in[0].Shape[0], 533)
		return build([]int{533, in[0].Shape[1]}, func(at []int) float64 { return in[0].pick(at, 0, p.V[at[0]]) })
	}},
	{Name: "Embedding/large", Op: unary(func(x *T) *T { return tensor.Embedding(ints(pattern(x.Dim(0), 300)), x) }), In: normal, Dims: of(sh(s{4001, 3}), sh(s{4000, 8})), Ref: func(in []Array) Array {
		p := pattern(in[0].Shape[0], 300)
		return build([]int{300, in[0].Shape[1]}, func(at []int) float64 { return in[0].pick(at, 0, p.V[at[0]]) })
	}},
	{Name: "IndexSelect", Op: unary(func(x *T) *T { return x.IndexSelect(1, ints(pattern(x.Dim(1), 7))) }), In: normal, Dims: cubes, Ref: func(in []Array) Array {
		d := in[0].Shape
		p := pattern(d[1], 7)
		return build([]int{d[0], 7, d[2]}, func(at []int) float64 { return in[0].pick(at, 1, p.V[at[1]]) })
	}},
	{Name: "Sort", Op: unary(func(x *T) *T { return first(x.Sort(1, false)) }), Draws: distinct, Dims: planes, Ref: refSort(false, false, 0)},
	{Name: "Sort/places", Op: unary(func(x *T) *T { return second(x.Sort(1, true)) }), In: whole, Ints: true, Dims: planes, Ref: refSort(true, true, 0)},
	{Name: "Sort/nan", Op: unary(func(x *T) *T { return first(x.Unsqueeze(0).Sort(1, false)) }), In: whole, Ints: true, Dims: of(sh(s{3})), Also: []float64{1, nan, -inf, inf, 0, nan, -1}, Ref: func(in []Array) Array {
		return refSort(false, false, 0)([]Array{{[]int{1, len(in[0].V)}, in[0].V}})
	}},
	{Name: "TopK", Op: unary(func(x *T) *T { return first(x.TopK(1, 3)) }), Draws: distinct, Dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{2, 70})), Ref: refSort(true, false, 3)},
}

var lookupCases = []Case{
	{Name: "Embedding", Op: unary(func(x *T) *T { return tensor.Embedding(indices(x, 1), x) }), Ref: refEmbedding, In: normal, Dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{65, 128}), sh(s{1, 1}))},
	{
		Name: "Embedding/chain", In: uniform(-1, 1), Dims: of(sh(s{5, 3}), sh(s{9, 8}), sh(s{4, 4})),
		Op: unary(func(x *T) *T { // the table is computed in the same program that reads it
			e := x.Exp()
			rows := tensor.Embedding(tensor.Iota(0, x.Dim(0)), e)
			return rows.Mul(e).Add(tensor.Embedding(indices(x, 1), e).Sum(0, 1))
		}),
		Ref: func(in []Array) Array {
			e := each(math.Exp)(in)
			sum := folded(0, add, false, 0, 1)([]Array{refEmbedding([]Array{e})})
			return both(func(a, b float64) float64 { return a*a + b })([]Array{e, sum})
		},
	},
	{Name: "OneHot", Op: unary(func(x *T) *T { return indices(x, 1).OneHot(3) }), Ints: true, In: normal, Dims: planes, Ref: func(in []Array) Array {
		at := places(in[0].Shape, 1)
		return build(append(append([]int{}, at.Shape...), 3), func(i []int) float64 { return bit(at.get(i[:len(i)-1]) == float64(i[len(i)-1])) })
	}},
	{Name: "MaskedFill", Op: unary(func(x *T) *T { return x.Mul(x).MaskedFill(tensor.Causal(x.Dim(-1)), 2) }), In: normal, Dims: of(sh(s{3, 5, 5}), sh(s{4, 4}), sh(s{2, 1, 64, 64})), Ref: func(in []Array) Array {
		return build(in[0].Shape, func(at []int) float64 {
			if at[len(at)-1] > at[len(at)-2] {
				return 2
			}
			x := in[0].get(at)
			return x * x
		})
	}},
}

// places returns indices in a repeating pattern. With from = 1 it returns two rows of indices into a table of the given shape, some out
// of range. With from = 0 it returns a class for each row of logits of that shape.
func places(shape []int, from int) Array {
	if from == 1 {
		return build([]int{2, 6}, func(at []int) float64 { return float64((at[0]*5+at[1]*7)%(shape[0]+2) - 1) })
	}
	classes := shape[len(shape)-1]
	return build(shape[:len(shape)-1], func(at []int) float64 { return float64((3*at[0] + at[len(at)-1]) % classes) })
}

func indices(x *T, from int) *T {
	a := places(x.Shape(), from)
	v := make([]int32, len(a.V))
	for i := range v {
		v[i] = int32(a.V[i])
	}
	return tensor.Const(v, a.Shape...)
}

func refEmbedding(in []Array) Array {
	table, at := in[0], places(in[0].Shape, 1)
	rows, d := table.Shape[0], table.Shape[1]
	return build([]int{2, 6, d}, func(i []int) float64 {
		row := int(at.get(i[:2]))
		if row < 0 || row >= rows {
			return 0
		}
		return table.V[row*d+i[2]]
	})
}
