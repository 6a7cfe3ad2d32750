package tensor_test

import (
	"math"

	"genview/tensor"
)

func onFirst(f func(x *T) *T) func(in []*T) *T { return func(in []*T) *T { return f(in[0]) } }

func onTwo(f func(x, y *T) *T) func(in []*T) *T { return func(in []*T) *T { return f(in[0], in[1]) } }

func truthOf(f func(x, y *T) *T) func(in []*T) *T {
	return onTwo(func(x, y *T) *T { return f(x.Cast(tensor.Bool), y.Cast(tensor.Bool)) })
}

// specialOps maps the names in testdata/special.txt to ops.
var specialOps = map[string]func(in []*T) *T{
	"Neg": onFirst((*T).Neg), "Abs": onFirst((*T).Abs), "Sign": onFirst((*T).Sign), "Floor": onFirst((*T).Floor), "Ceil": onFirst((*T).Ceil),
	"Trunc": onFirst((*T).Trunc), "Round": onFirst((*T).Round), "Square": onFirst((*T).Square), "Sqrt": onFirst((*T).Sqrt),
	"Rsqrt": onFirst((*T).Rsqrt), "Reciprocal": onFirst((*T).Reciprocal), "Exp": onFirst((*T).Exp), "Expm1": onFirst((*T).Expm1),
	"Log": onFirst((*T).Log), "Log1p": onFirst((*T).Log1p), "Erf": onFirst((*T).Erf), "Sin": onFirst((*T).Sin), "Cos": onFirst((*T).Cos),
	"Tanh": onFirst((*T).Tanh), "Sigmoid": onFirst((*T).Sigmoid), "Softplus": onFirst((*T).Softplus), "ReLU": onFirst((*T).ReLU),
	"LeakyReLU": onFirst(func(x *T) *T { return x.LeakyReLU(0.2) }), "ELU": onFirst(func(x *T) *T { return x.ELU(1.5) }),
	"SELU": onFirst((*T).SELU), "GELU": onFirst((*T).GELU), "GELUTanh": onFirst((*T).GELUTanh), "Mish": onFirst((*T).Mish),
	"SiLU": onFirst((*T).SiLU), "Clamp": onFirst(func(x *T) *T { return x.Clamp(-1, 2) }),
	"Hardtanh": onFirst(func(x *T) *T { return x.Hardtanh(-1, 2) }),
	"Scale":    onFirst(func(x *T) *T { return x.Scale(3) }), "Scale/0": onFirst(func(x *T) *T { return x.Scale(0) }),
	"Shift": onFirst(func(x *T) *T { return x.Shift(2) }), "Sub/itself": onFirst(func(x *T) *T { return x.Sub(x) }),
	"Div/itself":   onFirst(func(x *T) *T { return x.Div(x) }),
	"Mul/0":        onFirst(func(x *T) *T { return x.Mul(tensor.Full(0, x.Shape()...)) }),
	"Add/opposite": onFirst(func(x *T) *T { return x.Add(x.Neg()) }),
	"MaskedFill": onFirst(func(x *T) *T {
		even := tensor.Iota(0, x.Len()).And(tensor.Const([]int32{1})).Equal(tensor.Const([]int32{0}))
		return x.MaskedFill(even, 7)
	}),
	"Where":   onFirst(func(x *T) *T { return tensor.Where(x.Greater(tensor.Full(0)), x, x.Square()) }),
	"Max/all": onFirst(func(x *T) *T { return x.Slice(0, 3, x.Len()).Max() }), "Roll": onFirst(func(x *T) *T { return x.Roll(0, 3) }),
	"Flip": onFirst(func(x *T) *T { return x.Flip(0) }), "Tile": onFirst(func(x *T) *T { return x.Tile(2) }),
	"Concat": onFirst(func(x *T) *T { return tensor.Concat(0, x, x.Scale(2)) }), "Pad": onFirst(func(x *T) *T { return x.Pad(0, 2, 1) }),
	"PadConstant":  onFirst(func(x *T) *T { return x.PadConstant(0, 2, 1, math.Inf(-1)) }),
	"PadReflect":   onFirst(func(x *T) *T { return x.PadReflect(0, 2, 1) }),
	"PadReplicate": onFirst(func(x *T) *T { return x.PadReplicate(0, 2, 1) }),
	"CumSum":       onFirst(func(x *T) *T { return x.Slice(0, 3, 23).CumSum(0) }), "Detach": onFirst((*T).Detach),
	"PowScalar/-3": powOf(-3), "PowScalar/-2": powOf(-2), "PowScalar/-1": powOf(-1), "PowScalar/-0.5": powOf(-0.5), "PowScalar/0": powOf(0),
	"PowScalar/0.5": powOf(0.5), "PowScalar/1": powOf(1), "PowScalar/1.5": powOf(1.5), "PowScalar/2": powOf(2), "PowScalar/3": powOf(3),
	"PowScalar/10": powOf(10), "PowScalar/-10": powOf(-10), "PowScalar/2.5": powOf(2.5),

	"Add": onTwo((*T).Add), "Sub": onTwo((*T).Sub), "Mul": onTwo((*T).Mul), "Div": onTwo((*T).Div), "Maximum": onTwo((*T).Maximum),
	"Minimum": onTwo((*T).Minimum), "Pow": onTwo((*T).Pow), "Less": onTwo((*T).Less), "LessEqual": onTwo((*T).LessEqual),
	"Greater": onTwo((*T).Greater), "GreaterEqual": onTwo((*T).GreaterEqual), "Equal": onTwo((*T).Equal), "NotEqual": onTwo((*T).NotEqual),
	"And": truthOf((*T).And), "Or": truthOf((*T).Or), "Xor": truthOf((*T).Xor),
	"Lerp": onTwo(func(x, y *T) *T { return x.Lerp(y, tensor.Full(0.25)) }), "MSE": onTwo((*T).MSE), "L1": onTwo((*T).L1),
	"Huber":      onTwo(func(x, y *T) *T { return x.Huber(y, 0.7) }),
	"Where/less": onTwo(func(x, y *T) *T { return tensor.Where(x.Less(y), x, y) }), "KLNormal": onTwo((*T).KLNormal),
	"Hinge": onTwo(func(x, y *T) *T { return x.Hinge(y, 1) }), "BCEWithLogits": onTwo((*T).BCEWithLogits), "KLDiv": onTwo((*T).KLDiv),

	"Sum": onFirst(func(x *T) *T { return x.Sum(1) }), "Mean": onFirst(func(x *T) *T { return x.Mean(1) }),
	"Var/0": onFirst(func(x *T) *T { return x.Var(0, 1) }), "Var/1": onFirst(func(x *T) *T { return x.Var(1, 1) }),
	"Std/0": onFirst(func(x *T) *T { return x.Std(0, 1) }), "Std/1": onFirst(func(x *T) *T { return x.Std(1, 1) }),
	"Max": onFirst(func(x *T) *T { return x.Max(1) }), "Min": onFirst(func(x *T) *T { return x.Min(1) }),
	"Prod": onFirst(func(x *T) *T { return x.Prod(1) }), "ArgMax": onFirst(func(x *T) *T { return x.ArgMax(1) }),
	"ArgMin": onFirst(func(x *T) *T { return x.ArgMin(1) }), "LogSumExp": onFirst(func(x *T) *T { return x.LogSumExp(1) }),
	"Softmax": onFirst(func(x *T) *T { return x.Softmax(1) }), "LogSoftmax": onFirst(func(x *T) *T { return x.LogSoftmax(1) }),
	"CumSum/rows": onFirst(func(x *T) *T { return x.CumSum(1) }), "Sort": onFirst(func(x *T) *T { y, _ := x.Sort(1, false); return y }),
	"Sort/places":  onFirst(func(x *T) *T { _, y := x.Sort(1, false); return y }),
	"Sort/falling": onFirst(func(x *T) *T { y, _ := x.Sort(1, true); return y }),
	"TopK":         onFirst(func(x *T) *T { y, _ := x.TopK(1, 3); return y }),
	"Tril":         onFirst(func(x *T) *T { return x.Tril(0) }), "Triu": onFirst(func(x *T) *T { return x.Triu(0) }), "Transpose": onFirst((*T).T),
	"Any":       onFirst(func(x *T) *T { return x.Greater(tensor.Full(0)).Any(1) }),
	"All":       onFirst(func(x *T) *T { return x.Greater(tensor.Full(0)).All(1) }),
	"Norm/inf":  normOf(math.Inf(1), 1),
	"Norm/-inf": normOf(math.Inf(-1), 1), "Norm/0": normOf(0, 1), "Norm/1": normOf(1, 1), "Norm/2": normOf(2, 1), "Norm/3": normOf(3, 1),
	"Norm/0.5": normOf(0.5, 1), "Slice": onFirst(func(x *T) *T { return x.Slice(1, 1, 4) }),
	"SumKeep": onFirst(func(x *T) *T { return x.SumKeep(1).Square().Mul(x) }),
	"Max/02":  onFirst(func(x *T) *T { return x.Max(0, 2) }), "Min/02": onFirst(func(x *T) *T { return x.Min(0, 2) }),
	"Max/012": onFirst(func(x *T) *T { return x.Max() }), "Min/012": onFirst(func(x *T) *T { return x.Min() }),
	"Max/1": onFirst(func(x *T) *T { return x.Max(1) }), "Min/1": onFirst(func(x *T) *T { return x.Min(1) }),
	"Max/01": onFirst(func(x *T) *T { return x.Max(0, 1) }), "Min/01": onFirst(func(x *T) *T { return x.Min(0, 1) }),
	"Norm/inf/02": normOf(math.Inf(1), 0, 2), "Norm/inf/012": normOf(math.Inf(1)), "Norm/inf/1": normOf(math.Inf(1), 1),
	"Norm/inf/01": normOf(math.Inf(1), 0, 1), "Std/02": onFirst(func(x *T) *T { return x.Std(1, 0, 2) }),
	"Std/012": onFirst(func(x *T) *T { return x.Std(1) }), "Std/1/1": onFirst(func(x *T) *T { return x.Std(1, 1) }),
	"Std/01": onFirst(func(x *T) *T { return x.Std(1, 0, 1) }),

	"LayerNorm":    func(in []*T) *T { return in[0].LayerNorm(in[1], in[2], 1e-5) },
	"RMSNorm":      func(in []*T) *T { return in[0].RMSNorm(in[1], 1e-5) },
	"InstanceNorm": func(in []*T) *T { return in[0].InstanceNorm(in[1], in[2], 1e-5) },
	"GroupNorm":    func(in []*T) *T { return in[0].GroupNorm(in[0].Dim(1)/2, in[1], in[2], 1e-5) },
	"BatchNorm": func(in []*T) *T {
		mean, variance := in[0].BatchStatistics()
		return in[0].BatchNorm(mean, variance, in[1], in[2], 1e-5)
	},

	"MaxPool2d/2":       poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{2}}),
	"MaxPool2d/3,1,1":   poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{3}, Stride: []int{1}, Padding: []int{1}}),
	"MaxPool2d/2,1":     poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{2}, Stride: []int{1}}),
	"MaxPool2d/2,2,1,2": poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{2}, Stride: []int{2}, Padding: []int{1}, Dilation: []int{2}}),
	"MaxPool1d/3,2,1": onFirst(func(x *T) *T {
		return x.Squeeze(1).MaxPool1d(tensor.PoolOptions{Kernel: []int{3}, Stride: []int{2}, Padding: []int{1}})
	}),
	"AvgPool2d/3,1,1":     poolOf((*T).AvgPool2d, tensor.PoolOptions{Kernel: []int{3}, Stride: []int{1}, Padding: []int{1}}),
	"AvgPool2d/2":         poolOf((*T).AvgPool2d, tensor.PoolOptions{Kernel: []int{2}}),
	"AdaptiveMaxPool/3,3": onFirst(func(x *T) *T { return x.AdaptiveMaxPool(3, 3) }),
	"AdaptiveMaxPool/2,1": onFirst(func(x *T) *T { return x.AdaptiveMaxPool(2, 1) }),
	"AdaptiveMaxPool/3":   onFirst(func(x *T) *T { return x.Squeeze(1).AdaptiveMaxPool(3) }),
	"AdaptiveAvgPool/3,3": onFirst(func(x *T) *T { return x.AdaptiveAvgPool(3, 3) }),
	"AdaptiveAvgPool/2,1": onFirst(func(x *T) *T { return x.AdaptiveAvgPool(2, 1) }),
	"UpsampleNearest/6,5": onFirst(func(x *T) *T { return x.UpsampleNearest(6, 5) }),
	"UpsampleLinear/7,6":  onFirst(func(x *T) *T { return x.UpsampleLinear(false, 7, 6) }), "UpsampleLinear/aligned": onFirst(func(x *T) *T { return x.UpsampleLinear(true, 7, 7) }),
	"PixelUnshuffle": onFirst(func(x *T) *T { return x.PixelUnshuffle(2) }),
	"Unfold":         onFirst(func(x *T) *T { return x.Unfold([2]int{3, 3}, tensor.ConvOptions{Padding: []int{1}}) }),
	"Fold": onFirst(func(x *T) *T {
		o := tensor.ConvOptions{Padding: []int{1}}
		return x.Unfold([2]int{3, 3}, o).Fold([2]int{4, 4}, [2]int{3, 3}, o)
	}),

	"CrossEntropy": onTwo(func(x, t *T) *T { return x.CrossEntropy(t, tensor.CrossEntropyDefaults()) }),
	"CrossEntropy/smoothed": onTwo(func(x, t *T) *T {
		return x.CrossEntropy(t, tensor.CrossEntropyOptions{LabelSmoothing: 0.1, IgnoreIndex: -100})
	}),
	"NLL": onTwo((*T).NLL),

	"Embedding":   func(in []*T) *T { return tensor.Embedding(in[2], in[0]).Mul(in[1]) },
	"IndexSelect": func(in []*T) *T { return in[0].IndexSelect(0, in[2]).Mul(in[1]) },
	"ScatterAdd":  func(in []*T) *T { return in[0].ScatterAdd(0, in[2].Unsqueeze(1).Expand(5, 2), in[1]) },
	"Gather":      func(in []*T) *T { return in[0].Gather(0, in[2].Unsqueeze(1).Expand(5, 2)).Mul(in[1]) },
	"ScaledDotProductAttention": func(in []*T) *T {
		var o tensor.AttentionOptions
		if len(in) > 3 {
			o.Mask = in[3].Cast(tensor.Bool)
		}
		return tensor.ScaledDotProductAttention(in[0], in[1], in[2], o)
	},
}

func powOf(p float64) func(in []*T) *T { return onFirst(func(x *T) *T { return x.PowScalar(p) }) }

func normOf(p float64, axes ...int) func(in []*T) *T {
	return onFirst(func(x *T) *T { return x.Norm(p, axes...) })
}

func poolOf(f func(x *T, o tensor.PoolOptions) *T, o tensor.PoolOptions) func(in []*T) *T {
	return onFirst(func(x *T) *T { return f(x, o) })
}
