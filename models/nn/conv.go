package nn

import "genview/tensor"

// ConvConfig describes a convolution with the same parameters along both axes. A Stride or Groups of 0 means 1.
type ConvConfig struct {
	Kernel, Stride, Padding int
	OutputPadding           int // for ConvTranspose2d only
	Groups                  int
	NoBias                  bool
}

// Conv2d is a convolution.
type Conv2d struct {
	Weight *tensor.Tensor // [out, in/groups, kernel, kernel]
	Bias   *tensor.Tensor // [out]; nil with NoBias

	options tensor.ConvOptions
}

// NewConv2d makes a Conv2d with PyTorch's initial values: all from [−b, b) with b = 1/√(in/groups·kernel²).
func NewConv2d(s *Scope, in, out int, c ConvConfig) *Conv2d {
	groups := max(c.Groups, 1)
	l := &Conv2d{options: tensor.ConvOptions{Stride: []int{max(c.Stride, 1)}, Padding: []int{c.Padding}, Groups: groups}}
	l.Weight, l.Bias = c.vars(s, out, in/groups, out)
	return l
}

// vars makes the weight [first, second, kernel, kernel], whose fan-in is second·kernel², and the bias if there is one.
func (c ConvConfig) vars(s *Scope, first, second, out int) (weight, bias *tensor.Tensor) {
	init := KaimingUniform(second * c.Kernel * c.Kernel)
	weight = s.Var("weight", init, first, second, c.Kernel, c.Kernel)
	if !c.NoBias {
		bias = s.Var("bias", init, out)
	}
	return weight, bias
}

// Forward maps x [N, in, H, W] to [N, out, (H+2·padding−kernel)/stride+1, (W+2·padding−kernel)/stride+1].
func (l *Conv2d) Forward(x *tensor.Tensor) *tensor.Tensor {
	return addChannels(x.Conv2d(l.Weight, l.options), l.Bias)
}

// ConvTranspose2d is a transposed convolution: it enlarges what Conv2d reduces.
type ConvTranspose2d struct {
	Weight *tensor.Tensor // [in, out/groups, kernel, kernel]
	Bias   *tensor.Tensor // [out]; nil with NoBias

	options tensor.ConvTransposeOptions
}

// NewConvTranspose2d makes a ConvTranspose2d with PyTorch's initial values: all from [−b, b) with b = 1/√(out/groups·kernel²). PyTorch's
// fan-in counts outputs because of its weight's layout.
func NewConvTranspose2d(s *Scope, in, out int, c ConvConfig) *ConvTranspose2d {
	groups := max(c.Groups, 1)
	l := &ConvTranspose2d{options: tensor.ConvTransposeOptions{
		Stride: []int{max(c.Stride, 1)}, Padding: []int{c.Padding}, OutputPadding: []int{c.OutputPadding}, Groups: groups,
	}}
	l.Weight, l.Bias = c.vars(s, in, out/groups, out)
	return l
}

// Forward maps x [N, in, H, W] to [N, out, H', W'] with H' = (H−1)·stride − 2·padding + kernel + output padding, and W' likewise.
func (l *ConvTranspose2d) Forward(x *tensor.Tensor) *tensor.Tensor {
	return addChannels(x.ConvTranspose2d(l.Weight, l.options), l.Bias)
}

// addChannels adds bias [C], which may be nil, to x [N, C, H, W].
func addChannels(x, bias *tensor.Tensor) *tensor.Tensor {
	if bias == nil {
		return x
	}
	return x.Add(bias.Reshape(-1, 1, 1))
}

// An Upsample enlarges pictures without weights, as PyTorch's Upsample does with align_corners=False.
type Upsample struct {
	Scale int    // ≥ 1
	Mode  string // "nearest", "bilinear" or "bicubic"
}

// Forward maps x [N, C, H, W] to [N, C, Scale·H, Scale·W].
func (l Upsample) Forward(x *tensor.Tensor) *tensor.Tensor {
	h, w := l.Scale*x.Dim(2), l.Scale*x.Dim(3)
	switch l.Mode {
	case "bilinear":
		return x.UpsampleLinear(false, h, w)
	case "bicubic":
		return x.UpsampleCubic(false, h, w)
	}
	return x.UpsampleNearest(h, w)
}
