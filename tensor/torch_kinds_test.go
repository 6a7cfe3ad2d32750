package tensor_test

import (
	"fmt"
	"slices"

	"genview/tensor"
)

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

// torchPad pads axes by the given numbers of elements before and after, the last axis first.
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

// reduced reduces a loss to its mean or sum, or not at all, as the argument reduction says; the default is the mean.
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

// classes moves the class axis of [B, C, ...] to the end.
func classes(x *T) *T {
	for i := 1; i < x.Rank()-1; i++ {
		x = x.Transpose(i, i+1)
	}
	return x
}
