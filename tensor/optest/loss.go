package optest

import (
	"math"

	"genview/tensor"
)

func huber(x, t float64) float64 {
	if d := math.Abs(x - t); d > 0.7 {
		return 0.7 * (d - 0.35)
	}
	return (x - t) * (x - t) / 2
}

var lossCases = []Case{
	{Name: "BCEWithLogits", Op: binary((*T).BCEWithLogits), Ref: both(func(x, t float64) float64 { return softplus(x) - x*t }), In: normal, Dims: pairs},
	{
		Name: "CrossEntropy", In: normal, Dims: logits, Op: unary(func(x *T) *T {
			return x.CrossEntropy(indices(x, 0), tensor.CrossEntropyDefaults())
		}), Ref: refCrossEntropy(0, 0, -100),
	},
	{
		Name: "CrossEntropy/smoothed", In: normal, Dims: logits, Op: unary(func(x *T) *T {
			return x.CrossEntropy(indices(x, 0), tensor.CrossEntropyOptions{LabelSmoothing: 0.1, IgnoreIndex: 1})
		}), Ref: refCrossEntropy(0, 0.1, 1),
	},
	{Name: "L1", Op: binary((*T).L1), Ref: both(func(x, t float64) float64 { return math.Abs(x - t) }), Draws: distinctInputs, Dims: of(sh(s{7}, s{7}), sh(s{4, 8}, s{4, 8}))},
	{Name: "Huber", Op: binary(func(x, t *T) *T { return x.Huber(t, 0.7) }), Ref: both(huber), In: normal, Dims: pairs, Order: 1},
	{Name: "NLL", Op: unary(func(x *T) *T { return x.LogSoftmax(-1).NLL(indices(x, 0)) }), Ref: refCrossEntropy(0, 0, -100), In: normal, Dims: logits},
	{
		Name: "NLL/ignored", In: normal, Dims: logits, Op: unary(func(x *T) *T {
			target := indices(x, 0)
			return x.LogSoftmax(-1).NLL(tensor.Where(target.Equal(tensor.Const([]int32{1})), tensor.Const([]int32{-100}), target))
		}), Ref: refCrossEntropy(0, 0, 1),
	},
	{Name: "Hinge", Op: binary(func(x, t *T) *T { return x.Hinge(t, 1) }), Ref: both(func(x, t float64) float64 { return math.Max(0, 1-t*x) }), In: uniform(0.1, 0.9), Dims: pairs},
	{Name: "KLNormal", Op: binary((*T).KLNormal), Ref: both(func(x, v float64) float64 { return (x*x + math.Exp(v) - 1 - v) / 2 }), In: normal, Dims: pairs},
	{Name: "KLDiv", Op: binary((*T).KLDiv), Ref: both(func(x, t float64) float64 { return t * (math.Log(t) - x) }), In: uniform(0.1, 1), Dims: pairs},
	{Name: "MSE", Op: binary((*T).MSE), Ref: both(func(x, t float64) float64 { return (x - t) * (x - t) }), In: normal, Dims: pairs},
}

func refCrossEntropy(from int, smoothing float64, ignore int) func(in []Array) Array {
	return func(in []Array) Array {
		x, target := in[0], places(in[0].Shape, from)
		classes := x.Shape[len(x.Shape)-1]
		total, n := 0.0, 0.0
		for i, want := range target.V {
			if int(want) == ignore {
				continue
			}
			row := x.V[i*classes : (i+1)*classes]
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(v)
			}
			for c, v := range row {
				q := smoothing / float64(classes)
				if c == int(want) {
					q += 1 - smoothing
				}
				total += q * (math.Log(sum) - v)
			}
			n++
		}
		return Array{nil, []float64{total / n}}
	}
}
