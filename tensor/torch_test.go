package tensor_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"genview/models/safetensors"
	"genview/tensor"
	"genview/vk/vktest"
)

// A torchCase is one of PyTorch's samples of an op, with what PyTorch makes of it.
type torchCase struct {
	Op     string
	Index  int
	Args   []any
	Kwargs map[string]any
	Kinds  []string // of its tensors: x (differentiated), f, i or b
	Orders int      // of derivatives
	Skip   string
	Noise  map[string]float64 // by how much PyTorch's float32 differs from its float64

	file *safetensors.File
	in   []*T
}

// unlike is why a sample is passed over: it asks for what the op does not offer.
type unlike string

func (c *torchCase) array(what string) ([]float32, []int, bool) {
	x, ok := c.file.Find(fmt.Sprintf("%d.%s", c.Index, what))
	if !ok {
		return nil, nil, false
	}
	if v, ok := x.Values.([]int32); ok {
		f := make([]float32, len(v))
		for i := range v {
			f[i] = float32(v[i])
		}
		return f, x.Shape, true
	}
	return x.Values.([]float32), x.Shape, true
}

// arg returns argument i, or the keyword argument of a name; nil where there is none.
func (c *torchCase) arg(i int, name string) any {
	if v, ok := c.Kwargs[name]; ok {
		return v
	}
	if i >= 0 && i < len(c.Args) {
		return c.Args[i]
	}
	return nil
}

// without passes over samples with a keyword argument that is not the default.
func (c *torchCase) without(name string, defaults ...any) {
	if v, ok := c.Kwargs[name]; ok && v != nil && !slices.Contains(defaults, v) {
		panic(unlike(fmt.Sprintf("%s=%v", name, v)))
	}
}

func (c *torchCase) maybe(i int, name string) *T {
	m, ok := c.arg(i, name).(map[string]any)
	if !ok {
		return nil
	}
	at, ok := m["tensor"].(float64)
	if !ok {
		return nil
	}
	return c.in[int(at)]
}

func (c *torchCase) t(i int) *T {
	x := c.maybe(i, "")
	if x == nil {
		panic(unlike(fmt.Sprintf("argument %d is no tensor", i)))
	}
	return x
}

// list returns tensors given as a list or one by one.
func (c *torchCase) list(i int) []*T {
	all, ok := c.Args[i].([]any)
	if !ok {
		all = c.Args[i:]
	}
	var out []*T
	for _, v := range all {
		sub := torchCase{Args: []any{v}, in: c.in}
		out = append(out, sub.t(0))
	}
	return out
}

func (c *torchCase) number(i int, name string, none float64) float64 {
	switch v := c.arg(i, name).(type) {
	case nil:
		return none
	case float64:
		return v
	case bool:
		return bit(v)
	case map[string]any:
		if inf, ok := v["infinite"].(float64); ok {
			return math.Inf(int(inf))
		}
	}
	panic(unlike(fmt.Sprintf("%s=%v", name, c.arg(i, name))))
}

func (c *torchCase) whole(i int, name string, none int) int {
	return int(c.number(i, name, float64(none)))
}

func (c *torchCase) flag(i int, name string) bool {
	v, ok := c.arg(i, name).(bool)
	return ok && v
}

// ints returns whole numbers given as a list, as one, or one by one.
func (c *torchCase) ints(i int, name string) []int {
	v := c.arg(i, name)
	if n, ok := v.(float64); ok && name == "" {
		v = []any{n}
		for k := i + 1; k < len(c.Args); k++ {
			v = append(v.([]any), c.Args[k])
		}
	}
	switch v := v.(type) {
	case nil:
		return nil
	case float64:
		return []int{int(v)}
	case []any:
		out := make([]int, 0, len(v))
		for _, n := range v {
			f, ok := n.(float64)
			if !ok {
				panic(unlike(fmt.Sprintf("%s=%v", name, v)))
			}
			out = append(out, int(f))
		}
		return out
	}
	panic(unlike(fmt.Sprintf("%s=%v", name, v)))
}

// other is a second operand: a tensor or a number.
func (c *torchCase) other() *T {
	if x := c.maybe(1, "other"); x != nil {
		return x
	}
	if x := c.t(0); x.DType() == tensor.F32 {
		return tensor.Full(c.number(1, "other", 0))
	}
	panic(unlike("an int tensor with a number"))
}

type torchOp func(c *torchCase) *T

func torchUnary(f func(x *T) *T) torchOp { return func(c *torchCase) *T { return f(c.t(0)) } }

