package optest

import (
	"math"

	"genview/tensor"
)

var reduceCases = []Case{
	{Name: "Sum", Op: unary(func(x *T) *T { return x.Sum() }), Ref: folded(0, add, false), In: normal, Dims: cubes},
	{Name: "Sum/first", Op: unary(func(x *T) *T { return x.Sum(0) }), Ref: folded(0, add, false, 0), In: normal, Dims: planes},
	{Name: "Sum/outer", Op: unary(func(x *T) *T { return x.Sum(0, 2) }), Ref: folded(0, add, false, 0, 2), In: normal, Dims: cubes},
	{Name: "Sum/six", Op: unary(func(x *T) *T { return x.Sum(-1, 1, 3) }), Ref: folded(0, add, false, 1, 3, 5), In: normal, Dims: of(sh(s{2, 3, 1, 2, 3, 2}), sh(s{1, 4, 2, 3, 1, 4}))},
	{Name: "SumKeep", Op: unary(func(x *T) *T { return x.SumKeep(-1) }), Ref: folded(0, add, true, -1), In: normal, Dims: planes, Rows: extreme},
	{Name: "SumKeep/chain", Op: unary(func(x *T) *T { return x.Exp().Mul(x).SumKeep(1) }), In: uniform(-1, 1), Dims: cubes, Ref: func(in []Array) Array {
		return folded(0, add, true, 1)([]Array{each(func(x float64) float64 { return math.Exp(x) * x })(in)})
	}},
	{Name: "Mean", Op: unary(func(x *T) *T { return x.Mean(1) }), Ref: scaled(folded(0, add, false, 1), average), In: normal, Dims: planes, Rows: extreme},
	{Name: "MeanKeep", Op: unary(func(x *T) *T { return x.MeanKeep() }), Ref: scaled(folded(0, add, true), average), In: normal, Dims: planes},
	{Name: "Var", Op: unary(func(x *T) *T { return x.Var(0, 0) }), Ref: refVar(false, 0), In: normal, Dims: planes},
	{Name: "Std", Op: unary(func(x *T) *T { return x.Std(1, 1) }), Ref: refStd, In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{33, 130}))},
	{Name: "Prod", Op: unary(func(x *T) *T { return x.Prod(1) }), Ref: folded(1, func(p, x float64) float64 { return p * x }, false, 1), In: uniform(0.7, 1.4), Dims: of(sh(s{3, 5}), sh(s{4, 8}), sh(s{1, 1}), sh(s{2, 33, 3}))},
	{Name: "Prod/zeros", Op: unary(func(x *T) *T { return x.Prod() }), Ref: folded(1, func(p, x float64) float64 { return p * x }, false), In: whole, Dims: of(sh(s{4}), sh(s{3}))},
	{Name: "Any", Op: unary(func(x *T) *T { return x.Greater(tensor.Full(0.9)).Any(1) }), Ref: folded(0, func(a, x float64) float64 { return max(a, bit(x > 0.9)) }, false, 1), In: normal, Dims: planes, Ints: true},
	{Name: "All", Op: unary(func(x *T) *T { return x.Greater(tensor.Full(-0.9)).All(0) }), Ref: folded(1, func(a, x float64) float64 { return min(a, bit(x > -0.9)) }, false, 0), In: normal, Dims: planes, Ints: true},
	{Name: "Norm", Op: unary(func(x *T) *T { return x.Norm(2, 1).Add(x.Norm(3, 1)).Add(x.Norm(1, 1)) }), Ref: refNorms, In: away, Dims: planes, Rows: extreme},
	{Name: "Norm/ends", Op: unary(func(x *T) *T { return x.Norm(inf, 0).Add(x.Norm(-inf, 0)).Add(x.Norm(0, 0)) }), Ref: refEndNorms, Draws: distinct, Order: 1, Dims: of(sh(s{5, 3}), sh(s{8, 4}))},
	{Name: "ArgMax", Op: unary(func(x *T) *T { return x.ArgMax(1) }), Ref: refArg(1, func(x, best float64) bool { return x > best || math.IsNaN(x) && !math.IsNaN(best) }), In: whole, Dims: planes, Rows: extreme, Ints: true},
	{Name: "ArgMin", Op: unary(func(x *T) *T { return x.ArgMin(0) }), Ref: refArg(0, func(x, best float64) bool { return x < best || math.IsNaN(x) && !math.IsNaN(best) }), In: whole, Dims: planes, Ints: true},
	{Name: "CumSum", Op: unary(func(x *T) *T { return x.CumSum(1) }), Ref: refCumSum, In: normal, Dims: planes, Rows: extreme},
	{Name: "VarKeep", Op: unary(func(x *T) *T { return x.VarKeep(0, 0, 2) }), Ref: refVar(true, 0, 2), In: normal, Dims: cubes},
	{Name: "Max", Op: unary(func(x *T) *T { return x.Max(1) }), Ref: folded(-inf, larger, false, 1), Draws: distinct, Dims: planes, Rows: extreme},
	{Name: "MaxKeep", Op: unary(func(x *T) *T { return x.MaxKeep(0) }), Ref: folded(-inf, larger, true, 0), Draws: distinct, Dims: planes},
	{Name: "Min", Op: unary(func(x *T) *T { return x.Min() }), Ref: folded(inf, smaller, false), Draws: distinct, Dims: planes, Rows: extreme},
	{Name: "MinKeep", Op: unary(func(x *T) *T { return x.MinKeep(1) }), Ref: folded(inf, smaller, true, 1), Draws: distinct, Dims: cubes, Rows: extreme},
	{Name: "LogSumExp", Op: unary(func(x *T) *T { return x.LogSumExp(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return each(math.Log)([]Array{folded(0, add, false, 1)([]Array{each(math.Exp)(in)})})
	}},
	{Name: "LayerNorm", Op: func(in []*T) *T { return in[0].LayerNorm(in[1], in[2], 1e-5) }, Ref: refLayerNorm, In: normal, Dims: of(sh(s{3, 5}, s{5}, s{5}), sh(s{2, 4, 64}, s{64}, s{64}), sh(s{7, 128}, s{128}, s{128}))},
	{Name: "LayerNorm/weight", Op: func(in []*T) *T { return in[0].LayerNorm(in[1], nil, 1e-5) }, Ref: refLayerNorm, In: normal, Dims: of(sh(s{3, 5}, s{5}))},
}

var softmaxCases = []Case{
	{Name: "Softmax", Op: unary(func(x *T) *T { return x.Softmax(-1) }), Ref: refSoftmax(-1), In: normal, Dims: planes, Rows: extreme},
	{Name: "Softmax/first", Op: unary(func(x *T) *T { return x.Softmax(0) }), Ref: refSoftmax(0), In: normal, Dims: planes},
	{Name: "LogSoftmax", Op: unary(func(x *T) *T { return x.LogSoftmax(1) }), In: normal, Dims: planes, Ref: func(in []Array) Array {
		return each(math.Log)([]Array{refSoftmax(1)(in)})
	}},
}

func refVar(keep bool, axes ...int) func([]Array) Array {
	return func(in []Array) Array {
		mean := scaled(folded(0, add, true, axes...), average)(in)
		d := both(func(x, m float64) float64 { return (x - m) * (x - m) })([]Array{in[0], mean})
		return scaled(folded(0, add, keep, axes...), average)([]Array{d})
	}
}

func refSoftmax(axis int) func([]Array) Array {
	return func(in []Array) Array {
		top := folded(-inf, larger, true, axis)(in) // as PyTorch does it, which matters for infinite elements
		e := both(func(x, top float64) float64 { return math.Exp(x - top) })([]Array{in[0], top})
		sum := folded(0, add, true, axis)([]Array{e})
		return both(func(x, s float64) float64 { return x / s })([]Array{e, sum})
	}
}

func refLayerNorm(in []Array) Array {
	x := in[0]
	d := x.Shape[len(x.Shape)-1]
	y := newArray(x.Shape...)
	for first := 0; first < len(x.V); first += d {
		mean, square := 0.0, 0.0
		for _, v := range x.V[first : first+d] {
			mean += v / float64(d)
		}
		for _, v := range x.V[first : first+d] {
			square += (v - mean) * (v - mean) / float64(d)
		}
		for i := range d {
			y.V[first+i] = (x.V[first+i] - mean) / math.Sqrt(square+1e-5) * in[1].V[i]
			if len(in) > 2 {
				y.V[first+i] += in[2].V[i]
			}
		}
	}
	return y
}

func refStd(in []Array) Array {
	n := in[0].Shape[1]
	return each(func(v float64) float64 { return math.Sqrt(v * float64(n) / float64(n-1)) })([]Array{refVar(false, 1)(in)})
}

func refNorms(in []Array) Array {
	norm := func(p float64) Array {
		sum := folded(0, func(s, x float64) float64 { return s + math.Pow(math.Abs(x), p) }, false, 1)(in)
		return each(func(s float64) float64 { return math.Pow(s, 1/p) })([]Array{sum})
	}
	return both(add)([]Array{norm(1), both(add)([]Array{norm(2), norm(3)})})
}

func refEndNorms(in []Array) Array {
	size := each(math.Abs)(in)
	top := folded(0, math.Max, false, 0)([]Array{size})
	low := folded(math.Inf(1), math.Min, false, 0)([]Array{size})
	some := folded(0, func(s, x float64) float64 { return s + bit(x != 0) }, false, 0)(in)
	return both(add)([]Array{top, both(add)([]Array{low, some})})
}

// refArg is the first index of the best element along an axis of a matrix.
func refArg(axis int, better func(x, best float64) bool) func(in []Array) Array {
	return func(in []Array) Array {
		x := in[0]
		return build([]int{x.Shape[1-axis]}, func(at []int) float64 {
			p := []int{at[0], at[0]}
			p[axis] = 0
			best, k := x.get(p), 0
			for i := range x.Shape[axis] {
				if p[axis] = i; better(x.get(p), best) {
					best, k = x.get(p), i
				}
			}
			return float64(k)
		})
	}
}

func refCumSum(in []Array) Array {
	return build(in[0].Shape, func(at []int) float64 {
		sum := 0.0
		for j := range at[1] + 1 {
			sum += in[0].get([]int{at[0], j})
		}
		return sum
	})
}
