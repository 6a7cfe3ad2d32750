package tensor_test

import (
	"slices"
	"strings"

	"genview/tensor"
)

var torchOps = map[string]torchOp{
	"abs": torchUnary((*T).Abs), "neg": torchUnary((*T).Neg), "sign": torchUnary((*T).Sign), "exp": torchUnary((*T).Exp),
	"expm1": torchUnary((*T).Expm1), "log": torchUnary((*T).Log), "log1p": torchUnary((*T).Log1p), "sqrt": torchUnary((*T).Sqrt),
	"rsqrt": torchUnary((*T).Rsqrt), "reciprocal": torchUnary((*T).Reciprocal), "square": torchUnary((*T).Square),
	"sin": torchUnary((*T).Sin), "cos": torchUnary((*T).Cos), "tanh": torchUnary((*T).Tanh), "sigmoid": torchUnary((*T).Sigmoid),
	"erf": torchUnary((*T).Erf), "floor": torchUnary((*T).Floor), "ceil": torchUnary((*T).Ceil), "trunc": torchUnary((*T).Trunc),
	"round": torchUnary((*T).Round), "relu": torchUnary((*T).ReLU), "selu": torchUnary((*T).SELU), "silu": torchUnary((*T).SiLU), "mish": torchUnary((*T).Mish),
	"logical_not": func(c *torchCase) *T { return c.t(0).Cast(tensor.Bool).Not() },
	"softplus_beta": func(c *torchCase) *T {
		beta := c.number(1, "beta", 1)
		return c.t(0).Scale(beta).Softplus().Scale(1 / beta)
	},
	"leaky_relu": func(c *torchCase) *T { return c.t(0).LeakyReLU(c.number(1, "negative_slope", 0.01)) },
	"elu":        func(c *torchCase) *T { return c.t(0).ELU(c.number(1, "alpha", 1)) },
	"gelu": func(c *torchCase) *T {
		if c.arg(-1, "approximate") == "tanh" {
			return c.t(0).GELUTanh()
		}
		return c.t(0).GELU()
	},
	"hardtanh": func(c *torchCase) *T {
		if c.number(1, "min_val", -1) > c.number(2, "max_val", 1) {
			panic(unlike("bounds that fall"))
		}
		return c.t(0).Hardtanh(c.number(1, "min_val", -1), c.number(2, "max_val", 1))
	},
	"clamp": func(c *torchCase) *T {
		x := c.t(0)
		if lo := c.maybe(1, "min"); lo != nil {
			x = x.Maximum(lo)
		}
		if hi := c.maybe(2, "max"); hi != nil {
			x = x.Minimum(hi)
		}
		return x
	},
	"clamp_numbers": func(c *torchCase) *T { return c.t(0).Clamp(-1, 0.5) },
	"nll_mean":      func(c *torchCase) *T { return c.t(0).NLL(c.t(1)) },

	"add": torchBinary((*T).Add), "sub": torchBinary((*T).Sub), "mul": torchBinary((*T).Mul), "div/no_rounding_mode": torchBinary((*T).Div),
	"pow": torchBinary((*T).Pow), "maximum": torchBinary((*T).Maximum), "minimum": torchBinary((*T).Minimum), "lt": torchBinary((*T).Less),
	"le": torchBinary((*T).LessEqual), "gt": torchBinary((*T).Greater), "ge": torchBinary((*T).GreaterEqual), "eq": torchBinary((*T).Equal),
	"ne": torchBinary((*T).NotEqual), "logical_and": torchLogical((*T).And), "logical_or": torchLogical((*T).Or), "logical_xor": torchLogical((*T).Xor),
	"where": func(c *torchCase) *T { return tensor.Where(c.t(1), c.t(0), c.t(2)) },
	"masked_fill": func(c *torchCase) *T {
		if v := c.maybe(2, "value"); v != nil {
			return tensor.Where(c.t(1), v, c.t(0))
		}
		y := c.t(0).MaskedFill(c.t(1), c.number(2, "value", 0))
		return y
	},
	"lerp": func(c *torchCase) *T {
		if w := c.maybe(2, "weight"); w != nil {
			return c.t(0).Lerp(c.t(1), w)
		}
		return c.t(0).Lerp(c.t(1), tensor.Full(c.number(2, "weight", 0)))
	},

	"sum": torchFold((*T).Sum), "mean": torchFold((*T).Mean), "amax": torchFold((*T).Max), "amin": torchFold((*T).Min),
	"prod": torchFold((*T).Prod), "logsumexp": torchFold((*T).LogSumExp), "var": torchVar((*T).Var), "std": torchVar((*T).Std),
	"any":    torchFold(func(x *T, axes ...int) *T { return x.Cast(tensor.Bool).Any(axes...) }),
	"all":    torchFold(func(x *T, axes ...int) *T { return x.Cast(tensor.Bool).All(axes...) }),
	"argmax": torchArg((*T).ArgMax), "argmin": torchArg((*T).ArgMin),
	"linalg.vector_norm": func(c *torchCase) *T {
		ord := c.number(1, "ord", 2)
		if len(c.Args) > 1 {
			c.Args = append(c.Args[:1:1], c.Args[2:]...)
		}
		return torchFold(func(x *T, axes ...int) *T { return x.Norm(ord, axes...) })(c)
	},
	"cumsum":      func(c *torchCase) *T { return c.t(0).CumSum(c.whole(1, "dim", 0)) },
	"softmax":     func(c *torchCase) *T { return c.t(0).Softmax(c.whole(1, "dim", 0)) },
	"log_softmax": func(c *torchCase) *T { return c.t(0).LogSoftmax(c.whole(1, "dim", 0)) },
	"topk": func(c *torchCase) *T {
		x, axis := c.t(0), c.whole(2, "dim", -1)
		if v, ok := c.arg(3, "largest").(bool); ok && !v {
			y, _ := x.Neg().TopK(axis, c.whole(1, "k", 1))
			return y.Neg()
		}
		y, _ := x.TopK(axis, c.whole(1, "k", 1))
		return y
	},
	"sort": func(c *torchCase) *T {
		axis, descending := c.whole(1, "dim", -1), c.flag(2, "descending")
		y, _ := c.t(0).Sort(axis, descending)
		return y
	},

	"reshape": func(c *torchCase) *T { return c.t(0).Reshape(c.ints(1, "")...) },
	"permute": func(c *torchCase) *T { return c.t(0).Permute(c.ints(1, "dims")...) },
	"expand": func(c *torchCase) *T {
		shape := c.ints(1, "")
		x := c.t(0)
		for i, n := range shape {
			if n == -1 {
				shape[i] = x.Dim(i - len(shape))
			}
		}
		return x.Expand(shape...)
	},
	"unsqueeze": func(c *torchCase) *T { return c.t(0).Unsqueeze(c.whole(1, "dim", 0)) },
	"squeeze": func(c *torchCase) *T {
		if axes := c.ints(1, "dim"); len(axes) == 1 && c.t(0).Dim(axes[0]) != 1 {
			return c.t(0)
		}
		return c.t(0).Squeeze(c.ints(1, "dim")...)
	},
	"flip": func(c *torchCase) *T {
		x := c.t(0)
		for _, a := range c.ints(1, "dims") {
			x = x.Flip(a)
		}
		return x
	},
	"roll": func(c *torchCase) *T {
		x, shifts, axes := c.t(0), c.ints(1, "shifts"), c.ints(2, "dims")
		if len(axes) == 0 {
			return x.Reshape(-1).Roll(0, shifts[0]).Reshape(x.Shape()...)
		}
		for i, a := range axes {
			x = x.Roll(a, shifts[i])
		}
		return x
	},
	"cat":   func(c *torchCase) *T { return tensor.Concat(c.whole(1, "dim", 0), c.list(0)...) },
	"stack": func(c *torchCase) *T { return tensor.Stack(c.whole(1, "dim", 0), c.list(0)...) },
	"split/list_args": func(c *torchCase) *T {
		return c.t(0).Split(c.whole(2, "dim", 0), c.ints(1, "split_size_or_sections")...)[0]
	},
	"tile":         func(c *torchCase) *T { return c.t(0).Tile(c.ints(1, "dims")...) },
	"gather":       func(c *torchCase) *T { return c.t(0).Gather(c.whole(1, "dim", 0), c.t(2)) },
	"scatter_add":  func(c *torchCase) *T { return c.t(0).ScatterAdd(c.whole(1, "dim", 0), c.t(2), c.t(3)) },
	"index_select": func(c *torchCase) *T { return c.t(0).IndexSelect(c.whole(1, "dim", 0), c.t(2)) },
	"tril":         func(c *torchCase) *T { return c.t(0).Tril(c.whole(1, "diagonal", 0)) },
	"triu":         func(c *torchCase) *T { return c.t(0).Triu(c.whole(1, "diagonal", 0)) },
	"one_hot": func(c *torchCase) *T {
		n := c.whole(1, "num_classes", -1)
		if n < 0 {
			panic(unlike("as many classes as there turn out to be"))
		}
		return c.t(0).OneHot(n)
	},
	"pad/constant": torchPad(func(c *torchCase, x *T, axis, lo, hi int) *T {
		return x.PadConstant(axis, lo, hi, c.number(3, "value", 0))
	}),
	"pad/reflect":   torchPad(func(_ *torchCase, x *T, axis, lo, hi int) *T { return x.PadReflect(axis, lo, hi) }),
	"pad/replicate": torchPad(func(_ *torchCase, x *T, axis, lo, hi int) *T { return x.PadReplicate(axis, lo, hi) }),

	"matmul": torchBinary((*T).MatMul),
	"outer":  torchBinary((*T).Outer),
	"einsum": func(c *torchCase) *T {
		formula, ok := c.arg(1, "").(string)
		if !ok || strings.Contains(formula, ".") || !strings.Contains(formula, "->") {
			panic(unlike("a formula with an ellipsis or without a result"))
		}
		for _, term := range strings.Split(strings.Split(formula, "->")[0], ",") {
			for _, r := range term {
				if strings.Count(term, string(r)) > 1 {
					panic(unlike("a diagonal"))
				}
			}
		}
		return tensor.Einsum(formula, c.list(0)...)
	},
	"linear": func(c *torchCase) *T {
		if c.t(1).Rank() < 2 {
			panic(unlike("a weight that is a vector"))
		}
		return c.t(0).Linear(c.t(1), c.maybe(2, "bias"))
	},
	"bilinear": func(c *torchCase) *T {
		if c.t(0).Rank() != 2 {
			panic(unlike("no batch"))
		}
		y := tensor.Einsum("bi,oij,bj->bo", c.t(0), c.t(2), c.t(1))
		if b := c.maybe(3, "bias"); b != nil {
			y = y.Add(b)
		}
		return y
	},

	"conv1d": torchConv(1, (*T).Conv1d), "conv2d": torchConv(2, (*T).Conv2d), "conv3d": torchConv(3, (*T).Conv3d),
	"conv_transpose1d": torchConvBack(1, (*T).ConvTranspose1d), "conv_transpose2d": torchConvBack(2, (*T).ConvTranspose2d),
	"conv_transpose3d": torchConvBack(3, (*T).ConvTranspose3d),
	"max_pool1d":       torchPool((*T).MaxPool1d), "max_pool2d": torchPool((*T).MaxPool2d), "max_pool3d": torchPool((*T).MaxPool3d),
	"avg_pool1d": torchPool((*T).AvgPool1d), "avg_pool2d": torchPool((*T).AvgPool2d), "avg_pool3d": torchPool((*T).AvgPool3d),
	"adaptive_avg_pool1d": torchAdaptive(1, (*T).AdaptiveAvgPool), "adaptive_avg_pool2d": torchAdaptive(2, (*T).AdaptiveAvgPool),
	"adaptive_avg_pool3d": torchAdaptive(3, (*T).AdaptiveAvgPool), "adaptive_max_pool1d": torchAdaptive(1, (*T).AdaptiveMaxPool),
	"adaptive_max_pool2d": torchAdaptive(2, (*T).AdaptiveMaxPool), "adaptive_max_pool3d": torchAdaptive(3, (*T).AdaptiveMaxPool),
	"interpolate/nearest": torchResize(func(_ *torchCase, x *T, sizes ...int) *T { return x.UpsampleNearest(sizes...) }),
	"interpolate/linear": torchResize(func(c *torchCase, x *T, sizes ...int) *T {
		return x.UpsampleLinear(c.flag(4, "align_corners"), sizes...)
	}),
	"interpolate/bilinear": torchResize(func(c *torchCase, x *T, sizes ...int) *T {
		return x.UpsampleLinear(c.flag(4, "align_corners"), sizes...)
	}),
	"pixel_shuffle":   func(c *torchCase) *T { return c.t(0).PixelShuffle(c.whole(1, "upscale_factor", 1)) },
	"pixel_unshuffle": func(c *torchCase) *T { return c.t(0).PixelUnshuffle(c.whole(1, "downscale_factor", 1)) },
	"unfold": func(c *torchCase) *T {
		k := c.ints(1, "kernel_size")
		if len(k) == 1 {
			k = append(k, k[0])
		}
		return c.t(0).Unfold([2]int(k), tensor.ConvOptions{Dilation: c.ints(2, "dilation"), Padding: c.ints(3, "padding"), Stride: c.ints(4, "stride")})
	},
	"fold": func(c *torchCase) *T {
		return c.t(0).Fold([2]int(c.ints(1, "output_size")), [2]int(c.ints(2, "kernel_size")), tensor.ConvOptions{Padding: c.ints(4, "padding")})
	},

	"batch_norm": func(c *torchCase) *T {
		x, mean, variance := c.t(0), c.maybe(1, "running_mean"), c.maybe(2, "running_var")
		if c.flag(5, "training") {
			mean, variance = x.BatchStatistics()
		}
		return x.BatchNorm(mean, variance, c.maybe(3, "weight"), c.maybe(4, "bias"), c.number(7, "eps", 1e-5))
	},
	"layer_norm": func(c *torchCase) *T {
		axes := c.ints(1, "normalized_shape")
		weight, bias := c.maybe(2, "weight"), c.maybe(3, "bias")
		x := c.t(0)
		shape := x.Shape()
		n := 1
		for _, a := range axes {
			n *= a
		}
		if weight == nil {
			weight = tensor.Full(1, n)
		}
		if bias != nil {
			bias = bias.Reshape(n)
		}
		front := append(slices.Clone(shape[:len(shape)-len(axes)]), n)
		return x.Reshape(front...).LayerNorm(weight.Reshape(n), bias, c.number(4, "eps", 1e-5)).Reshape(shape...)
	},
	"group_norm": func(c *torchCase) *T {
		return c.t(0).GroupNorm(c.whole(1, "num_groups", 1), c.maybe(2, "weight"), c.maybe(3, "bias"), c.number(4, "eps", 1e-5))
	},
	"instance_norm": func(c *torchCase) *T {
		if v, ok := c.Kwargs["use_input_stats"].(bool); ok && !v {
			panic(unlike("running statistics"))
		}
		return c.t(0).InstanceNorm(c.maybe(-1, "weight"), c.maybe(-1, "bias"), c.number(-1, "eps", 1e-5))
	},
	"rms_norm": func(c *torchCase) *T { return c.t(0).RMSNorm(c.t(1), 1e-5) },
	"spectral_norm": func(c *torchCase) *T {
		w, _ := tensor.SpectralNorm(c.t(0), tensor.Full(1, c.t(0).Dim(0)), 60, 1e-12)
		return w
	},
	"scaled_dot_product_attention": func(c *torchCase) *T {
		if c.flag(5, "is_causal") && c.maybe(3, "attn_mask") != nil {
			panic(unlike("two masks"))
		}
		if c.number(4, "dropout_p", 0) != 0 {
			panic(unlike("dropout"))
		}
		return tensor.ScaledDotProductAttention(c.t(0), c.t(1), c.t(2), tensor.AttentionOptions{Mask: c.maybe(3, "attn_mask"), Causal: c.flag(6, "is_causal")})
	},
	"attention_causal": func(c *torchCase) *T {
		return tensor.ScaledDotProductAttention(c.t(0), c.t(1), c.t(2), tensor.AttentionOptions{Causal: true})
	},

	"cross_entropy": func(c *torchCase) *T {
		c.without("weight")
		c.without("reduction", "mean")
		if c.t(1).DType() != tensor.I32 {
			panic(unlike("targets that are probabilities"))
		}
		o := tensor.CrossEntropyDefaults()
		o.LabelSmoothing, o.IgnoreIndex = c.number(-1, "label_smoothing", 0), c.whole(-1, "ignore_index", -100)
		return classes(c.t(0)).CrossEntropy(c.t(1), o)
	},
	"binary_cross_entropy_with_logits": func(c *torchCase) *T {
		c.without("weight")
		c.without("pos_weight")
		return c.reduced(c.t(0).BCEWithLogits(c.t(1)))
	},
	"mse_loss": torchLoss(func(_ *torchCase, x, t *T) *T { return x.MSE(t) }),
	"l1_loss":  torchLoss(func(_ *torchCase, x, t *T) *T { return x.L1(t) }),
	"huber_loss": torchLoss(func(c *torchCase, x, t *T) *T {
		return x.Huber(t, c.number(-1, "delta", 1))
	}),
	"kl_div": func(c *torchCase) *T {
		t := c.t(1)
		if c.flag(-1, "log_target") {
			t = t.Exp()
		}
		each := c.t(0).KLDiv(t)
		if c.arg(-1, "reduction") == "batchmean" {
			return each.Sum().Scale(1 / float64(each.Dim(0)))
		}
		return c.reduced(each)
	},
	"embedding": func(c *torchCase) *T {
		c.without("max_norm")
		c.without("padding_idx")
		c.without("scale_grad_by_freq", false)
		return tensor.Embedding(c.t(1), c.t(0))
	},
	"hinge":     func(c *torchCase) *T { return c.t(0).Hinge(c.t(1), 1) },
	"kl_normal": func(c *torchCase) *T { return c.t(0).KLNormal(c.t(1)) },
}