func torchBinary(f func(x, y *T) *T) torchOp {
	return func(c *torchCase) *T {
		c.without("rounding_mode")
		y := c.other()
		if a := c.number(-1, "alpha", 1); a != 1 {
			y = y.Scale(a)
		}
		return f(c.t(0), y)
	}
}

func torchLogical(f func(x, y *T) *T) torchOp {
	return func(c *torchCase) *T { return f(c.t(0).Cast(tensor.Bool), c.other().Cast(tensor.Bool)) }
}

// torchFold is a reduction by dim and keepdim.
func torchFold(f func(x *T, axes ...int) *T) torchOp {
	return func(c *torchCase) *T {
		x := c.t(0)
		axes := c.ints(1, "dim")
		y := f(x, axes...)
		if c.flag(2, "keepdim") {
			shape := x.Shape()
			for i := range shape {
				if len(axes) == 0 || slices.Contains(axes, i) || slices.Contains(axes, i-len(shape)) {
					shape[i] = 1
				}
			}
			y = y.Reshape(shape...)
		}
		return y
	}
}

func torchArg(f func(x *T, axis int) *T) torchOp {
	return func(c *torchCase) *T {
		if c.arg(1, "dim") == nil {
			return f(c.t(0).Reshape(-1), 0)
		}
		return torchFold(func(x *T, axes ...int) *T { return f(x, axes[0]) })(c)
	}
}

func torchVar(f func(x *T, correction int, axes ...int) *T) torchOp {
	return func(c *torchCase) *T {
		correction := 1
		if v, ok := c.Kwargs["unbiased"].(bool); ok {
			correction = int(bit(v))
		} else if v, ok := c.arg(1, "").(bool); ok {
			correction = int(bit(v))
			c.Args = c.Args[:1]
		} else if v, ok := c.arg(2, "").(bool); ok {
			correction = int(bit(v))
			c.Args = append(c.Args[:2:2], c.Args[min(3, len(c.Args)):]...)
		}
		correction = c.whole(-1, "correction", correction)
		return torchFold(func(x *T, axes ...int) *T { return f(x, correction, axes...) })(c)
	}
}

func (c *torchCase) conv() tensor.ConvOptions {
	if s, ok := c.arg(4, "padding").(string); ok && s != "valid" {
		panic(unlike("padding by a word"))
	}
	var pad []int
	if _, ok := c.arg(4, "padding").(string); !ok {
		pad = c.ints(4, "padding")
	}
	return tensor.ConvOptions{Stride: c.ints(3, "stride"), Padding: pad, Dilation: c.ints(5, "dilation"), Groups: c.whole(6, "groups", 1)}
}

func channels(bias *T, axes int) *T {
	for range axes {
		bias = bias.Unsqueeze(-1)
	}
	return bias
}

func torchConv(axes int, f func(x, w *T, o tensor.ConvOptions) *T) torchOp {
	return func(c *torchCase) *T {
		if c.t(0).Rank() != axes+2 {
			panic(unlike("no batch"))
		}
		if s, ok := c.Kwargs["padding"].(string); ok {
			if s == "same" {
				panic(unlike("padding by a word"))
			}
			delete(c.Kwargs, "padding")
		}
		y := f(c.t(0), c.t(1), c.conv())
		if b := c.maybe(2, "bias"); b != nil {
			y = y.Add(channels(b, axes))
		}
		return y
	}
}

func torchConvBack(axes int, f func(x, w *T, o tensor.ConvTransposeOptions) *T) torchOp {
	return func(c *torchCase) *T {
		if c.t(0).Rank() != axes+2 {
			panic(unlike("no batch"))
		}
		y := f(c.t(0), c.t(1), tensor.ConvTransposeOptions{
			Stride: c.ints(3, "stride"), Padding: c.ints(4, "padding"), OutputPadding: c.ints(5, "output_padding"),
			Groups: c.whole(6, "groups", 1), Dilation: c.ints(7, "dilation"),
		})
		if b := c.maybe(2, "bias"); b != nil {
			y = y.Add(channels(b, axes))
		}
		return y
	}
}

func torchPool(f func(x *T, o tensor.PoolOptions) *T) torchOp {
	return func(c *torchCase) *T {
		c.without("ceil_mode", false)
		c.without("count_include_pad", true)
		c.without("divisor_override")
		if len(c.Args) > 4 {
			panic(unlike("more options"))
		}
		return f(c.t(0), tensor.PoolOptions{
			Kernel: c.ints(1, "kernel_size"), Stride: c.ints(2, "stride"), Padding: c.ints(3, "padding"), Dilation: c.ints(-1, "dilation"),
		})
	}
}

