package tensor_test

import (
	"math"
	"slices"

	"genview/tensor"
)

// pattern is whole numbers from −1 to n, over and over: indices, of which some are not there.
func pattern(n int, shape ...int) array {
	i := 0
	return build(shape, func([]int) float64 {
		i++
		return float64((i*7+i/3)%(n+2) - 1)
	})
}

func ints(a array) *T {
	v := make([]int32, len(a.v))
	for i := range v {
		v[i] = int32(a.v[i])
	}
	return tensor.Const(v, a.shape...)
}

// pick reads a at an index with one coordinate replaced, 0 outside.
func (a array) pick(at []int, axis int, p float64) float64 {
	if p < 0 || int(p) >= a.shape[axis] {
		return 0
	}
	at = slices.Clone(at)
	at[axis] = int(p)
	return a.get(at)
}

// order sorts n things by less, ties as they stand.
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

// refSort sorts the last axis of a matrix and returns k elements of each row, or where they were.
func refSort(descending, places bool, k int) func([]array) array {
	return func(in []array) array {
		x := in[0]
		n := x.shape[1]
		if k == 0 {
			return refSort(descending, places, n)(in)
		}
		return build([]int{x.shape[0], k}, func(at []int) float64 {
			row := x.v[at[0]*n : (at[0]+1)*n]
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

var indexCases = []opCase{
	{name: "Gather", op: unary(func(x *T) *T { return x.Gather(1, ints(pattern(x.Dim(1), x.Dim(0), 4))) }), in: normal, dims: planes, ref: func(in []array) array {
		p := pattern(in[0].shape[1], in[0].shape[0], 4)
		return build(p.shape, func(at []int) float64 { return in[0].pick(at, 1, p.get(at)) })
	}},
	{name: "Gather/first", op: unary(func(x *T) *T { return x.Gather(0, ints(pattern(x.Dim(0), 6, x.Dim(1)))) }), in: normal, dims: planes, ref: func(in []array) array {
		p := pattern(in[0].shape[0], 6, in[0].shape[1])
		return build(p.shape, func(at []int) float64 { return in[0].pick(at, 0, p.get(at)) })
	}},
	{name: "ScatterAdd", op: binary(func(x, y *T) *T { return x.ScatterAdd(1, ints(pattern(x.Dim(1), y.Shape()...)), y) }), in: normal, dims: of(sh(s{3, 5}, s{3, 4}), sh(s{4, 8}, s{4, 16}), sh(s{70, 130}, s{70, 133})), ref: func(in []array) array {
		p := pattern(in[0].shape[1], in[1].shape...)
		y := array{in[0].shape, slices.Clone(in[0].v)}
		index(in[1].shape, func(at []int) {
			if k := p.get(at); k >= 0 && int(k) < y.shape[1] {
				y.v[at[0]*y.shape[1]+int(k)] += in[1].get(at)
			}
		})
		return y
	}},
	{name: "Embedding/large", op: unary(func(x *T) *T { return tensor.Embedding(ints(pattern(x.Dim(0), 300)), x) }), in: normal, dims: of(sh(s{4001, 3}), sh(s{4000, 8})), ref: func(in []array) array {
		p := pattern(in[0].shape[0], 300)
		return build([]int{300, in[0].shape[1]}, func(at []int) float64 { return in[0].pick(at, 0, p.v[at[0]]) })
	}},
	{name: "IndexSelect", op: unary(func(x *T) *T { return x.IndexSelect(1, ints(pattern(x.Dim(1), 7))) }), in: normal, dims: cubes, ref: func(in []array) array {
		d := in[0].shape
		p := pattern(d[1], 7)
		return build([]int{d[0], 7, d[2]}, func(at []int) float64 { return in[0].pick(at, 1, p.v[at[1]]) })
	}},
	{name: "Sort", op: unary(func(x *T) *T { return first(x.Sort(1, false)) }), draws: apart, dims: planes, ref: refSort(false, false, 0)},
	{name: "Sort/places", op: unary(func(x *T) *T { return second(x.Sort(1, true)) }), in: whole, ints: true, dims: planes, ref: refSort(true, true, 0)},
	{name: "Sort/nan", op: unary(func(x *T) *T { return first(x.Unsqueeze(0).Sort(1, false)) }), in: whole, ints: true, dims: of(sh(s{3})), also: []float64{1, nan, -inf, inf, 0, nan, -1}, ref: func(in []array) array {
		return refSort(false, false, 0)([]array{{[]int{1, len(in[0].v)}, in[0].v}})
	}},
	{name: "TopK", op: unary(func(x *T) *T { return first(x.TopK(1, 3)) }), draws: apart, dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{2, 70})), ref: refSort(true, false, 3)},
}