func torchAdaptive(axes int, f func(x *T, sizes ...int) *T) torchOp {
	return func(c *torchCase) *T {
		sizes := c.ints(1, "output_size")
		if len(sizes) == 1 {
			sizes = slices.Repeat(sizes, axes)
		}
		return f(c.t(0), sizes...)
	}
}

func torchResize(f func(c *torchCase, x *T, sizes ...int) *T) torchOp {
	return func(c *torchCase) *T {
		c.without("recompute_scale_factor", false)
		if c.arg(2, "scale_factor") != nil {
			panic(unlike("a scale that is no size"))
		}
		axes := c.t(0).Rank() - 2
		sizes := c.ints(1, "size")
		if len(sizes) == 1 {
			sizes = slices.Repeat(sizes, axes)
		}
		return f(c, c.t(0), sizes...)
	}
}

// torchPad pads axes by pairs of numbers, the last axis first.
func torchPad(f func(c *torchCase, x *T, axis, lo, hi int) *T) torchOp {
	return func(c *torchCase) *T {
		x := c.t(0)
		pad := c.ints(1, "pad")
		for i := 0; i < len(pad); i += 2 {
			axis := x.Rank() - 1 - i/2
			lo, hi := pad[i], pad[i+1]
			if lo < 0 {
				x, lo = x.Slice(axis, -lo, x.Dim(axis)), 0
			}
			if hi < 0 {
				x, hi = x.Slice(axis, 0, x.Dim(axis)+hi), 0
			}
			if lo > 0 || hi > 0 {
				x = f(c, x, axis, lo, hi)
			}
		}
		return x
	}
}

// mean or sum or nothing, as a loss's reduction says; the default is the mean.
func (c *torchCase) reduced(each *T) *T {
	c.without("size_average")
	c.without("reduce")
	switch c.arg(-1, "reduction") {
	case nil, "mean":
		return each.Mean()
	case "sum":
		return each.Sum()
	case "none":
		return each
	}
	panic(unlike(fmt.Sprintf("reduction=%v", c.arg(-1, "reduction"))))
}

func torchLoss(f func(c *torchCase, x, t *T) *T) torchOp {
	return func(c *torchCase) *T { return c.reduced(f(c, c.t(0), c.t(1))) }
}

// classes moves the classes of [B, C, ...] last.
func classes(x *T) *T {
	for i := 1; i < x.Rank()-1; i++ {
		x = x.Transpose(i, i+1)
	}
	return x
}

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

// A torchLine is what the table says of an op.
type torchLine struct {
	cases, skipped int
	worst          [3]float64 // of values, first and second gradients
	have           [3]int
	why            map[string]bool
}

// TestTorch compares with PyTorch; scripts/torchcheck runs it.
func TestTorch(t *testing.T) {
	path := os.Getenv("GENVIEW_TORCHCHECK")
	if path == "" {
		t.Skip("SKIPPED: scripts/torchcheck runs it, with PyTorch's numbers")
	}
	f, err := safetensors.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*torchCase
	if err := json.Unmarshal([]byte(f.Meta["cases"]), &cases); err != nil {
		t.Fatal(err)
	}
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	lines := map[string]*torchLine{}
	for _, c := range cases {
		l := lines[c.Op]
		if l == nil {
			l = &torchLine{why: map[string]bool{}}
			lines[c.Op] = l
		}
		c.file = f
		why := c.Skip
		if why == "" {
			why = c.compare(t, rt, l)
		}
		if why != "" {
			l.skipped++
			l.why[why] = true
			continue
		}
		l.cases++
	}
	writeTorchTable(t, lines, f.Meta["torch"], rt.Device().Info().Name)
}

func writeTorchTable(t *testing.T, lines map[string]*torchLine, version, device string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Every op against PyTorch %s, computed there in float64, on the samples of PyTorch's own operator database.\n", version)
	fmt.Fprintf(&b, "Largest errors, relative to the largest number of the result; of one above 1e-4 (second gradients: 1e-3) what exceeds 8 times\nthat of PyTorch's own float32. %s.\n\n", device)
	fmt.Fprintf(&b, "%-34s %6s %8s %9s %9s %9s\n", "op", "cases", "skipped", "value", "gradient", "second")
	names := make([]string, 0, len(lines))
	for name := range lines {
		names = append(names, name)
	}
	sort.Strings(names)
	var notes []string
	for _, name := range names {
		l := lines[name]
		fmt.Fprintf(&b, "%-34s %6d %8d", name, l.cases, l.skipped)
		for k, limit := range []float64{1e-4, 1e-4, 1e-3} {
			if l.have[k] == 0 {
				fmt.Fprintf(&b, " %9s", "–")
				continue
			}
			fmt.Fprintf(&b, " %9.1e", l.worst[k])
			if !(l.worst[k] <= limit) {
				t.Errorf("%s: %s differs by %.2g", name, []string{"the value", "the gradient", "the second gradient"}[k], l.worst[k])
			}
		}
		b.WriteString("\n")
		if l.cases == 0 {
			t.Errorf("%s: no sample could be compared", name)
		}
		for why := range l.why {
			notes = append(notes, fmt.Sprintf("%s: %s", name, why))
		}
	}
	sort.Strings(notes)
	fmt.Fprintf(&b, "\nSkipped, since the op does not offer it:\n%s\n", strings.Join(notes, "\n"))
	if out := os.Getenv("GENVIEW_TORCHCHECK_TABLE"); out != "" {
		if err := os.WriteFile(out, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compare runs one sample; the result says why it was passed over.
func (c *torchCase) compare(t *testing.T, rt *tensor.Runtime, l *torchLine) (why string) {
	defer func() {
		if v := recover(); v != nil {
			u, ok := v.(unlike)
			if !ok {
				panic(v)
			}
			why = string(u)
		}
	}()
	var xs []*T
	for i, kind := range c.Kinds {
		v, shape, _ := c.array(fmt.Sprintf("in%d", i))
		x := tensor.Const(v, shape...)
		switch kind {
		case "x":
			xs = append(xs, x)
		case "i":
			x = x.Cast(tensor.I32)
		case "b":
			x = x.Cast(tensor.Bool)
		}
		c.in = append(c.in, x)
	}
	f, ok := torchOps[c.Op]
	if !ok {
		t.Errorf("there is no adapter for %s", c.Op)
		return "no adapter"
	}
	y := f(c)
	if err := y.Err(); err != nil {
		if slices.ContainsFunc(c.in, func(x *T) bool { return x.Rank() == 0 }) {
			return "an axis of a scalar"
		}
		t.Errorf("%s %v %v: %v", c.Op, c.Args, c.Kwargs, err)
		return ""
	}
	c.hold(t, rt, l, 0, "y", y)
	if c.Orders < 1 {
		return ""
	}
	w, shape, _ := c.array("w")
	grads := tensor.VJP(y, tensor.Const(w, shape...), xs...)
	s := tensor.Full(0)
	for i, g := range grads {
		c.hold(t, rt, l, 1, fmt.Sprintf("g%d", i), g)
		if v, shape, ok := c.array(fmt.Sprintf("v%d", i)); ok {
			s = s.Add(g.Mul(tensor.Const(v, shape...)).Sum())
		}
	}
	if c.Orders < 2 {
		return ""
	}
	for i, h := range tensor.Grad(s, xs...) {
		c.hold(t, rt, l, 2, fmt.Sprintf("h%d", i), h)
	}
	return ""
}

// hold compares a result with PyTorch's.
func (c *torchCase) hold(t *testing.T, rt *tensor.Runtime, l *torchLine, order int, what string, got *T) {
	want, shape, ok := c.array(what)
	if !ok {
		t.Fatalf("there is no %s", what)
	}
	if got.Err() != nil || fmt.Sprint(got.Shape()) != fmt.Sprint(shape) && len(shape)+got.Rank() > 0 {
		t.Errorf("%s %v %v: %s has the shape %v, want %v (%v)", c.Op, c.Args, c.Kwargs, what, got.Shape(), shape, got.Err())
		return
	}
	v := floats(t, rt, got)
	scale, worst, limit := 1e-6, 0.0, []float64{1e-4, 1e-4, 1e-3}[order]
	for _, x := range want {
		if f := math.Abs(float64(x)); !math.IsInf(f, 0) && !math.IsNaN(f) {
			scale = max(scale, f)
		}
	}
	for i, x := range want {
		d := math.Abs(float64(v[i]) - float64(x))
		if d > limit*scale { // a difference of large numbers, perhaps
			d = max(d-8*c.Noise[what], 0)
		}
		if math.IsNaN(float64(v[i])) || math.IsInf(float64(v[i])-float64(x), 0) {
			d = math.Inf(1)
		}
		if v[i] == x || v[i] != v[i] && x != x {
			d = 0
		}
		if !(d/scale <= worst) {
			worst = d / scale
		}
	}
	if !(worst <= limit) {
		t.Logf("%s %v %v: %s: got %v, want %v", c.Op, c.Args, c.Kwargs, what, v[:min(8, len(v))], want[:min(8, len(want))])
	}
	l.have[order]++
	if !(worst <= l.worst[order]) {
		l.worst[order] = worst
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
